package import DRCrypto

/// What a pack says of itself: its origins in clear, and its directory still sealed.
package struct PackHead: Sendable {
    package let name: Digest
    package let sizeBytes: Int
    package let origins: [PackOrigin]
    /// Where the objects and the filler end.
    let objectAreaBytes: Int
    private let directory: [UInt8]
    private let clear: [UInt8]

    /// Read together with the footer, in the hope that the directory is in it.
    private static let firstReadBytes = 128 << 10

    /// Reads a pack's last part.
    /// - Throws: `missingPack`; `damaged` when the end is not what the format says; `storageFailed`.
    package init(reading name: Digest, from storage: any Storage) throws(RepositoryError) {
        let path = StoragePath.pack(name)
        guard let size = try storage.size(of: path) else { throw Self.missing(name) }
        var tailBytes = min(size, Self.firstReadBytes)
        while true {
            guard let tail = try storage.read(path, fromOffset: size - tailBytes, count: tailBytes) else {
                throw Self.missing(name)
            }
            let needed = try Self.headBytes(of: tail.span, pack: name, sizeBytes: size)
            if needed <= tailBytes {
                try self.init(name: name, sizeBytes: size, tail: tail.span)
                return
            }
            tailBytes = needed
        }
    }

    /// - Parameter tail: the last bytes of the pack, or all of it.
    package init(name: Digest, sizeBytes: Int, tail: Span<UInt8>) throws(RepositoryError) {
        let head = try Self.headBytes(of: tail, pack: name, sizeBytes: sizeBytes)
        guard head <= tail.count else {
            throw RepositoryError(.internalFault, "pack \(name): \(tail.count) bytes given, its head has \(head)")
        }
        let (directoryBytes, originsBytes) = Self.lengths(tail)
        let start = tail.count - head
        directory = tail.extracting(start..<(start + directoryBytes)).copied()
        clear = tail.extracting((start + directoryBytes)..<(start + directoryBytes + originsBytes)).copied()
        origins = try PackOrigin.decode(clear, pack: name)
        self.name = name
        self.sizeBytes = sizeBytes
        objectAreaBytes = sizeBytes - head
    }

    /// Opens the directory.
    /// - Throws: `wrongKey`, `damaged`.
    package func entries(_ listKey: ListKey) throws(RepositoryError) -> [PackEntry] {
        let plaintext = try listKey.open(
            directory, for: .directory, authenticating: clear, name: "the directory of pack \(name)")
        return try PackDirectory.decode(
            plaintext, pack: name, objectAreaBytes: objectAreaBytes, origins: origins.count)
    }

    static func missing(_ name: Digest) -> RepositoryError {
        RepositoryError(
            .missingPack, "pack \(name) is not in the repository",
            hint: "bring packs/\(name.hex) back from a copy of the repository")
    }

    /// How many bytes directory, origins and footer take together.
    private static func headBytes(
        of tail: Span<UInt8>, pack: Digest, sizeBytes: Int
    ) throws(RepositoryError) -> Int {
        guard tail.count >= PackLayout.footerBytes else {
            throw RepositoryError(.damaged, "pack \(pack) has \(sizeBytes) bytes, less than any pack")
        }
        let magic = tail.extracting(last: PackLayout.magic.count).copied()
        guard magic == PackLayout.magic else {
            throw RepositoryError(
                .damaged, "pack \(pack) does not end as a pack of format \(RepositoryFormat.number) does")
        }
        let (directory, origins) = lengths(tail)
        let head = directory + origins + PackLayout.footerBytes
        guard directory <= PackLayout.maximumDirectoryBytes, head + PackLayout.magic.count <= sizeBytes else {
            throw RepositoryError(.damaged, "pack \(pack) says that its head has \(head) of its \(sizeBytes) bytes")
        }
        return head
    }

    private static func lengths(_ tail: Span<UInt8>) -> (directory: Int, origins: Int) {
        let start = tail.count - PackLayout.footerBytes
        func number(_ offset: Int) -> Int {
            (0..<4).reduce(0) { $0 << 8 | Int(tail[start + offset + $1]) }
        }
        return (number(0), number(4))
    }
}
