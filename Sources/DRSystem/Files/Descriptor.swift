internal import CLinux
internal import Glibc
package import SystemPackage

/// An open file that is closed when its owner lets go of it.
package struct Descriptor: ~Copyable, Sendable {
    /// Valid while this value lives; for calls that DRSystem does not wrap.
    package let rawValue: Int32
    /// What errors call it.
    package let path: String

    /// Takes over a descriptor that the caller opened.
    package init(adopting rawValue: Int32, path: String) {
        self.rawValue = rawValue
        self.path = path
    }

    /// Opens with close-on-exec. `flags` are open(2)'s.
    package init(opening path: FilePath, flags: Int32, mode: UInt32 = 0) throws(SystemError) {
        rawValue = try checked("open", path.string) {
            unsafe path.withPlatformString { unsafe clinux_open($0, flags | O_CLOEXEC, mode) }
        }
        self.path = path.string
    }

    /// Opens for reading, without ever waiting for the other end of a pipe.
    /// - Parameter following: whether a symbolic link at the path is followed; else it is refused.
    package init(openingForReading path: FilePath, following: Bool) throws(SystemError) {
        try self.init(opening: path, flags: O_RDONLY | O_NONBLOCK | (following ? 0 : O_NOFOLLOW))
    }

    deinit { _ = Glibc.close(rawValue) }

    /// Reads from the current position to the end.
    /// - Throws: `fileTooLarge` when there are more than `limit` bytes.
    package borrowing func readAll(limit: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = try read(into: &buffer)
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
            if bytes.count > limit { throw SystemError(call: "read", path: path, errno: .fileTooLarge) }
        }
    }

    /// Reads to the end, or until the span is full.
    /// - Returns: how many bytes came.
    package borrowing func readAll(into span: inout MutableSpan<UInt8>) throws(SystemError) -> Int {
        let descriptor = rawValue
        let path = path
        return unsafe try span.withUnsafeMutableBytes { buffer throws(SystemError) in
            var filled = 0
            while filled < buffer.count {
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                let count = try checked("read", path) { unsafe Glibc.read(descriptor, rest.baseAddress, rest.count) }
                if count == 0 { break }
                filled += count
            }
            return filled
        }
    }

    /// One read(2).
    /// - Returns: how many bytes came; 0 at the end.
    package borrowing func read(into buffer: inout [UInt8]) throws(SystemError) -> Int {
        let descriptor = rawValue
        return try checked("read", path) {
            unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
        }
    }

    /// Writes all bytes, in as many write(2) calls as it takes: one, unless the disk is full or a signal came.
    package borrowing func writeAll(_ bytes: [UInt8]) throws(SystemError) {
        let descriptor = rawValue
        var written = 0
        while written < bytes.count {
            written += try checked("write", path) {
                unsafe bytes.withUnsafeBytes {
                    unsafe Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
                }
            }
        }
    }

    /// Writes all the bytes from an offset on, wherever the current position is.
    package borrowing func writeAll(_ bytes: [UInt8], at offset: Int64) throws(SystemError) {
        let descriptor = rawValue
        var written = 0
        while written < bytes.count {
            let rest = written
            written += try checked("write", path) {
                unsafe bytes.withUnsafeBytes {
                    unsafe pwrite(descriptor, $0.baseAddress?.advanced(by: rest), $0.count - rest, Int(offset) + rest)
                }
            }
        }
    }

    /// fsync(2). After an error the kernel may have dropped what was written: never call it again to see.
    package borrowing func synchronize() throws(SystemError) {
        let descriptor = rawValue
        _ = try checked("make durable", path) { Glibc.fsync(descriptor) }
    }

    /// fdatasync(2): the data, and as much metadata as is needed to read it back.
    package borrowing func synchronizeData() throws(SystemError) {
        let descriptor = rawValue
        _ = try checked("make durable", path) { Glibc.fdatasync(descriptor) }
    }

    /// ftruncate(2): cuts or extends to this size. Durable only after `synchronize`.
    package borrowing func truncate(to sizeBytes: Int64) throws(SystemError) {
        let descriptor = rawValue
        _ = try checked("truncate", path) { Glibc.ftruncate(descriptor, off_t(sizeBytes)) }
    }

    /// Owner, mode, links and size, of the open file itself.
    package borrowing func status() throws(SystemError) -> FileStatus {
        let descriptor = rawValue
        var raw = stat()
        _ = try checked("inspect", path) { unsafe fstat(descriptor, &raw) }
        return FileStatus(raw)
    }

    /// Whether somebody else holds an exclusive lock on the file; asking takes none and disturbs nobody.
    package borrowing func isLockedByAnother() throws(SystemError) -> Bool {
        let descriptor = rawValue
        return try checked("ask for the lock of", path) { clinux_is_locked(descriptor) } == 1
    }

    /// Takes an exclusive lock on the whole file that belongs to this open file (OFD), without waiting.
    /// - Returns: false when somebody else holds one.
    package borrowing func tryLock() throws(SystemError) -> Bool {
        let descriptor = rawValue
        do throws(SystemError) {
            _ = try checked("lock", path) { clinux_lock_exclusively(descriptor) }
        } catch {
            if error.errno == .resourceTemporarilyUnavailable || error.errno == .permissionDenied { return false }
            throw error
        }
        return true
    }

    /// Takes an exclusive lock by flock(2), which needs no right to write the file, without waiting. It knows nothing of
    /// the locks that `tryLock` takes, and goes when the descriptor is closed.
    /// - Returns: false when somebody else holds one.
    package borrowing func tryLockAsReader() throws(SystemError) -> Bool {
        let descriptor = rawValue
        do throws(SystemError) {
            _ = try checked("lock", path) { flock(descriptor, LOCK_EX | LOCK_NB) }
        } catch {
            if error.errno == .resourceTemporarilyUnavailable || error.errno == .wouldBlock { return false }
            throw error
        }
        return true
    }

    /// Gives the lock back at once; harmless where there is none. Closing alone would not do: a child that some
    /// thread is starting shares the open file, and with it the lock, until its exec.
    package borrowing func unlock() { _ = clinux_unlock(rawValue) }
}
