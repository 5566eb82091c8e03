internal import Glibc
package import SystemPackage

/// An exclusive lock on a file that lasts as long as this value, and not longer than its process.
///
/// It belongs to the open file (an OFD lock): opening and closing the same file elsewhere in the process does not
/// drop it, which POSIX record locks would. Children do not inherit it across exec. The file stays when the lock
/// goes, and its content may name the holder.
package struct FileLock: ~Copyable, Sendable {
    private let file: Descriptor

    private init(_ file: consuming Descriptor) { self.file = file }

    deinit { file.unlock() }

    /// Never waits. Creates the file, with mode 0600, where there is none.
    /// - Returns: nil when another process (or another `FileLock`) holds it.
    package static func tryAcquire(at path: FilePath) throws(SystemError) -> FileLock? {
        let file = try Descriptor(opening: path, flags: O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        guard try file.tryLock() else { return nil }
        return FileLock(file)
    }

    /// Replaces the file's content, for people and for whoever is refused; not durable, and no part of the lock.
    package borrowing func note(_ holder: String) throws(SystemError) {
        try file.truncate(to: 0)
        let descriptor = file.rawValue
        let bytes = Array(holder.utf8)
        _ = try checked("write", file.path) {
            unsafe bytes.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        }
    }
}
