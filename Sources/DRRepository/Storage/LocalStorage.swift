internal import DRSystem
package import SystemPackage

/// A repository in a folder of a file system.
///
/// A file is written under a temporary name, synced, renamed without replacing, and its folder synced; a crash
/// leaves at most a temporary file, whose name starts with a dot and which listings pass over.
package struct LocalStorage: Storage {
    package let root: FilePath

    package init(root: FilePath) { self.root = root }

    package var name: String { root.string }

    package func put(_ bytes: Span<UInt8>, at path: StoragePath) throws(RepositoryError) {
        let target = file(path)
        do throws(SystemError) {
            try FaultPoint.reach("storage.beforePut")
            try DurableFile.makeDirectory(at: target.removingLastComponent())
            try DurableFile.create(at: target, with: bytes)
            try FaultPoint.reach("storage.afterPut")
        } catch {
            throw Self.explain(error, storing: path)
        }
    }

    package func read(
        _ path: StoragePath, fromOffset offsetBytes: Int, into buffer: inout MutableSpan<UInt8>
    ) throws(RepositoryError) -> Int? {
        do throws(SystemError) {
            try FaultPoint.reach("storage.beforeRead")
            return try Descriptor(openingForReading: file(path)).read(into: &buffer, atOffset: offsetBytes)
        } catch {
            if error.errno == .noSuchFileOrDirectory { return nil }
            throw Self.explain(error, reading: path)
        }
    }

    package func size(of path: StoragePath) throws(RepositoryError) -> Int? {
        do throws(SystemError) {
            guard let status = try FileStatus.ifPresent(at: file(path)) else { return nil }
            guard status.kind == .regular else {
                throw SystemError(call: "read as a file", path: file(path), errno: .invalidArgument)
            }
            return Int(status.sizeBytes)
        } catch {
            throw Self.explain(error, reading: path)
        }
    }

    package func remove(_ path: StoragePath) throws(RepositoryError) {
        let target = file(path)
        do throws(SystemError) {
            guard try FileStatus.ifPresent(at: target) != nil else { return }
            try FaultPoint.reach("storage.beforeRemove")
            try DurableFile.remove(target)
            try DurableFile.syncDirectory(target.removingLastComponent())
            try FaultPoint.reach("storage.afterRemove")
        } catch {
            throw RepositoryError(
                .storageFailed, "\(path) could not be removed: \(error.message)",
                hint: error.hint ?? "prune where this user may delete; nothing is lost, and a rerun goes on",
                cause: error)
        }
    }

    package func list(_ folder: StoragePath) throws(RepositoryError) -> [StorageEntry] {
        try entries(of: folder) { !$0.hasPrefix(".") }
    }

    package func unfinished(in folder: StoragePath) throws(RepositoryError) -> [StorageEntry] {
        try entries(of: folder, where: DurableFile.isTemporary)
    }

    private func entries(
        of folder: StoragePath, where isMeant: (String) -> Bool
    ) throws(RepositoryError) -> [StorageEntry] {
        let directory = file(folder)
        do throws(SystemError) {
            try FaultPoint.reach("storage.beforeList")
            // The root must be there: a repository on a disk that is not mounted is not an empty one.
            _ = try FileStatus(of: root)
            guard try FileStatus.ifPresent(at: directory) != nil else { return [] }
            var entries: [StorageEntry] = []
            for name in try DurableFile.list(directory) where isMeant(name) {
                // A file that went between the two calls is one that is not there.
                guard let status = try FileStatus.ifPresent(at: directory.appending(name)) else { continue }
                let isFolder = status.kind == .directory
                entries.append(
                    StorageEntry(
                        name: name, isFolder: isFolder, sizeBytes: isFolder ? 0 : Int(status.sizeBytes),
                        receivedNanoseconds: status.changedAt))
            }
            return entries
        } catch {
            if error.errno == .noSuchFileOrDirectory, (try? FileStatus.ifPresent(at: root)) == .some(.none) {
                throw RepositoryError(
                    .noRepository, "there is no repository in \(name): there is no such folder",
                    hint: "check the address, and whether its disk is mounted", cause: error)
            }
            throw Self.explain(error, reading: folder)
        }
    }

    private func file(_ path: StoragePath) -> FilePath { root.pushing(FilePath(path.text)) }

    private static func explain(_ error: SystemError, storing path: StoragePath) -> RepositoryError {
        switch error.errno {
        case .fileExists:
            RepositoryError(.alreadyStored, "\(path) exists already and is never replaced", cause: error)
        case .noSpace, .diskQuotaExceeded:
            RepositoryError(
                .noSpace, "\(path) could not be stored: \(error.message)",
                hint: "free space there; what is stored stays good, and a rerun takes it up", cause: error)
        default:
            RepositoryError(
                .storageFailed, "\(path) could not be stored: \(error.message)", hint: error.hint ?? "", cause: error)
        }
    }

    private static func explain(_ error: SystemError, reading path: StoragePath) -> RepositoryError {
        RepositoryError(
            .storageFailed, "\(path) could not be read: \(error.message)",
            hint: error.hint ?? "nothing is known about its content; try again when the storage answers", cause: error)
    }
}
