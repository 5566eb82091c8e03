internal import DRCrypto

/// The chunks of a part of a long file, with their lengths.
struct ChunkList {
    /// A file with more chunks than this has lists.
    static let mostDirectChunks = 8
    /// A list is not cut before it has this many chunks,
    static let leastChunks = 512
    /// then behind a chunk whose id ends in ten zero bits,
    static let cutMask: UInt64 = 1023
    /// and here at the latest.
    static let mostChunks = 4096

    var chunks: [FilePiece]

    init(chunks: [FilePiece]) { self.chunks = chunks }

    init(_ object: StoredObject) throws(RepositoryError) {
        var reader = try BodyReader(object, .chunkList)
        let count = try reader.count("the number of chunks", bytesEach: 1)
        guard (1...Self.mostChunks).contains(count) else { throw reader.wrong("it lists \(count) chunks") }
        chunks = []
        chunks.reserveCapacity(count)
        for _ in 0..<count {
            let length = Int64(try reader.number("a chunk's length", atMost: UInt64(Int32.max)))
            guard length > 0 else { throw reader.wrong("a chunk has no bytes") }
            chunks.append(FilePiece(link: try reader.link(.chunk), lengthBytes: length))
        }
        try reader.end()
    }

    var lengthBytes: Int64 { chunks.reduce(0) { $0 + $1.lengthBytes } }

    func encoded() -> (body: [UInt8], links: [ObjectLink]) {
        var writer = BodyWriter(reserving: chunks.count * 3 + 4)
        writer.byte(BodyWriter.layout)
        writer.number(chunks.count)
        for chunk in chunks { writer.number(UInt64(chunk.lengthBytes)) }
        return (writer.bytes, chunks.map(\.link))
    }

    /// The pieces of a file with these chunks: themselves where they are few, else the lists they are put into.
    static func pieces(of chunks: [FilePiece], sink: any ObjectSink) throws(RepositoryError) -> [FilePiece] {
        if chunks.count <= mostDirectChunks { return chunks }
        var pieces: [FilePiece] = []
        var start = 0
        for index in chunks.indices {
            let count = index + 1 - start
            let cuts = chunks[index].link.id.value.words.3 & cutMask == 0
            guard index == chunks.count - 1 || count == mostChunks || cuts && count >= leastChunks else { continue }
            let list = ChunkList(chunks: Array(chunks[start...index]))
            let encoded = list.encoded()
            let link = try sink.putNamed(.chunkList, body: encoded.body, links: encoded.links)
            pieces.append(FilePiece(link: link, lengthBytes: list.lengthBytes))
            start = index + 1
        }
        return pieces
    }
}
