import DRCrypto
import DRSystem
import SystemPackage

@testable import DRRepository

/// A local index of synthetic chunks: what it costs to make, to keep and to ask.
struct IndexBench {
    let folder: FilePath
    let chunkCount: Int
    /// As 16 MB of small files make them.
    static let chunksPerPack = 300
    static let questions = 1_000_000

    private var place: SortedIndexPlace {
        SortedIndexPlace(
            path: folder.appending("objects.index"), seed: [UInt8](repeating: 7, count: 32),
            binding: Digest.of("bench"))
    }

    func build() throws {
        let builder = SortedIndexBuilder(place)
        let taken = try seconds {
            var start = 0
            var number = 0
            while start < chunkCount {
                let end = min(chunkCount, start + Self.chunksPerPack)
                try builder.add(
                    IndexedPack(
                        name: Digest.of("pack \(number)"), sizeBytes: 16 << 20, host: SignerID(Digest.of("host")),
                        objects: (start..<end).map {
                            IndexedPack.Object(
                                link: ObjectLink(.chunk, Self.id(UInt64($0))), storedBytes: 50_000,
                                plaintextBytes: 60_000)
                        }))
                start = end
                number += 1
            }
            try builder.finish(covered: [])
        }.seconds
        let size = try FileStatus(of: place.path).sizeBytes
        print("build: \(rounded(taken)) s, \(rounded(Double(chunkCount) / taken / 1e6, 2)) million chunks a second")
        print("size: \(rounded(Double(size) / Double(chunkCount), 2)) bytes a chunk, packs included")
        print("peak memory while it is built: \(rounded(memory("VmHWM"))) MB")
    }

    func ask() throws {
        let before = memory("VmRSS")
        let opened = seconds { SortedIndex(place) }
        guard let index = opened.result else { throw IndexPage.failed("there is none") }
        print("open: \(rounded(opened.seconds * 1000)) ms")
        let places = ObjectPlaces(base: index)
        var state: UInt64 = 1
        for (what, offset) in [("found", UInt64(0)), ("not found", UInt64(1) << 40)] {
            var found = 0
            let taken = try seconds {
                for _ in 0..<Self.questions {
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    let id = Self.id(offset + (state >> 16) % UInt64(chunkCount))
                    if try places.location(of: id) != nil { found += 1 }
                }
            }.seconds
            print(
                "\(what): \(Int(Double(Self.questions) / taken)) questions a second, \(found) of \(Self.questions) found"
            )
        }
        print(
            "resident: \(rounded(memory("VmRSS") - before)) MB more than before, \(rounded(memory("VmHWM"))) MB at most"
        )
    }

    /// SplitMix64, four words of it: spread evenly, as ids are.
    private static func id(_ number: UInt64) -> ObjectID {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for word in 0..<4 {
            var value = (number &* 4 &+ UInt64(word)) &* 0x9e37_79b9_7f4a_7c15
            value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
            value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
            value ^= value >> 31
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
            }
        }
        return ObjectID(Digest(bytes) ?? Digest.of(bytes))
    }
}
