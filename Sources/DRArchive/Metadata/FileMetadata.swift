package import DRSystem

/// What is kept of a file beside its content: everything that a restore can give back. What it cannot give back
/// (inode, device, times of access and of change) or what belongs to several names at once (the link count) is left
/// out, so that a restored tree has the same metadata as the original.
///
/// Extended attributes, ACLs, file flags and the map of holes get their fields here when they are captured.
package struct FileMetadata: Hashable, Sendable {
    package var kind: FileKind
    /// Permission bits with set-user-id, set-group-id and sticky.
    package var permissions: UInt16
    package var userID: UInt32
    package var groupID: UInt32
    package var modified: FileTime
    /// Of a regular file; 0 for every other kind.
    package var sizeBytes: Int64
    /// Of a symbolic link: what it holds; empty for every other kind.
    package var linkTarget: [UInt8]
    /// Of a device node; 0 for every other kind.
    package var deviceMajor: UInt32
    package var deviceMinor: UInt32

    package init(
        kind: FileKind, permissions: UInt16, userID: UInt32, groupID: UInt32, modified: FileTime,
        sizeBytes: Int64 = 0, linkTarget: [UInt8] = [], deviceMajor: UInt32 = 0, deviceMinor: UInt32 = 0
    ) {
        self.kind = kind
        self.permissions = permissions
        self.userID = userID
        self.groupID = groupID
        self.modified = modified
        self.sizeBytes = sizeBytes
        self.linkTarget = linkTarget
        self.deviceMajor = deviceMajor
        self.deviceMinor = deviceMinor
    }

    /// The metadata of anything but a symbolic link, whose target a status does not hold.
    package init(_ status: EntryStatus) {
        let isDevice = status.kind == .characterDevice || status.kind == .blockDevice
        self.init(
            kind: status.kind, permissions: status.permissions, userID: status.userID, groupID: status.groupID,
            modified: status.modified, sizeBytes: status.kind == .regular ? status.sizeBytes : 0,
            deviceMajor: isDevice ? status.deviceMajor : 0, deviceMinor: isDevice ? status.deviceMinor : 0)
    }
}

extension DirectoryHandle {
    /// The metadata of `name` itself, a symbolic link's target included.
    package func metadata(of name: FileName, status: EntryStatus) throws(SystemError) -> FileMetadata {
        var metadata = FileMetadata(status)
        if status.kind == .symbolicLink { metadata.linkTarget = try target(ofLink: name) }
        return metadata
    }
}
