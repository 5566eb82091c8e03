internal import Glibc
package import SystemPackage

/// A file that only grows, at its end, and says when what was written is durable.
package struct AppendFile: ~Copyable {
    private let file: Descriptor
    /// How long the file is, as this value knows it: what it found on opening and has written since.
    package private(set) var sizeBytes: Int64
    /// Set by the first failed sync: the kernel may have dropped the written pages and would report success the
    /// next time, so nothing is written or synced ever again.
    package private(set) var failure: SystemError?

    /// Opens a file for appending.
    /// - Parameter create: the mode of a new file, which must not exist yet; nil opens one that does.
    package init(at path: FilePath, creatingWithMode create: UInt32? = nil) throws(SystemError) {
        let creation = create == nil ? 0 : O_CREAT | O_EXCL
        let opened = try Descriptor(
            opening: path, flags: O_RDWR | O_APPEND | O_NOFOLLOW | creation, mode: create ?? 0)
        sizeBytes = try opened.status().sizeBytes
        file = opened
    }

    deinit { file.unlock() }

    /// Takes the exclusive lock that belongs to this open file; it goes with this value.
    ///
    /// Tries for up to half a second: a child that a killed holder was starting has its files until its exec.
    /// - Returns: false when somebody else holds it.
    package borrowing func tryLock() throws(SystemError) -> Bool {
        for _ in 0..<50 {
            if try file.tryLock() { return true }
            usleep(10_000)
        }
        return try file.tryLock()
    }

    /// Writes all the bytes with one write(2), or throws. Not durable before `sync()`.
    /// - Throws: after which the file may be longer by a part of the bytes: `truncate(to:)` takes that back.
    package mutating func append(_ bytes: [UInt8]) throws(SystemError) {
        if let failure { throw failure }
        try file.writeAll(bytes)
        sizeBytes += Int64(bytes.count)
    }

    /// fdatasync(2): everything appended so far is durable on return.
    /// - Throws: a failure that is remembered and thrown by every later call.
    package mutating func sync() throws(SystemError) {
        if let failure { throw failure }
        do throws(SystemError) {
            try FaultPoint.reach("append.sync")
            try file.synchronizeData()
        } catch {
            failure = error
            throw error
        }
    }

    /// Cuts what a failed `append` left behind. Durable after `sync()`.
    package mutating func truncate(to sizeBytes: Int64) throws(SystemError) {
        if let failure { throw failure }
        try file.truncate(to: sizeBytes)
        self.sizeBytes = sizeBytes
    }

    /// Owner, mode, links and size, as the file system has them now.
    package borrowing func status() throws(SystemError) -> FileStatus { try file.status() }
}
