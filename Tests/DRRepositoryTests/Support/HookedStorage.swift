import DRRepository
import Synchronization

/// A storage that calls out before each of its calls: to stop whoever uses it there, or to end them.
final class HookedStorage: Storage {
    private let base: any Storage
    private let calls = Mutex(0)
    private let hook: @Sendable (Int) throws(RepositoryError) -> Void

    /// - Parameter hook: told the call's number, from 1; what it throws, the call throws.
    init(_ base: any Storage, hook: @escaping @Sendable (Int) throws(RepositoryError) -> Void) {
        self.base = base
        self.hook = hook
    }

    var name: String { base.name }
    var callCount: Int { calls.withLock { $0 } }

    /// One at a time: while the hook is at work, every other thread of the user waits too, as in a stopped process.
    private func reach() throws(RepositoryError) {
        try calls.withLock { calls throws(RepositoryError) in
            calls += 1
            try hook(calls)
        }
    }

    func put(_ bytes: Span<UInt8>, at path: StoragePath) throws(RepositoryError) {
        try reach()
        try base.put(bytes, at: path)
    }

    func read(
        _ path: StoragePath, fromOffset offsetBytes: Int, into buffer: inout MutableSpan<UInt8>
    ) throws(RepositoryError) -> Int? {
        try reach()
        return try base.read(path, fromOffset: offsetBytes, into: &buffer)
    }

    func size(of path: StoragePath) throws(RepositoryError) -> Int? {
        try reach()
        return try base.size(of: path)
    }

    func remove(_ path: StoragePath) throws(RepositoryError) {
        try reach()
        try base.remove(path)
    }

    func list(_ folder: StoragePath) throws(RepositoryError) -> [StorageEntry] {
        try reach()
        return try base.list(folder)
    }
}
