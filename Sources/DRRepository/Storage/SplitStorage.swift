/// A storage whose files that open some domains lie in another place, which nothing locks against deletion: giving the
/// keys of such a domain up means deleting them.
struct SplitStorage: Storage {
    private let main: any Storage
    private let slots: any Storage
    private let folders: [String]

    /// - Parameter domains: those whose folders lie in `slots`.
    init(_ main: any Storage, slots: any Storage, domains: [String]) {
        self.main = main
        self.slots = slots
        folders = domains.map { "domains/\($0)/" }
    }

    var name: String { main.name }

    func put(_ bytes: Span<UInt8>, at path: StoragePath) throws(RepositoryError) {
        try place(path).put(bytes, at: path)
    }

    func read(
        _ path: StoragePath, fromOffset offsetBytes: Int, into buffer: inout MutableSpan<UInt8>
    ) throws(RepositoryError) -> Int? {
        try place(path).read(path, fromOffset: offsetBytes, into: &buffer)
    }

    func size(of path: StoragePath) throws(RepositoryError) -> Int? { try place(path).size(of: path) }

    func remove(_ path: StoragePath) throws(RepositoryError) { try place(path).remove(path) }

    func list(_ folder: StoragePath) throws(RepositoryError) -> [StorageEntry] { try place(folder).list(folder) }

    func unfinished(in folder: StoragePath) throws(RepositoryError) -> [StorageEntry] {
        try place(folder).unfinished(in: folder)
    }

    func protection() -> StorageProtection { main.protection() }

    private func place(_ path: StoragePath) -> any Storage {
        folders.contains { path.text.hasPrefix($0) } ? slots : main
    }
}
