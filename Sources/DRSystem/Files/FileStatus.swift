internal import Glibc
package import SystemPackage

/// What the file system says of a file.
package struct FileStatus: Sendable, Equatable {
    /// What kind of file it is.
    package enum Kind: Sendable, Equatable { case regular, directory, symbolicLink, socket, other }

    package var kind: Kind
    /// The twelve permission bits.
    package var permissions: UInt32
    package var ownerUID: UInt32
    package var groupGID: UInt32
    package var links: Int
    package var sizeBytes: Int64
    package var inode: UInt64
    package var device: UInt64
    /// When content or status last changed (ctime), in nanoseconds since 1970; nobody can set it back.
    package var changedAt: Int64

    init(_ raw: stat) {
        kind =
            switch raw.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            case S_IFSOCK: .socket
            default: .other
            }
        permissions = raw.st_mode & 0o7777
        ownerUID = raw.st_uid
        groupGID = raw.st_gid
        links = Int(raw.st_nlink)
        sizeBytes = Int64(raw.st_size)
        inode = UInt64(raw.st_ino)
        device = UInt64(raw.st_dev)
        changedAt = Int64(raw.st_ctim.tv_sec) * 1_000_000_000 + Int64(raw.st_ctim.tv_nsec)
    }

    /// The status of what lies at a path; a symbolic link's own.
    package init(of path: FilePath) throws(SystemError) {
        var raw = stat()
        _ = try checked("inspect", path.string) {
            unsafe path.withPlatformString { name in unsafe lstat(name, &raw) }
        }
        self.init(raw)
    }

    /// The status of what a path leads to, symbolic links followed.
    package static func following(_ path: FilePath) throws(SystemError) -> FileStatus {
        var raw = stat()
        _ = try checked("inspect", path.string) {
            unsafe path.withPlatformString { name in unsafe fstatat(AT_FDCWD, name, &raw, 0) }
        }
        return FileStatus(raw)
    }

    /// nil where nothing lies at the path.
    /// - Throws: when that could not be established.
    package static func ifPresent(at path: FilePath) throws(SystemError) -> FileStatus? {
        do throws(SystemError) {
            return try FileStatus(of: path)
        } catch {
            if error.errno == .noSuchFileOrDirectory { return nil }
            throw error
        }
    }
}
