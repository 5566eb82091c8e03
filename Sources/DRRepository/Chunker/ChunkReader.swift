internal import DRSystem

/// Reads content and gives its chunks one after the other, from a buffer that is used again.
struct ChunkReader: ~Copyable {
    /// A chunk that was cut and named; `content` is copied out only when it has to be stored.
    struct Chunk {
        let id: ObjectID
        let range: Range<Int>
        var byteCount: Int { range.count }
    }

    private let chunker: Chunker
    private let naming: any ObjectNaming
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false
    private var bytesLeft = Int64.max

    init(chunker: Chunker, naming: any ObjectNaming) {
        self.chunker = chunker
        self.naming = naming
        buffer.reserveCapacity(chunker.parameters.maximumBytes * 2)
    }

    /// Starts with another file, or another part of one: where it stands, and not further than `limitBytes`.
    mutating func reset(limitBytes: Int64) {
        bytesLeft = limitBytes
        buffer.removeAll(keepingCapacity: true)
        position = 0
        isAtEnd = false
    }

    /// - Returns: nil at the end of the file.
    mutating func next(from file: borrowing OpenFile) throws(SystemError) -> Chunk? {
        try next { (count, bytes) throws(SystemError) in try file.read(upTo: count, appendingTo: &bytes) }
    }

    /// - Parameter read: appends so many bytes of the content to what it is given; fewer at its end only.
    /// - Returns: nil at the end of the content.
    mutating func next<Failure: Error>(
        reading read: (Int, inout [UInt8]) throws(Failure) -> Int
    ) throws(Failure) -> Chunk? {
        let longest = chunker.parameters.maximumBytes
        if !isAtEnd, buffer.count - position < longest {
            buffer.removeSubrange(0..<position)
            position = 0
            let room = longest * 2 - buffer.count
            let wanted = Int(min(Int64(room), bytesLeft))
            let count = try read(wanted, &buffer)
            bytesLeft -= Int64(count)
            isAtEnd = count < room
        }
        let length = chunker.chunkLength(in: buffer.span, from: position)
        if length == 0 { return nil }
        let range = position..<position + length
        position += length
        return Chunk(id: naming.chunkID(of: buffer, range), range: range)
    }

    /// The bytes of the chunk that ``next(from:)`` gave last.
    func content(of chunk: Chunk) -> [UInt8] { Array(buffer[chunk.range]) }
}

extension ObjectNaming {
    /// The id of a chunk with this content.
    package func chunkID(of content: [UInt8]) -> ObjectID {
        unsafe content.withUnsafeBytes { unsafe chunkID(of: $0) }
    }

    /// The id of a chunk with the content of a part of `bytes`.
    func chunkID(of bytes: [UInt8], _ range: Range<Int>) -> ObjectID {
        unsafe bytes.withUnsafeBytes { unsafe chunkID(of: UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}
