import DRRepository
import Synchronization

/// A storage in memory that tests can damage.
final class MemoryStorage: Storage {
    private struct State {
        var files: [String: [UInt8]] = [:]
        var received: [String: Int64] = [:]
        var unreadable: Set<String> = []
        var unlistable: Set<String> = []
        var failingPuts: StorageFolder?
        var failsPuts = false
    }

    private let state = Mutex(State())
    private let clock: @Sendable () -> Int64

    /// - Parameter clock: when a file is received.
    init(clock: @escaping @Sendable () -> Int64 = { 0 }) { self.clock = clock }

    var name: String { "memory" }

    /// Every file's name, sorted.
    var names: [String] { state.withLock { $0.files.keys.sorted() } }

    func names(in folder: StorageFolder) -> [String] {
        names.filter { $0.hasPrefix(folder.rawValue + "/") }
    }

    subscript(_ name: String) -> [UInt8]? {
        get { state.withLock { $0.files[name] } }
        set { state.withLock { $0.files[name] = newValue } }
    }

    /// A copy to be damaged, while this one stays as it is.
    func copy() -> MemoryStorage {
        let other = MemoryStorage(clock: clock)
        let (files, received) = state.withLock { ($0.files, $0.received) }
        other.state.withLock { ($0.files, $0.received) = (files, received) }
        return other
    }

    func makeUnreadable(_ name: String) { state.withLock { _ = $0.unreadable.insert(name) } }
    func makeUnlistable(_ folder: String) { state.withLock { _ = $0.unlistable.insert(folder) } }
    func failPuts(in folder: StorageFolder) { state.withLock { $0.failingPuts = folder } }
    func failPuts() { state.withLock { $0.failsPuts = true } }

    func put(_ bytes: Span<UInt8>, at path: StoragePath) throws(RepositoryError) {
        let copy = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
        try state.withLock { state throws(RepositoryError) in
            let isIn: Bool = state.failingPuts.map { path.text.hasPrefix($0.rawValue + "/") } ?? false
            guard !state.failsPuts, !isIn else { throw RepositoryError(.noSpace, "\(path) could not be stored") }
            guard state.files[path.text] == nil else { throw RepositoryError(.alreadyStored, "\(path) exists") }
            state.files[path.text] = copy
            state.received[path.text] = clock()
        }
    }

    func remove(_ path: StoragePath) throws(RepositoryError) {
        state.withLock { _ = $0.files.removeValue(forKey: path.text) }
    }

    func read(
        _ path: StoragePath, fromOffset offsetBytes: Int, into buffer: inout MutableSpan<UInt8>
    ) throws(RepositoryError) -> Int? {
        let file = try state.withLock { state throws(RepositoryError) in
            if state.unreadable.contains(path.text) {
                throw RepositoryError(.storageFailed, "\(path) could not be read")
            }
            return state.files[path.text]
        }
        guard let file else { return nil }
        let count = max(0, min(buffer.count, file.count - offsetBytes))
        if count == 0 { return 0 }
        unsafe buffer.withUnsafeMutableBufferPointer { target in
            unsafe file[offsetBytes..<(offsetBytes + count)].withUnsafeBufferPointer { source in
                if let from = source.baseAddress { unsafe target.baseAddress?.update(from: from, count: count) }
            }
        }
        return count
    }

    func size(of path: StoragePath) throws(RepositoryError) -> Int? { self[path.text]?.count }

    func list(_ folder: StoragePath) throws(RepositoryError) -> [StorageEntry] {
        try entries(of: folder).filter { !$0.name.hasPrefix(".") }
    }

    func unfinished(in folder: StoragePath) throws(RepositoryError) -> [StorageEntry] {
        try entries(of: folder).filter { $0.name.hasPrefix(".") }
    }

    private func entries(of folder: StoragePath) throws(RepositoryError) -> [StorageEntry] {
        let prefix = folder.text + "/"
        return try state.withLock { state throws(RepositoryError) in
            if state.unlistable.contains(folder.text) {
                throw RepositoryError(.storageFailed, "\(folder) could not be listed")
            }
            var entries: [String: StorageEntry] = [:]
            for (name, bytes) in state.files where name.hasPrefix(prefix) {
                let rest = name.dropFirst(prefix.count)
                let first = String(rest.prefix { $0 != "/" })
                let isFolder = first.count < rest.count
                entries[first] = StorageEntry(
                    name: first, isFolder: isFolder, sizeBytes: isFolder ? 0 : bytes.count,
                    receivedNanoseconds: state.received[name, default: 0])
            }
            return entries.values.sorted { $0.name < $1.name }
        }
    }
}
