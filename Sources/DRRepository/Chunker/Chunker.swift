internal import DRCrypto

/// Cuts content into chunks where the content says so, so that an insertion moves the cuts near it only.
///
/// FastCDC (Xia et al., USENIX ATC 2016) with normalised chunking: a gear hash rolls over the bytes, a cut is where
/// its high bits are zero; two more bits than the average asks for must be before the average length, two fewer
/// after it. The gear table comes from a secret of the domain, so that lengths of chunks, where they can be seen at
/// all, tell nobody without it which content they belong to.
package struct Chunker: Sendable {
    package let parameters: ChunkerParameters
    private let gear: [UInt64]
    private let maskBeforeAverage: UInt64
    private let maskAfterAverage: UInt64

    /// - Parameter seed: 32 secret bytes, `ObjectNaming.seed(for: "gear")`.
    ///
    /// The table's 256 words are the big-endian words of SHA-256(seed ‖ i) for the bytes i = 0...63, in order.
    package init(seed: [UInt8], parameters: ChunkerParameters = .standard) {
        self.parameters = parameters
        var gear: [UInt64] = []
        gear.reserveCapacity(256)
        for index in 0..<64 {
            let words = Digest.of(seed + [UInt8(index)]).words
            gear += [words.0, words.1, words.2, words.3]
        }
        self.gear = gear
        let averageBits = parameters.averageBytes.trailingZeroBitCount
        maskBeforeAverage = ~0 << UInt64(64 - (averageBits + 2))
        maskAfterAverage = ~0 << UInt64(64 - (averageBits - 2))
    }

    /// The length of the chunk that starts at `start`: at least 1 when a byte is there.
    ///
    /// What follows `start` must reach to the end of the file or over `parameters.maximumBytes`.
    package func chunkLength(in bytes: Span<UInt8>, from start: Int = 0) -> Int {
        let available = min(bytes.count - start, parameters.maximumBytes)
        if available <= parameters.minimumBytes { return max(0, available) }
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe gear.withUnsafeBufferPointer { gear in
                guard let content = buffer.baseAddress, let gear = gear.baseAddress else { return available }
                return unsafe cut(content + start, available, gear)
            }
        }
    }

    /// The hash starts at the shortest length: what comes before cannot be cut, so nobody reads it here.
    private func cut(_ bytes: UnsafePointer<UInt8>, _ count: Int, _ gear: UnsafePointer<UInt64>) -> Int {
        var hash: UInt64 = 0
        var position = parameters.minimumBytes
        let average = min(parameters.averageBytes, count)
        if let end = unsafe roll(bytes, &position, average, gear, maskBeforeAverage, &hash) { return end }
        if let end = unsafe roll(bytes, &position, count, gear, maskAfterAverage, &hash) { return end }
        return count
    }

    /// Rolls the hash up to `end`. Two bytes a turn, and both hashes of a turn start from the last one's, so that the
    /// chain from turn to turn is one shift and one addition.
    @inline(__always)
    private func roll(
        _ bytes: UnsafePointer<UInt8>, _ position: inout Int, _ end: Int, _ gear: UnsafePointer<UInt64>,
        _ mask: UInt64, _ hash: inout UInt64
    ) -> Int? {
        while position + 1 < end {
            let first = unsafe gear[Int(bytes[position])]
            let second = unsafe gear[Int(bytes[position + 1])]
            let middle = hash << 1 &+ first
            hash = hash << 2 &+ (first << 1 &+ second)
            if middle & mask == 0 { return position + 1 }
            if hash & mask == 0 { return position + 2 }
            position += 2
        }
        if position < end {
            hash = hash << 1 &+ (unsafe gear[Int(bytes[position])])
            position += 1
            if hash & mask == 0 { return position }
        }
        return nil
    }
}
