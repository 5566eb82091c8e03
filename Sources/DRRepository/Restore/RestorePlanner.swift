internal import DRArchive
internal import DRSystem
internal import SystemPackage

/// Walks a snapshot's tree once: makes directories and symbolic links on the way, and plans the rest.
struct RestorePlanner {
    private let target: RestoreTarget
    private let reader: TreeReader
    private let ledger: RestoreLedger
    private(set) var plan = RestorePlan()
    /// Which group of hard links a name belongs to, and the file that stands for each group.
    private var groups: [HardLinkTable.Member: Int] = [:]
    private var files: [Int: Int] = [:]

    init(target: RestoreTarget, reader: TreeReader, ledger: RestoreLedger) {
        self.target = target
        self.reader = reader
        self.ledger = ledger
    }

    /// Plans a whole snapshot.
    /// - Throws: when the top of the tree cannot be read. Below it, what cannot be read or made is noted and left out.
    mutating func plan(_ root: TreeRoot) throws(RepositoryError) {
        for (number, group) in try reader.hardLinks(of: root).groups.enumerated() {
            for member in group { groups[member] = number }
        }
        plan.directories = [RestorePlan.Directory(path: [], metadata: nil)]
        let isContents = target.request.layout.isContents(of: root)
        guard !isContents || root.sources.count == 1 else {
            throw RepositoryError(
                .invalidArgument, "the snapshot has \(root.sources.count) sources, so their contents would mix",
                hint: "restore with the layout of their paths")
        }
        for (number, source) in root.sources.enumerated() {
            let place = Place(source: number, sourcePath: source.path, relative: [], levels: 0)
            let verdict = verdict(place)
            if verdict == .none { continue }
            if isContents, case .directory(let link) = source.content {
                if verdict == .whole { plan.directories[0].metadata = source.metadata }
                try entries(of: link, in: target.root, 0, place)
            } else {
                try self.place(source, place, asPath: !isContents)
            }
        }
    }

    private func verdict(_ place: Place) -> RestoreSelection.Verdict {
        RestoreSelection.verdict(target.request.selection, place.sourcePath, place.relative)
    }

    /// Where the walk is.
    private struct Place {
        var source: Int
        var sourcePath: [UInt8]
        /// Below the source, as the hard-link table counts.
        var relative: [UInt8]
        var levels: Int

        func below(_ name: FileName) -> Place {
            Place(
                source: source, sourcePath: sourcePath,
                relative: relative.isEmpty ? Array(name.bytes) : relative + [UInt8(ascii: "/")] + name.bytes,
                levels: levels + 1)
        }
    }

    /// Makes the folders that lead to a source, and puts the source there.
    private mutating func place(_ source: TreeRoot.Source, _ place: Place, asPath: Bool) throws(RepositoryError) {
        guard let names = TreeRoot.components(ofAbsolute: source.path) else { return }
        guard let last = names.last else {
            guard case .directory(let link) = source.content else { return }
            if verdict(place) == .whole { plan.directories[0].metadata = source.metadata }
            return try entries(of: link, in: target.root, 0, place)
        }
        let entry = TreeEntry(name: last, metadata: source.metadata, content: source.content)
        let folders = asPath ? Array(names.dropLast()) : []
        try descend(folders[...], in: target.root, 0, entry, place)
    }

    private mutating func descend(
        _ folders: ArraySlice<FileName>, in directory: borrowing DirectoryHandle, _ index: Int, _ entry: TreeEntry,
        _ place: Place
    ) throws(RepositoryError) {
        guard let name = folders.first else { return try self.entry(entry, in: directory, index, place) }
        let path = plan.path(name, in: index)
        let next: DirectoryHandle
        do throws(SystemError) { next = try Self.leadingFolder(name, in: directory) } catch {
            return ledger.fail(path, error.message)
        }
        plan.directories.append(RestorePlan.Directory(path: path, metadata: nil))
        try descend(folders.dropFirst(), in: next, plan.directories.count - 1, entry, place)
    }

    private static func leadingFolder(
        _ name: FileName, in directory: borrowing DirectoryHandle
    ) throws(SystemError) -> DirectoryHandle {
        do throws(SystemError) { try directory.makeDirectory(name, permissions: 0o755) } catch {
            // Another source's path went through here before.
            guard error.errno == .fileExists else { throw error }
        }
        return try directory.openDirectory(name)
    }

    private mutating func entries(
        of link: ObjectLink, in directory: borrowing DirectoryHandle, _ index: Int, _ place: Place
    ) throws(RepositoryError) {
        let entries: [TreeEntry]
        do throws(RepositoryError) { entries = try reader.entries(of: link) } catch {
            return ledger.fail(plan.directories[index].path, "its list of names is lost", because: error)
        }
        for entry in entries {
            let place = place.below(entry.name)
            if verdict(place) != .none { try self.entry(entry, in: directory, index, place) }
        }
    }

    private mutating func entry(
        _ entry: TreeEntry, in directory: borrowing DirectoryHandle, _ index: Int, _ place: Place
    ) throws(RepositoryError) {
        let path = plan.path(entry.name, in: index)
        target.countSkipped(entry.metadata, ledger)
        switch entry.content {
        case .directory(let link):
            try subdirectory(entry, link, in: directory, index, place)
        case .file(let pieces):
            do throws(SystemError) {
                if try target.request.obstacle(to: entry.metadata, entry.name, in: directory) == .stays {
                    return ledger.count { $0.leftAlone += 1 }
                }
            } catch { return ledger.fail(path, error.message) }
            try file(entry, pieces, index, path, place)
        case .nothing:
            if entry.metadata.kind != .symbolicLink, !target.request.restoresSpecialFiles {
                return ledger.count { $0.specialFilesSkipped += 1 }
            }
            do throws(SystemError) {
                if try target.request.obstacle(to: entry.metadata, entry.name, in: directory) == .stays {
                    return ledger.count { $0.leftAlone += 1 }
                }
                try node(entry, path, in: directory)
            } catch {
                try Self.stopIfFull(error, at: path)
                ledger.fail(path, error.message)
            }
        }
    }

    private mutating func subdirectory(
        _ entry: TreeEntry, _ link: ObjectLink, in directory: borrowing DirectoryHandle, _ index: Int, _ place: Place
    ) throws(RepositoryError) {
        let path = plan.path(entry.name, in: index)
        guard place.levels <= Capture.mostLevels else { return ledger.fail(path, "it lies too deep") }
        // A folder that was there and only leads to what is restored, or is to be left alone, keeps what it is.
        let keepsOwn = verdict(place) == .way || target.request.overwrite == .never
        let handle: DirectoryHandle
        let wasThere: Bool
        do throws(SystemError) {
            wasThere = try makeDirectory(entry.name, in: directory)
            handle = try target.prepared(
                directory.openDirectory(entry.name), isNew: !wasThere, isClosed: wasThere && !keepsOwn)
        } catch {
            try Self.stopIfFull(error, at: path)
            return ledger.fail(path, error.message)
        }
        ledger.count { $0.directories += 1 }
        plan.directories.append(
            RestorePlan.Directory(path: path, metadata: wasThere && keepsOwn ? nil : entry.metadata))
        try entries(of: link, in: handle, plan.directories.count - 1, place)
    }

    /// Makes a folder that only this user can enter until everything in it is in place.
    /// - Returns: whether there was one.
    private func makeDirectory(
        _ name: FileName, in directory: borrowing DirectoryHandle
    ) throws(SystemError) -> Bool {
        do throws(SystemError) {
            try directory.makeDirectory(name, permissions: 0o700)
            return false
        } catch { guard target.replaces, error.errno == .fileExists else { throw error } }
        if try directory.status(of: name).kind == .directory { return true }
        // What is to be left alone cannot make room for a folder.
        guard target.request.overwrite != .never else {
            throw SystemError(call: "create the folder", path: name.description, errno: .fileExists)
        }
        try directory.removeFile(name)
        try directory.makeDirectory(name, permissions: 0o700)
        return false
    }

    /// Symbolic links, fifos and devices: complete when they get their names.
    private func node(
        _ entry: TreeEntry, _ path: [UInt8], in directory: borrowing DirectoryHandle
    ) throws(SystemError) {
        guard let staged = FileName("node") else { return }
        let metadata = entry.metadata
        if metadata.kind == .symbolicLink {
            try target.staging.makeSymbolicLink(staged, to: metadata.linkTarget)
        } else {
            try target.staging.makeNode(
                staged, kind: metadata.kind, deviceMajor: metadata.deviceMajor, deviceMinor: metadata.deviceMinor)
        }
        do throws(SystemError) {
            if target.request.restoresOwners {
                try target.staging.setOwner(of: staged, userID: metadata.userID, groupID: metadata.groupID)
            }
            if metadata.kind != .symbolicLink {
                try target.staging.setPermissions(of: staged, metadata.permissions & 0o1777)
            }
            target.restoreAttributes(of: metadata, path, ledger) { attribute throws(SystemError) in
                try target.staging.setExtendedAttribute(attribute, of: staged)
            }
            try target.staging.setModified(of: staged, metadata.modified)
            try target.publish(staged, as: entry.name, in: directory)
        } catch {
            try? target.staging.removeFile(staged)
            throw error
        }
        ledger.count {
            if metadata.kind == .symbolicLink { $0.symbolicLinks += 1 } else { $0.specialFiles += 1 }
        }
    }

    private mutating func file(
        _ entry: TreeEntry, _ pieces: [FilePiece], _ index: Int, _ path: [UInt8], _ place: Place
    ) throws(RepositoryError) {
        let group = groups[HardLinkTable.Member(source: place.source, path: place.relative)]
        if let group, let file = files[group] {
            plan.hardLinks.append(RestorePlan.HardLink(directory: index, name: entry.name, file: file))
            return
        }
        let chunks: [(chunk: FilePiece, offsetBytes: Int64)]
        do throws(RepositoryError) {
            chunks = try reader.placedChunks(of: pieces, entry.metadata)
        } catch {
            return ledger.fail(path, "its list of chunks is lost", because: error)
        }
        let number = plan.files.count
        plan.files.append(
            RestorePlan.File(
                directory: index, name: entry.name, metadata: entry.metadata, chunkCount: chunks.count))
        if let group { files[group] = number }
        for (chunk, offset) in chunks {
            plan.uses.append(
                RestorePlan.Use(
                    chunk: chunk.link.id, file: number, lengthBytes: Int32(clamping: chunk.lengthBytes),
                    offsetBytes: offset))
        }
    }

    /// A full disk is no file's own trouble: going on would only fail the rest one by one.
    static func stopIfFull(_ error: SystemError, at path: [UInt8]) throws(RepositoryError) {
        guard error.errno == .noSpace || error.errno == .diskQuotaExceeded else { return }
        throw RepositoryError(
            .noSpace, "\(displayEscaped(bytes: path)): \(error.message)",
            hint: "free space in the target, or choose another; the same command takes up what is there", cause: error)
    }
}
