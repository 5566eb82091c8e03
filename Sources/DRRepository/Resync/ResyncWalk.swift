internal import DRArchive
internal import DRSystem
internal import SystemPackage

/// Goes through two trees side by side and changes the second. Used by one thread.
final class ResyncWalk {
    private(set) var counts = ResyncProgress()
    private(set) var problems: [RestoreFailure] = []
    private var files = FileCopy()
    private var path: [UInt8] = []

    /// Makes the content of `target` that of `source`, their own metadata last.
    func tree(
        _ source: borrowing DirectoryHandle, _ target: borrowing DirectoryHandle, _ isCancelled: () -> Bool,
        _ progress: (ResyncProgress) -> Void, levels: Int = 0
    ) throws(RepositoryError) {
        let wanted: [DirectoryEntry]
        let found: [DirectoryEntry]
        do throws(SystemError) {
            // If either cannot be listed nothing below is touched: a list that failed is not an empty one.
            wanted = try source.entries()
            found = try target.entries()
        } catch { return try note(error) }
        let spare = Self.spareName(wanted, found)
        var next = found.startIndex
        let length = path.count
        for entry in wanted {
            if isCancelled() { throw RepositoryError(.cancelled, "the resync was cancelled") }
            while next < found.endIndex, found[next].name < entry.name {
                try delete(found[next].name, in: target)
                next += 1
            }
            let isThere = next < found.endIndex && found[next].name == entry.name
            if isThere { next += 1 }
            if !path.isEmpty { path.append(UInt8(ascii: "/")) }
            path.append(contentsOf: entry.name.bytes)
            try self.entry(entry.name, isThere, source, target, spare, isCancelled, progress, levels)
            path.removeSubrange(length...)
            progress(counts)
        }
        for extra in found[next...] { try delete(extra.name, in: target) }
        do throws(SystemError) { try setMetadata(of: target, like: try source.status()) } catch { try note(error) }
    }

    /// A name for what is being made, that neither side uses.
    private static func spareName(_ wanted: [DirectoryEntry], _ found: [DirectoryEntry]) -> FileName? {
        var number = 0
        while true {
            guard let name = FileName(".drctl-resync-\(number)") else { return nil }
            if !wanted.contains(where: { $0.name == name }), !found.contains(where: { $0.name == name }) { return name }
            number += 1
        }
    }

    private func entry(
        _ name: FileName, _ isThere: Bool, _ source: borrowing DirectoryHandle, _ target: borrowing DirectoryHandle,
        _ spare: FileName?, _ isCancelled: () -> Bool, _ progress: (ResyncProgress) -> Void, _ levels: Int
    ) throws(RepositoryError) {
        guard let spare else { return }
        let wanted: EntryStatus
        do throws(SystemError) {
            wanted = try source.status(of: name)
            let found = isThere ? try target.status(of: name) : nil
            switch wanted.kind {
            case .socket:
                counts.socketsSkipped += 1
                if isThere { counts.filesDeleted += try target.removeTree(name) }
            case .regular:
                if wanted.linkCount > 1 { counts.hardLinksSplit += 1 }
                try file(name, wanted, found, source, target, spare)
            case .symbolicLink, .fifo, .characterDevice, .blockDevice:
                try node(name, wanted, found, source, target, spare)
            case .directory:
                if found?.kind != .directory {
                    try target.makeDirectory(spare, permissions: 0o700)
                    try replace(name, by: spare, found, in: target)
                }
            }
        } catch { return try note(error) }
        guard wanted.kind == .directory else { return }
        if levels + 1 >= Capture.mostLevels {
            return try note(SystemError(call: "copy", path: nil, errno: .fileNameTooLong))
        }
        let from: DirectoryHandle
        do throws(SystemError) { from = try source.openDirectory(name) } catch { return try note(error) }
        let into: DirectoryHandle
        do throws(SystemError) { into = try target.openDirectory(name) } catch { return try note(error) }
        try tree(from, into, isCancelled, progress, levels: levels + 1)
    }

    private func file(
        _ name: FileName, _ wanted: EntryStatus, _ found: EntryStatus?, _ source: borrowing DirectoryHandle,
        _ target: borrowing DirectoryHandle, _ spare: FileName
    ) throws(SystemError) {
        let original = try source.openFile(name)
        if let found, found.kind == .regular, found.sizeBytes == wanted.sizeBytes {
            let existing = try target.openFile(name)
            if try files.areEqual(original, existing) {
                let isSame = found.permissions == wanted.permissions && found.modified == wanted.modified
                if isSame { return }
                // Setting the times of a file with several names would set them for all of those.
                if found.linkCount == 1 {
                    counts.metadataSet += 1
                    return try setMetadata(of: existing, like: wanted)
                }
            }
            try original.seek(to: 0)
        }
        let copy = try target.createFile(spare)
        do throws(SystemError) {
            let byteCount = try files.copy(from: original, to: copy)
            try setMetadata(of: copy, like: wanted)
            try replace(name, by: spare, found, in: target)
            counts.filesCopied += 1
            counts.bytesCopied += byteCount
        } catch {
            try? target.removeFile(spare)
            throw error
        }
    }

    private func node(
        _ name: FileName, _ wanted: EntryStatus, _ found: EntryStatus?, _ source: borrowing DirectoryHandle,
        _ target: borrowing DirectoryHandle, _ spare: FileName
    ) throws(SystemError) {
        let metadata = try source.metadata(of: name, status: wanted)
        if let found, found.kind == wanted.kind {
            var existing = try target.metadata(of: name, status: found)
            existing.userID = metadata.userID
            existing.groupID = metadata.groupID
            if existing.kind == .symbolicLink { existing.permissions = metadata.permissions }
            if existing == metadata { return }
        }
        if wanted.kind == .symbolicLink {
            try target.makeSymbolicLink(spare, to: metadata.linkTarget)
        } else {
            try target.makeNode(
                spare, kind: wanted.kind, deviceMajor: wanted.deviceMajor, deviceMinor: wanted.deviceMinor)
        }
        do throws(SystemError) {
            do throws(SystemError) {
                try target.setOwner(of: spare, userID: wanted.userID, groupID: wanted.groupID)
            } catch { try keepGoing(error) }
            if wanted.kind != .symbolicLink { try target.setPermissions(of: spare, wanted.permissions) }
            try target.setModified(of: spare, wanted.modified)
            try replace(name, by: spare, found, in: target)
            counts.filesCopied += 1
        } catch {
            try? target.removeFile(spare)
            throw error
        }
    }

    /// Puts what was made under its name; what had the name is gone in the same instant.
    private func replace(
        _ name: FileName, by spare: FileName, _ found: EntryStatus?, in target: borrowing DirectoryHandle
    ) throws(SystemError) {
        try FaultPoint.reach("resync.beforeRename")
        let isDirectory = try target.status(of: spare).kind == .directory
        guard let found, isDirectory || found.kind == .directory else {
            return try target.rename(spare, to: name, in: target, found == nil ? .refuse : .replace)
        }
        // A rename does not put a directory in the place of a file, nor the other way round. An exchange does, and
        // leaves the old one under the spare name.
        try target.rename(spare, to: name, in: target, .exchange)
        try FaultPoint.reach("resync.afterExchange")
        counts.filesDeleted += try target.removeTree(spare)
    }

    private func delete(_ name: FileName, in target: borrowing DirectoryHandle) throws(RepositoryError) {
        do throws(SystemError) {
            try FaultPoint.reach("resync.beforeDelete")
            counts.filesDeleted += try target.removeTree(name)
        } catch { try note(error, name) }
    }

    private func setMetadata(of file: borrowing OpenFile, like wanted: EntryStatus) throws(SystemError) {
        let found = try file.status()
        if found.userID != wanted.userID || found.groupID != wanted.groupID {
            do throws(SystemError) {
                try file.setOwner(userID: wanted.userID, groupID: wanted.groupID)
            } catch { try keepGoing(error) }
        }
        try file.setPermissions(wanted.permissions)
        try file.setModified(wanted.modified)
    }

    private func setMetadata(of directory: borrowing DirectoryHandle, like wanted: EntryStatus) throws(SystemError) {
        let found = try directory.status()
        if found.userID != wanted.userID || found.groupID != wanted.groupID {
            do throws(SystemError) {
                try directory.setOwner(userID: wanted.userID, groupID: wanted.groupID)
            } catch { try keepGoing(error) }
        }
        if found.permissions != wanted.permissions { try directory.setPermissions(wanted.permissions) }
        if try directory.status().modified != wanted.modified { try directory.setModified(wanted.modified) }
    }

    /// Counts an owner that this user may not give; anything else is an error.
    private func keepGoing(_ error: SystemError) throws(SystemError) {
        guard error.errno == .notPermitted else { throw error }
        counts.ownersNotKept += 1
    }

    private func note(_ error: SystemError, _ name: FileName? = nil) throws(RepositoryError) {
        var place = path
        if let name { place += (place.isEmpty ? [] : [UInt8(ascii: "/")]) + name.bytes }
        try RestorePlanner.stopIfFull(error, at: place)
        counts.problemCount += 1
        guard problems.count < Restore.mostFailuresListed else { return }
        problems.append(RestoreFailure(path: place, reason: error.message))
    }
}
