internal import DRSystem

/// Notices names that are one file, so that its content is read once and the snapshot can say so.
struct HardLinkFinder {
    private struct Identity: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    private struct Group {
        var status: EntryStatus
        var members: [HardLinkTable.Member]
        var file: CapturedFile
    }

    private var open: [Identity: Group] = [:]
    /// Groups of which every name was seen.
    private var closed: [[HardLinkTable.Member]] = []

    /// All names found so far that share a file with another one.
    var groups: [[HardLinkTable.Member]] { closed + open.values.map(\.members).filter { $0.count > 1 } }

    /// What is known of a file that was captured under another name, and has not changed since.
    mutating func file(of status: EntryStatus, _ member: HardLinkTable.Member) -> CapturedFile? {
        let identity = Identity(device: status.device, inode: status.inode)
        guard let group = open[identity], group.status.sameContent(as: status) else { return nil }
        open[identity]?.members.append(member)
        if UInt64(group.members.count + 1) == status.linkCount, let complete = open.removeValue(forKey: identity) {
            closed.append(complete.members)
        }
        return group.file
    }

    /// A file with several names was captured under this one.
    mutating func add(_ status: EntryStatus, _ member: HardLinkTable.Member, _ file: CapturedFile) {
        let identity = Identity(device: status.device, inode: status.inode)
        // A file that changed between two of its names: the names no longer have the same content in the snapshot.
        if let earlier = open[identity]?.members, earlier.count > 1 { closed.append(earlier) }
        open[identity] = Group(status: status, members: [member], file: file)
    }
}
