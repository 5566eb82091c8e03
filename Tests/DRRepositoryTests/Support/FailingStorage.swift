import DRRepository
import Synchronization

/// A storage of which one put fails, and every one after it: the process that put has died.
final class FailingStorage: Storage {
    private let base: any Storage
    private let failing: Int
    private let isStored: Bool
    private let puts = Mutex(0)

    /// - Parameters:
    ///   - number: the put that fails, counted from 1.
    ///   - isStored: whether it had its effect first.
    init(_ base: any Storage, atPut number: Int, isStored: Bool) {
        self.base = base
        failing = number
        self.isStored = isStored
    }

    var name: String { base.name }

    func put(_ bytes: Span<UInt8>, at path: StoragePath) throws(RepositoryError) {
        let number = puts.withLock { puts in
            puts += 1
            return puts
        }
        if number < failing || number == failing && isStored { try base.put(bytes, at: path) }
        if number >= failing { throw RepositoryError(.storageFailed, "\(path) could not be stored") }
    }

    func read(
        _ path: StoragePath, fromOffset offsetBytes: Int, into buffer: inout MutableSpan<UInt8>
    ) throws(RepositoryError) -> Int? {
        try base.read(path, fromOffset: offsetBytes, into: &buffer)
    }

    func size(of path: StoragePath) throws(RepositoryError) -> Int? { try base.size(of: path) }

    func remove(_ path: StoragePath) throws(RepositoryError) { try base.remove(path) }

    func list(_ folder: StoragePath) throws(RepositoryError) -> [StorageEntry] { try base.list(folder) }
}
