import DRCrypto
import DRRepository
import Testing

@Suite struct ChunkerTests {
    static let seed = Array(UInt8(0)..<32)

    func lengths(_ chunker: Chunker, _ content: [UInt8]) -> [Int] {
        var lengths: [Int] = []
        var start = 0
        while start < content.count {
            lengths.append(chunker.chunkLength(in: content.span, from: start))
            start += lengths[lengths.count - 1]
        }
        return lengths
    }

    func small() throws -> ChunkerParameters {
        try #require(ChunkerParameters(minimumBytes: 256, averageBytes: 1024, maximumBytes: 4096))
    }

    /// The rule of TreeFormat, written as slowly as it reads.
    func specified(_ content: [UInt8], _ seed: [UInt8], _ parameters: ChunkerParameters) -> [Int] {
        var gear: [UInt64] = []
        for index in 0..<64 {
            let bytes = Digest.of(seed + [UInt8(index)]).bytes
            for word in 0..<4 { gear.append(bytes[word * 8..<word * 8 + 8].reduce(0) { $0 << 8 | UInt64($1) }) }
        }
        let bits = UInt64(parameters.averageBytes.trailingZeroBitCount)
        var lengths: [Int] = []
        var length = 0
        var hash: UInt64 = 0
        for byte in content {
            length += 1
            if length <= parameters.minimumBytes { continue }
            hash = hash << 1 &+ gear[Int(byte)]
            let zeros = length <= parameters.averageBytes ? bits + 2 : bits - 2
            if hash >> (64 - zeros) == 0 || length == parameters.maximumBytes {
                lengths.append(length)
                length = 0
                hash = 0
            }
        }
        if length > 0 { lengths.append(length) }
        return lengths
    }

    @Test("The fast loop cuts where the specification says", arguments: 1...8)
    func followsTheSpecification(seed: UInt64) throws {
        let parameters = try small()
        let content = noise(60_000 + Int(seed), seed: seed)
        let chunker = Chunker(seed: Self.seed, parameters: parameters)
        #expect(lengths(chunker, content) == specified(content, Self.seed, parameters))
    }

    @Test("These cuts are part of the format")
    func vectors() throws {
        let chunker = Chunker(seed: Self.seed, parameters: try small())
        #expect(lengths(chunker, noise(12_000, seed: 7)) == Self.vector)
    }

    /// Made by a script in another language from TreeFormat alone.
    static let vector = [593, 438, 1599, 609, 1139, 1102, 1356, 1192, 992, 1034, 1086, 860]

    @Test("Every chunk keeps to the limits, and they are about the average")
    func limits() throws {
        let parameters = try small()
        let found = lengths(Chunker(seed: Self.seed, parameters: parameters), noise(1_000_000))
        #expect(found.dropLast().allSatisfy { (parameters.minimumBytes...parameters.maximumBytes).contains($0) })
        #expect(found.reduce(0, +) == 1_000_000)
        #expect((900...1500).contains(1_000_000 / found.count))
    }

    @Test("An insertion moves the cuts near it only")
    func resynchronises() throws {
        let chunker = Chunker(seed: Self.seed, parameters: try small())
        let content = noise(300_000)
        let changed = Array(content[..<1000]) + [1, 2, 3] + content[1000...]
        let before = Set(ends(lengths(chunker, content)).map { $0 - content.count })
        let after = ends(lengths(chunker, changed)).map { $0 - changed.count }
        #expect(after.filter { !before.contains($0) }.count < 10)
    }

    func ends(_ lengths: [Int]) -> [Int] {
        var end = 0
        return lengths.map { length in
            end += length
            return end
        }
    }

    @Test("Another seed cuts elsewhere")
    func isKeyed() throws {
        let content = noise(100_000)
        let one = lengths(Chunker(seed: Self.seed, parameters: try small()), content)
        let other = lengths(Chunker(seed: Self.seed.reversed(), parameters: try small()), content)
        #expect(Set(ends(one)).intersection(ends(other)).count < 5)
    }

    @Test("Up to the minimum a file is one chunk, and nothing has none")
    func short() throws {
        let chunker = Chunker(seed: Self.seed, parameters: try small())
        for count in [0, 1, 255, 256] { #expect(chunker.chunkLength(in: noise(count).span) == count) }
        #expect(chunker.chunkLength(in: [UInt8](repeating: 0, count: 10_000).span) <= 4096)
    }

    @Test("Parameters that cannot work are refused")
    func parameters() {
        #expect(ChunkerParameters(minimumBytes: 63, averageBytes: 256, maximumBytes: 1024) == nil)
        #expect(ChunkerParameters(minimumBytes: 256, averageBytes: 256, maximumBytes: 1024) == nil)
        #expect(ChunkerParameters(minimumBytes: 64, averageBytes: 1000, maximumBytes: 4000) == nil)
        #expect(ChunkerParameters(minimumBytes: 64, averageBytes: 256, maximumBytes: 9 << 20) == nil)
        #expect(ChunkerParameters.standard.averageBytes == 1 << 20)
    }
}
