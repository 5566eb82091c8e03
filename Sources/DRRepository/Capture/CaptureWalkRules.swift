internal import DRSystem
internal import SystemPackage

/// How a walk leaves out what rules say.
extension CaptureWalk {
    /// Whether a rule leaves out the entry that `path` names.
    func leavesOut(_ entry: DirectoryEntry, in directory: borrowing DirectoryHandle) -> Bool {
        if activeRules.isEmpty { return false }
        // A file system that does not tell kinds in its listings is asked; what cannot be asked is met again later.
        let kind = entry.kind ?? (try? directory.status(of: entry.name))?.kind
        return activeRules.leavesOut(path, isFolder: kind == .directory)
    }

    /// Leaves of a folder that is tagged as a cache the tag alone.
    func keepTagAlone(_ entries: inout [DirectoryEntry], in directory: borrowing DirectoryHandle) {
        guard let tag = FileName(CaptureRules.cacheTagName), let found = entries.first(where: { $0.name == tag }),
            let signature = try? content(of: tag, in: directory, limit: CaptureRules.cacheTagSignature.count),
            signature == CaptureRules.cacheTagSignature
        else { return }
        counts.leftOut += entries.count - 1
        entries = [found]
    }

    /// Heeds a folder's ignore file from here on.
    /// - Returns: whether there are rules to be popped again.
    func pushIgnoreFile(of entries: [DirectoryEntry], in directory: borrowing DirectoryHandle) -> Bool {
        guard let name = FileName(CaptureRules.ignoreFileName), entries.contains(where: { $0.name == name }) else {
            return false
        }
        let length = path.count
        defer { path.removeSubrange(length...) }
        path += (path.last == UInt8(ascii: "/") ? "" : "/").utf8
        path += name.bytes
        do throws(SystemError) {
            let bytes = try content(of: name, in: directory, limit: Self.mostIgnoreFileBytes + 1)
            guard bytes.count <= Self.mostIgnoreFileBytes else {
                throw SystemError(call: "read", path: nil, errno: .fileTooLarge)
            }
            let (rules, wrongLine) = PathRule.list(bytes)
            if wrongLine != nil {
                note(.badIgnoreFile, nil)
                return false
            }
            if rules.isEmpty { return false }
            activeRules.push(rules, depth: path.split(separator: UInt8(ascii: "/")).count - 1)
            return true
        } catch {
            note(.badIgnoreFile, error)
            return false
        }
    }

    private static let mostIgnoreFileBytes = 1 << 20

    private func content(
        of name: FileName, in directory: borrowing DirectoryHandle, limit: Int
    ) throws(SystemError) -> [UInt8] {
        let file = try directory.openFile(name)
        guard try file.status().kind == .regular else {
            throw SystemError(call: "read", path: nil, errno: .invalidArgument)
        }
        var bytes: [UInt8] = []
        _ = try file.read(upTo: limit, appendingTo: &bytes)
        return bytes
    }
}
