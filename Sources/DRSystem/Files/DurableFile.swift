internal import CLinux
internal import Glibc
package import SystemPackage

/// Files that are there, whole, after a power cut, once the call has returned.
package enum DurableFile {
    /// Puts a file with these bytes at `path`, taking the place of what was there. A reader, or a crash, sees the
    /// old file or the new one, never a part.
    ///
    /// Durable on return: written to a temporary name in the same folder, fsync, rename, fsync of the folder.
    /// - Throws: on any failure, with the old file as it was and the temporary one removed; only a failure of the
    ///   last step, syncing the folder, leaves the new file in place, perhaps not for good.
    package static func replace(at path: FilePath, with bytes: [UInt8], mode: UInt32 = 0o600) throws(SystemError) {
        let temporary = try writeTemporary(beside: path, bytes: bytes.span, mode: mode)
        do throws(SystemError) {
            try FaultPoint.reach("durable.beforeRename")
            try rename(temporary, to: path)
        } catch {
            try? remove(temporary)
            throw error
        }
        try syncDirectory(path.removingLastComponent())
    }

    /// As `replace`, but throws `fileExists` where there is something already.
    package static func create(at path: FilePath, with bytes: [UInt8], mode: UInt32 = 0o600) throws(SystemError) {
        try create(at: path, with: bytes.span, mode: mode)
    }

    /// As `replace`, but throws `fileExists` where there is something already.
    package static func create(at path: FilePath, with bytes: Span<UInt8>, mode: UInt32 = 0o600) throws(SystemError) {
        let temporary = try writeTemporary(beside: path, bytes: bytes, mode: mode)
        do throws(SystemError) {
            try FaultPoint.reach("durable.beforeRename")
            try renameNew(temporary, to: path)
        } catch {
            try? remove(temporary)
            throw error
        }
        try syncDirectory(path.removingLastComponent())
    }

    /// As `create`, for what is written piece by piece.
    /// - Parameter write: gets a descriptor that is open for writing while it runs. Where it throws there is no file.
    package static func create<Result>(
        at path: FilePath, mode: UInt32 = 0o600, _ write: (Int32) throws -> Result
    ) throws -> Result {
        let temporary = temporaryPath(beside: path)
        let result: Result
        do {
            let file = try newFile(temporary, for: path, mode)
            result = try write(file.rawValue)
            try file.synchronize()
            try renameNew(temporary, to: path)
        } catch {
            try? remove(temporary)
            throw error
        }
        try syncDirectory(path.removingLastComponent())
        return result
    }

    /// The whole of a file.
    /// - Throws: `fileTooLarge` when it holds more than `limit` bytes.
    package static func read(at path: FilePath, limit: Int) throws(SystemError) -> [UInt8] {
        try Descriptor(opening: path, flags: O_RDONLY).readAll(limit: limit)
    }

    /// A file's bytes from its first on, as many as fit.
    /// - Returns: how many there were.
    package static func read(at path: FilePath, into span: inout MutableSpan<UInt8>) throws(SystemError) -> Int {
        try Descriptor(opening: path, flags: O_RDONLY).readAll(into: &span)
    }

    /// A file's last bytes, all of a shorter one.
    package static func readEnd(of path: FilePath, byteCount: Int) throws(SystemError) -> [UInt8] {
        let file = try Descriptor(openingForReading: path)
        let size = Int(try file.status().sizeBytes)
        let start = max(0, size - byteCount)
        var bytes = [UInt8](repeating: 0, count: size - start)
        var span = bytes.mutableSpan
        let count = try file.read(into: &span, atOffset: start)
        return Array(bytes.prefix(count))
    }

    /// Writes bytes over those that a file has at an offset, and makes the file durable: a write that failed before
    /// may have left them in memory alone, which no later fdatasync(2) by itself would tell or mend.
    package static func rewrite(_ bytes: [UInt8], at offset: Int64, of path: FilePath) throws(SystemError) {
        let file = try Descriptor(opening: path, flags: O_WRONLY | O_NOFOLLOW)
        try file.writeAll(bytes, at: offset)
        try FaultPoint.reach("durable.rewrite")
        try file.synchronizeData()
    }

    /// Makes what was created, renamed or removed in a folder durable.
    package static func syncDirectory(_ directory: FilePath) throws(SystemError) {
        try FaultPoint.reach("durable.beforeDirectorySync")
        try Descriptor(opening: directory.isEmpty ? "." : directory, flags: O_RDONLY | O_DIRECTORY).synchronize()
    }

    /// Makes a folder and those above it that are missing, and syncs the folders they were made in; a folder that
    /// is there stays as it is.
    /// - Parameter mode: exactly this mode, whatever the umask, for each folder that is made.
    package static func makeDirectory(at path: FilePath, mode: UInt32 = 0o700) throws(SystemError) {
        if path.isEmpty { return }
        if let present = try FileStatus.ifPresent(at: path) {
            if present.kind == .directory { return }
            if present.kind != .symbolicLink { throw SystemError(call: "create", path: path, errno: .notDirectory) }
        }
        let parent = path.removingLastComponent()
        if parent != path { try makeDirectory(at: parent, mode: mode) }
        do throws(SystemError) {
            _ = try checked("create", path.string) { unsafe path.withPlatformString { unsafe mkdir($0, mode) } }
        } catch {
            // Somebody else made it in the meantime, or it is a link to a folder.
            if error.errno == .fileExists { return }
            throw error
        }
        try setPermissions(of: path, to: mode)
        try syncDirectory(parent)
    }

    /// The names in a folder, sorted, without `.` and `..`.
    package static func list(_ directory: FilePath) throws(SystemError) -> [String] {
        guard let stream = unsafe directory.withPlatformString({ unsafe opendir($0) }) else {
            throw SystemError(call: "list", path: directory, errno: Errno(rawValue: errno))
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        // A failed listing is never an empty one.
        if errno != 0 { throw SystemError(call: "list", path: directory, errno: Errno(rawValue: errno)) }
        return names.sorted()
    }

    /// rename(2): replaces what is there. Durable only after `syncDirectory`.
    package static func rename(_ path: FilePath, to target: FilePath) throws(SystemError) {
        _ = try checked("rename to \(target.string) the file", path.string) {
            unsafe path.withPlatformString { from in
                unsafe target.withPlatformString { to in unsafe Glibc.rename(from, to) }
            }
        }
    }

    /// As `rename`, but throws `fileExists` where there is something already.
    package static func renameNew(_ path: FilePath, to target: FilePath) throws(SystemError) {
        _ = try checked("create", target.string) {
            unsafe path.withPlatformString { from in
                unsafe target.withPlatformString { to in unsafe clinux_rename_new(from, to) }
            }
        }
    }

    /// Removes a file. Durable only after `syncDirectory`.
    package static func remove(_ path: FilePath) throws(SystemError) {
        _ = try checked("remove", path.string) { unsafe path.withPlatformString { unsafe unlink($0) } }
    }

    /// Sets the twelve permission bits.
    package static func setPermissions(of path: FilePath, to mode: UInt32) throws(SystemError) {
        _ = try checked("set the mode of", path.string) {
            unsafe path.withPlatformString { unsafe chmod($0, mode) }
        }
    }

    /// Gives a file to a group.
    package static func setGroup(of path: FilePath, to gid: UInt32) throws(SystemError) {
        _ = try checked("set the group of", path.string) {
            unsafe path.withPlatformString { unsafe chown($0, uid_t.max, gid) }
        }
    }

    /// Removes what a `replace` or `create` at `path` left that was killed. Only for a path that nobody else writes.
    package static func removeTemporaries(of path: FilePath) throws(SystemError) {
        let folder = path.removingLastComponent()
        guard try FileStatus.ifPresent(at: folder) != nil else { return }
        let prefix = temporaryPrefix(path)
        for name in try list(folder) where name.hasPrefix(prefix) && name.hasSuffix(temporarySuffix) {
            try remove(folder.appending(name))
        }
    }

    /// Whether a file of this name is what a `replace` or `create` writes before it renames it.
    package static func isTemporary(_ name: String) -> Bool {
        name.hasPrefix(".") && name.hasSuffix(temporarySuffix)
    }

    private static let temporarySuffix = ".tmp"
    private static func temporaryPrefix(_ path: FilePath) -> String {
        ".\((path.lastComponent?.string ?? "").prefix(200))."
    }

    /// Errors name the file that was asked for.
    static func newFile(
        _ temporary: FilePath, for path: FilePath, _ mode: UInt32
    ) throws(SystemError) -> Descriptor {
        do throws(SystemError) {
            return try Descriptor(
                opening: temporary, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
        } catch { throw SystemError(call: "create", path: path, errno: error.errno) }
    }

    static func temporaryPath(beside path: FilePath) -> FilePath {
        let token = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        return path.removingLastComponent().appending(temporaryPrefix(path) + token + temporarySuffix)
    }

    private static func writeTemporary(
        beside path: FilePath, bytes: Span<UInt8>, mode: UInt32
    ) throws(SystemError) -> FilePath {
        let temporary = temporaryPath(beside: path)
        let file = try Descriptor(opening: temporary, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
        do throws(SystemError) {
            let descriptor = file.rawValue
            _ = try checked("set the mode of", temporary.string) { fchmod(descriptor, mode) }
            try FaultPoint.reach("durable.beforeWrite")
            try file.writeAll(bytes)
            try FaultPoint.reach("durable.beforeSync")
            try file.synchronize()
        } catch {
            try? remove(temporary)
            throw SystemError(call: error.call, path: path, errno: error.errno)
        }
        return temporary
    }
}
