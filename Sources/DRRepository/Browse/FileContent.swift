/// A file's content in order, a part at a time; holes are zeros.
package struct FileContent {
    private static let mostZeros: Int64 = 1 << 20

    private let source: any ObjectSource
    private var chunks: ArraySlice<(chunk: FilePiece, offsetBytes: Int64)>
    private let sizeBytes: Int64
    private var position: Int64 = 0

    init(source: any ObjectSource, chunks: ArraySlice<(chunk: FilePiece, offsetBytes: Int64)>, sizeBytes: Int64) {
        self.source = source
        self.chunks = chunks
        self.sizeBytes = sizeBytes
    }

    /// The next part: a chunk, or at most 1 MiB of a hole; nil at the end.
    /// - Throws: where it is lost. What was given out before is right.
    package mutating func next() throws(RepositoryError) -> [UInt8]? {
        let end = chunks.first?.offsetBytes ?? sizeBytes
        if position < end {
            let count = min(end - position, Self.mostZeros)
            position += count
            return [UInt8](repeating: 0, count: Int(count))
        }
        guard let (chunk, _) = chunks.popFirst() else { return nil }
        let body = try source.read(chunk.link).body
        guard body.count == chunk.lengthBytes else {
            throw RepositoryError(.damaged, "chunk \(chunk.link.id) is not as long as its file says")
        }
        position += chunk.lengthBytes
        return body
    }
}
