internal import CLinux
internal import Glibc
package import SystemPackage

/// An open directory: every name is looked up relative to it and no symbolic link is followed, so that what another
/// process renames in the meantime cannot lead a call elsewhere.
package struct DirectoryHandle: ~Copyable, Sendable {
    let descriptor: Int32

    /// RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS of linux/openat2.h.
    private static let resolveBeneath: UInt64 = 0x08 | 0x04 | 0x02

    init(adopting descriptor: Int32) { self.descriptor = descriptor }

    /// Opens a directory by path; symbolic links in the path are followed, as the caller named it.
    package init(opening path: FilePath) throws(SystemError) {
        descriptor = try attempt("open", path.string) {
            unsafe path.withPlatformString {
                unsafe clinux_openat(AT_FDCWD, $0, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
            }
        }
    }

    deinit { _ = Glibc.close(descriptor) }

    /// Opens the sub-directory `name` itself: not what a symbolic link of that name points to.
    package func openDirectory(_ name: FileName) throws(SystemError) -> DirectoryHandle {
        DirectoryHandle(
            adopting: try attempt("open", name.description) {
                unsafe name.withPointer {
                    unsafe clinux_openat(descriptor, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)
                }
            })
    }

    /// Opens a directory some levels below, by names joined with `/`; refuses, in the kernel, to follow any symbolic
    /// link on the way or to leave this directory. An empty path opens this directory again.
    ///
    /// A path that is too long for one call is opened in parts, each beneath the one before.
    package func openDirectory(beneath path: [UInt8]) throws(SystemError) -> DirectoryHandle {
        guard path.count >= Int(PATH_MAX) else { return try openPart(path) }
        guard let end = path[..<Int(PATH_MAX)].lastIndex(of: UInt8(ascii: "/")), end > 0 else {
            throw SystemError(call: "open", path: displayEscaped(bytes: path), errno: .fileNameTooLong)
        }
        return try openPart(Array(path[..<end])).openDirectory(beneath: Array(path[(end + 1)...]))
    }

    private func openPart(_ path: [UInt8]) throws(SystemError) -> DirectoryHandle {
        DirectoryHandle(
            adopting: try attempt("open", displayEscaped(bytes: path)) {
                unsafe withTerminated(path.isEmpty ? [UInt8(ascii: ".")] : path) {
                    unsafe clinux_openat2(
                        descriptor, $0, UInt64(O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0,
                        Self.resolveBeneath)
                }
            })
    }

    /// Opens a regular file to read it, without following a link and without waiting for a fifo's other end.
    package func openFile(_ name: FileName) throws(SystemError) -> OpenFile {
        OpenFile(
            adopting: try attempt("open", name.description) {
                unsafe name.withPointer {
                    unsafe clinux_openat(descriptor, $0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0)
                }
            })
    }

    /// Opens an existing regular file to write in it, without following a link.
    package func openFileForWriting(_ name: FileName) throws(SystemError) -> OpenFile {
        OpenFile(
            adopting: try attempt("open", name.description) {
                unsafe name.withPointer {
                    unsafe clinux_openat(descriptor, $0, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0)
                }
            })
    }

    /// Creates a file that must not exist yet, readable and writable by its owner only, and opens it for writing.
    package func createFile(_ name: FileName) throws(SystemError) -> OpenFile {
        OpenFile(
            adopting: try attempt("create", name.description) {
                unsafe name.withPointer {
                    unsafe clinux_openat(descriptor, $0, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
                }
            })
    }

    /// The status of this directory.
    package func status() throws(SystemError) -> EntryStatus { try statusOfDescriptor(descriptor) }

    /// The status of `name` itself, a symbolic link's own included.
    package func status(of name: FileName) throws(SystemError) -> EntryStatus {
        var status = stat()
        _ = try attempt("examine", name.description) {
            unsafe name.withPointer { unsafe fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) }
        }
        guard let status = EntryStatus(status) else {
            throw SystemError(call: "examine", path: name.description, errno: .notSupported)
        }
        return status
    }

    /// What the symbolic link `name` holds.
    package func target(ofLink name: FileName) throws(SystemError) -> [UInt8] {
        let capacity = Int(PATH_MAX)
        var bytes = [UInt8](repeating: 0, count: capacity)
        let count = try attempt("read the link", name.description) {
            unsafe name.withPointer { pointer in
                unsafe bytes.withUnsafeMutableBufferPointer { buffer in
                    unsafe buffer.withMemoryRebound(to: CChar.self) { characters in
                        guard let start = characters.baseAddress else { return -1 }
                        return unsafe readlinkat(descriptor, pointer, start, capacity)
                    }
                }
            }
        }
        bytes.removeSubrange(count...)
        return bytes
    }

    /// Asks the kernel to write out everything of the file system that holds this directory, and waits.
    /// - Throws: also when an earlier write of that file system failed and nobody was told yet.
    package func syncFileSystem() throws(SystemError) {
        _ = try attempt("write out the file system", nil) { clinux_syncfs(descriptor) }
    }
}

func statusOfDescriptor(_ descriptor: Int32) throws(SystemError) -> EntryStatus {
    var status = stat()
    _ = try attempt("examine", nil) { unsafe fstat(descriptor, &status) }
    guard let status = EntryStatus(status) else { throw SystemError(call: "examine", path: nil, errno: .notSupported) }
    return status
}

extension FileName {
    /// For calls of this room: the bytes and their NUL.
    func withPointer<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        unsafe withTerminatedBytes(terminated, body)
    }
}

/// Calls `body` with the bytes and a NUL behind them.
func withTerminated<Result>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
    unsafe withTerminatedBytes(bytes + [0], body)
}

private func withTerminatedBytes<Result>(
    _ terminated: [UInt8], _ body: (UnsafePointer<CChar>) -> Result
) -> Result {
    unsafe terminated.withUnsafeBufferPointer { buffer in
        unsafe buffer.withMemoryRebound(to: CChar.self) { characters in
            // Never empty: there is always the NUL.
            guard let start = characters.baseAddress else { preconditionFailure("no terminator") }
            return unsafe body(start)
        }
    }
}

/// As `checked`, but makes the path's text only when it is needed: this is called a million times a backup.
func attempt<Integer: SignedInteger>(
    _ call: String, _ path: @autoclosure () -> String?, _ body: () -> Integer
) throws(SystemError) -> Integer {
    while true {
        let result = body()
        if result >= 0 { return result }
        let cause = Errno(rawValue: errno)
        if cause != .interrupted { throw SystemError(call: call, path: path(), errno: cause) }
    }
}
