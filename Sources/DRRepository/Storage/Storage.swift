/// Where a repository's files lie. Everything above works with every backend alike.
///
/// The rules a backend MUST keep:
/// - `put` creates and never replaces; on return the file is durable and whole, before that it is not visible.
/// - A failed listing is an error, never an empty one.
/// - What could not be read is `storageFailed`; only a name that is certainly not there is "absent".
///
/// Calls block; any number of threads may make them at once.
package protocol Storage: Sendable {
    /// What messages call this storage: a path or an address without secrets.
    var name: String { get }

    /// Creates a file.
    /// - Throws: `alreadyStored` where there is something of this name already; `noSpace`; `storageFailed`.
    func put(_ bytes: Span<UInt8>, at path: StoragePath) throws(RepositoryError)

    /// Reads from an offset until the buffer is full or the file ends.
    /// - Returns: how many bytes were read; nil when there is no such file.
    func read(
        _ path: StoragePath, fromOffset offsetBytes: Int, into buffer: inout MutableSpan<UInt8>
    ) throws(RepositoryError) -> Int?

    /// - Returns: the length in bytes; nil when there is no such file.
    func size(of path: StoragePath) throws(RepositoryError) -> Int?

    /// Removes a file; nothing happens where there is none. Durable on return.
    /// - Throws: `storageFailed`, also where the storage lets nobody delete.
    func remove(_ path: StoragePath) throws(RepositoryError)

    /// What lies in a folder, sorted by name, without unfinished files.
    /// - Returns: nothing for a folder that does not exist.
    func list(_ folder: StoragePath) throws(RepositoryError) -> [StorageEntry]

    /// Files in a folder that somebody has begun to write, or whose writer was killed; `remove` takes their names too.
    func unfinished(in folder: StoragePath) throws(RepositoryError) -> [StorageEntry]

    /// Whether the storage lets this user change what is stored: found out by trying, on a file that means nothing.
    func protection() -> StorageProtection
}

/// A name in a folder of a storage.
package struct StorageEntry: Hashable, Sendable {
    package let name: String
    package let isFolder: Bool
    /// 0 for a folder.
    package let sizeBytes: Int
    /// When the storage took the file, by its own clock, in nanoseconds since 1970.
    package let receivedNanoseconds: Int64

    package init(name: String, isFolder: Bool, sizeBytes: Int, receivedNanoseconds: Int64) {
        self.name = name
        self.isFolder = isFolder
        self.sizeBytes = sizeBytes
        self.receivedNanoseconds = receivedNanoseconds
    }
}

extension Storage {
    /// Nothing, on a storage that never shows what is not whole.
    package func unfinished(in folder: StoragePath) throws(RepositoryError) -> [StorageEntry] { [] }

    /// Creates a file; see `put(_:at:)`.
    package func put(_ bytes: [UInt8], at path: StoragePath) throws(RepositoryError) {
        try put(bytes.span, at: path)
    }

    /// The whole of a file.
    /// - Returns: nil when there is no such file.
    /// - Throws: `damaged` when it is longer than any file of its kind can be.
    package func readAll(_ path: StoragePath, limitBytes: Int) throws(RepositoryError) -> [UInt8]? {
        guard let size = try size(of: path) else { return nil }
        guard size <= limitBytes else {
            throw RepositoryError(
                .damaged, "\(path) has \(size) bytes, more than the \(limitBytes) that such a file can have")
        }
        return try read(path, fromOffset: 0, count: size)
    }

    /// A part of a file.
    /// - Returns: nil when there is no such file.
    /// - Throws: `damaged` when the file ends before the part does.
    package func read(
        _ path: StoragePath, fromOffset offsetBytes: Int, count: Int
    ) throws(RepositoryError) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var span = bytes.mutableSpan
        guard let read = try read(path, fromOffset: offsetBytes, into: &span) else { return nil }
        guard read == count else {
            throw RepositoryError(
                .damaged, "\(path) ends at byte \(offsetBytes + read), where \(offsetBytes + count) were expected")
        }
        return bytes
    }
}
