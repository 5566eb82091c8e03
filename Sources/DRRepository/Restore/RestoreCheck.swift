internal import DRArchive
internal import DRSystem
internal import SystemPackage

/// Reads a restored tree back from the file system and compares all of it with the snapshot: names, metadata, and
/// every byte of every file by the ids of its chunks. Trusts nothing that the restore itself counted.
package struct RestoreCheck: Sendable {
    /// What was compared, and what differs.
    package struct Result: Sendable {
        package var filesCompared = 0
        package var bytesCompared: Int64 = 0
        package var directoriesCompared = 0
        package var otherEntriesCompared = 0
        package var mismatchCount = 0
        /// The first ``Restore/mostFailuresListed``.
        package var mismatches: [RestoreFailure] = []
        /// What could not be compared: nothing is known about these.
        package var unknownCount = 0
        package var unknown: [RestoreFailure] = []

        /// True when everything was compared and nothing differs, false when something differs, nil when nothing
        /// differs as far as could be seen, but not everything could be.
        package var isEqual: Bool? { mismatchCount > 0 ? false : unknownCount > 0 ? nil : true }

        fileprivate mutating func differs(_ path: [UInt8], _ reason: String) {
            mismatchCount += 1
            if mismatches.count < Restore.mostFailuresListed {
                mismatches.append(RestoreFailure(path: path, reason: reason))
            }
        }

        fileprivate mutating func isUnknown(_ path: [UInt8], _ reason: String) {
            unknownCount += 1
            if unknown.count < Restore.mostFailuresListed {
                unknown.append(RestoreFailure(path: path, reason: reason))
            }
        }
    }

    private let reader: TreeReader

    /// A check against the objects of this source.
    package init(against source: any ObjectSource) { reader = TreeReader(source: source) }

    /// Compares a target with what ``Restore`` was asked to put there. Names that the snapshot does not have are
    /// differences too, unless the request selects or overwrites, which leaves such names alone.
    /// - Throws: when the snapshot's root or the target cannot be opened, or it is cancelled.
    package func run(
        _ request: RestoreRequest, isCancelled: () -> Bool = { false }
    ) throws(RepositoryError) -> Result {
        let root = try reader.root(request.root)
        var comparison = Comparison(reader: reader, request: request)
        for (number, group) in try reader.hardLinks(of: root).groups.enumerated() {
            for member in group { comparison.groups[member] = number }
        }
        let target: DirectoryHandle
        do throws(SystemError) { target = try DirectoryHandle(opening: request.target) } catch {
            throw RepositoryError(.storageFailed, error.message, hint: error.hint ?? "", cause: error)
        }
        let isContents = request.layout.isContents(of: root)
        for (number, source) in root.sources.enumerated() {
            comparison.source = number
            comparison.sourcePath = source.path
            if request.selection?.verdict(source.path) == RestoreSelection.Verdict.none { continue }
            if isContents, case .directory(let link) = source.content {
                try comparison.directory(target, link, source.metadata, [], [], isCancelled)
            } else {
                try comparison.source(source, below: target, asPath: !isContents, isCancelled)
            }
        }
        return comparison.result
    }

    fileprivate struct Comparison {
        let reader: TreeReader
        let request: RestoreRequest
        var result = Result()
        var source = 0
        var sourcePath: [UInt8] = []
        var groups: [HardLinkTable.Member: Int] = [:]
        /// Device and inode of the first name that was seen of each group of hard links.
        private var inodes: [Int: [UInt64]] = [:]
        private var buffer: [UInt8] = []

        init(reader: TreeReader, request: RestoreRequest) {
            self.reader = reader
            self.request = request
        }
    }
}

extension RestoreRequest.Layout {
    /// Whether the one source's content lies in the target itself.
    func isContents(of root: TreeRoot) -> Bool {
        switch self {
        case .contents: true
        case .paths: false
        case .automatic: root.sources.count == 1 && root.sources[0].metadata.kind == .directory
        }
    }
}

extension RestoreCheck.Comparison {
    /// Finds a source under its path, or a single file under its name, and compares it.
    mutating func source(
        _ source: TreeRoot.Source, below target: borrowing DirectoryHandle, asPath: Bool, _ isCancelled: () -> Bool
    ) throws(RepositoryError) {
        guard let names = TreeRoot.components(ofAbsolute: source.path), let last = names.last else {
            guard case .directory(let link) = source.content else { return }
            return try directory(target, link, source.metadata, [], [], isCancelled)
        }
        let leading = asPath ? Array(names.dropLast().map(\.bytes).joined(separator: [UInt8(ascii: "/")])) : []
        let folder: DirectoryHandle
        do throws(SystemError) { folder = try target.openDirectory(beneath: leading) } catch {
            return note(leading, error)
        }
        let entry = TreeEntry(name: last, metadata: source.metadata, content: source.content)
        try self.entry(entry, in: folder, leading, [], isCancelled)
    }

    mutating func directory(
        _ handle: borrowing DirectoryHandle, _ link: ObjectLink, _ metadata: FileMetadata, _ path: [UInt8],
        _ relative: [UInt8], _ isCancelled: () -> Bool
    ) throws(RepositoryError) {
        let wanted: [TreeEntry]
        do throws(RepositoryError) { wanted = try reader.entries(of: link) } catch {
            return result.isUnknown(path, "the snapshot's list of names is lost: \(error.message)")
        }
        let found: [DirectoryEntry]
        do throws(SystemError) {
            found = try handle.entries()
            if verdict(relative) == .whole { compare(metadata, try handle.metadata(), path) }
        } catch { return note(path, error) }
        result.directoriesCompared += 1
        if request.overwrite == .refuse, request.selection == nil {
            let names = Set(wanted.map(\.name))
            for extra in found where !names.contains(extra.name) {
                result.differs(Self.join(path, extra.name), "it is not in the snapshot")
            }
        }
        for entry in wanted where verdict(Self.join(relative, entry.name)) != .none {
            if isCancelled() { throw RepositoryError(.cancelled, "the comparison was cancelled") }
            try self.entry(entry, in: handle, path, relative, isCancelled)
        }
    }

    /// Whether the request asks for what lies at a path below the source.
    private func verdict(_ relative: [UInt8]) -> RestoreSelection.Verdict {
        RestoreSelection.verdict(request.selection, sourcePath, relative)
    }

    private mutating func entry(
        _ entry: TreeEntry, in folder: borrowing DirectoryHandle, _ parent: [UInt8], _ parentRelative: [UInt8],
        _ isCancelled: () -> Bool
    ) throws(RepositoryError) {
        let path = Self.join(parent, entry.name)
        let isSpecial = [.fifo, .characterDevice, .blockDevice].contains(entry.metadata.kind)
        if isSpecial, !request.restoresSpecialFiles { return }
        let relative = Self.join(parentRelative, entry.name)
        do throws(SystemError) {
            let status = try folder.status(of: entry.name)
            guard status.kind == entry.metadata.kind else {
                return result.differs(path, "it is a \(status.kind), not a \(entry.metadata.kind)")
            }
            switch entry.content {
            case .nothing:
                result.otherEntriesCompared += 1
                var found = try folder.metadata(of: entry.name, status: status)
                try folder.complete(&found, of: entry.name)
                compare(entry.metadata, found, path)
            case .file(let pieces):
                compareIdentity(status, HardLinkTable.Member(source: source, path: relative), path)
                try file(entry.metadata, pieces, try folder.openFile(entry.name), status, path)
            case .directory: break
            }
        } catch { return note(path, error) }
        guard case .directory(let link) = entry.content else { return }
        let directory: DirectoryHandle
        do throws(SystemError) { directory = try folder.openDirectory(entry.name) } catch { return note(path, error) }
        try self.directory(directory, link, entry.metadata, path, relative, isCancelled)
    }

    private mutating func file(
        _ wanted: FileMetadata, _ pieces: [FilePiece], _ file: borrowing OpenFile, _ status: EntryStatus,
        _ path: [UInt8]
    ) throws(SystemError) {
        var found = FileMetadata(status)
        try file.complete(&found)
        compare(wanted, found, path)
        let chunks: [(chunk: FilePiece, offsetBytes: Int64)]
        do throws(RepositoryError) { chunks = try reader.placedChunks(of: pieces, wanted) } catch {
            return result.isUnknown(path, "the snapshot's list of its chunks is lost: \(error.message)")
        }
        file.expectSequentialReading()
        result.filesCompared += 1
        for hole in wanted.skippedHoles where !(try file.isZeros(hole)) {
            return result.differs(path, "its content differs in the hole at byte \(hole.offsetBytes)")
        }
        var position: Int64 = wanted.holes.isEmpty ? 0 : -1
        for (chunk, offset) in chunks {
            buffer.removeAll(keepingCapacity: true)
            if position != offset { try file.seek(to: offset) }
            let count = try file.read(upTo: Int(chunk.lengthBytes), appendingTo: &buffer)
            result.bytesCompared += Int64(count)
            guard Int64(count) == chunk.lengthBytes, reader.source.naming.chunkID(of: buffer) == chunk.link.id else {
                return result.differs(path, "its content differs at or after byte \(offset)")
            }
            position = offset + chunk.lengthBytes
        }
        buffer.removeAll(keepingCapacity: true)
        if position != wanted.sizeBytes { try file.seek(to: wanted.sizeBytes) }
        if try file.read(upTo: 1, appendingTo: &buffer) > 0 { result.differs(path, "it is longer than it was") }
    }

    private mutating func compare(_ wanted: FileMetadata, _ found: FileMetadata, _ path: [UInt8]) {
        var expected = wanted
        let sameOwner = found.userID == wanted.userID && found.groupID == wanted.groupID
        if !sameOwner, !request.restoresOwners {
            expected.userID = found.userID
            expected.groupID = found.groupID
            // A restore does not give another owner's set-id bits away.
            if wanted.permissions & 0o6000 != 0 { expected.permissions &= 0o1777 }
        }
        expected.extendedAttributes = request.restored(wanted.extendedAttributes)
        var found = found
        found.extendedAttributes = request.restored(found.extendedAttributes)
        // A folder may give what is made in it flags of its own; where holes are is asked with the content.
        if found.flags.isSuperset(of: request.restored(wanted.flags)) { expected.flags = found.flags }
        expected.holes = found.holes
        // A link has no mode of its own on Linux.
        if wanted.kind == .symbolicLink { expected.permissions = found.permissions }
        if expected == found { return }
        var reasons: [String] = []
        if expected.permissions != found.permissions {
            reasons.append("mode \(Self.octal(found.permissions)), not \(Self.octal(expected.permissions))")
        }
        if expected.userID != found.userID || expected.groupID != found.groupID {
            reasons.append("owner \(found.userID):\(found.groupID), not \(expected.userID):\(expected.groupID)")
        }
        if expected.modified != found.modified { reasons.append("another time of modification") }
        if expected.sizeBytes != found.sizeBytes {
            reasons.append("\(found.sizeBytes) bytes, not \(expected.sizeBytes)")
        }
        if expected.linkTarget != found.linkTarget { reasons.append("a link to somewhere else") }
        if expected.deviceMajor != found.deviceMajor || expected.deviceMinor != found.deviceMinor {
            reasons.append("another device")
        }
        if expected.extendedAttributes != found.extendedAttributes {
            let names = Set(expected.extendedAttributes).symmetricDifference(found.extendedAttributes)
                .map { displayEscaped(bytes: $0.name) }
            reasons.append("other extended attributes (\(Set(names).sorted().joined(separator: ", ")))")
        }
        if expected.flags != found.flags { reasons.append("other flags") }
        result.differs(path, "it has " + reasons.joined(separator: "; "))
    }

    private mutating func compareIdentity(_ status: EntryStatus, _ member: HardLinkTable.Member, _ path: [UInt8]) {
        guard let group = groups[member] else { return }
        let identity = [status.device, status.inode]
        if let first = inodes[group], first != identity {
            result.differs(path, "it is a file of its own, not another name of one")
        }
        inodes[group] = identity
    }

    private mutating func note(_ path: [UInt8], _ error: SystemError) {
        if error.errno == .noSuchFileOrDirectory {
            result.differs(path, "it is missing")
        } else {
            result.isUnknown(path, error.message)
        }
    }

    private static func join(_ path: [UInt8], _ name: FileName) -> [UInt8] {
        path.isEmpty ? Array(name.bytes) : path + [UInt8(ascii: "/")] + name.bytes
    }

    private static func octal(_ bits: UInt16) -> String { String(bits, radix: 8) }
}
