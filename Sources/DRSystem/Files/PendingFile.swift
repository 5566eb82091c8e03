internal import Glibc
internal import Synchronization
package import SystemPackage

/// A file in the making: it lies beside its path under a name of its own until it is published, and is removed when
/// everybody lets go of it before that. What a killed process leaves, `DurableFile.removeTemporaries` removes.
package final class PendingFile: Sendable {
    private let path: FilePath
    private let temporary: FilePath
    private let file: Descriptor
    private let isPublished = Mutex(false)

    /// Creates it, empty.
    /// - Throws: where its folder is not there or cannot be written to.
    package init(for path: FilePath, mode: UInt32 = 0o600) throws(SystemError) {
        let temporary = DurableFile.temporaryPath(beside: path)
        file = try DurableFile.newFile(temporary, for: path, mode)
        self.path = path
        self.temporary = temporary
    }

    deinit {
        if !isPublished.withLock({ $0 }) { try? DurableFile.remove(temporary) }
    }

    /// Adds to its end.
    package func append(_ bytes: [UInt8]) throws(SystemError) { try file.writeAll(bytes) }

    /// Gives it its path, taking the place of what was there. Durable on return.
    package func publish() throws(SystemError) {
        try file.synchronize()
        try DurableFile.rename(temporary, to: path)
        isPublished.withLock { $0 = true }
        try DurableFile.syncDirectory(path.removingLastComponent())
    }
}
