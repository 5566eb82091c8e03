import Testing

@testable import DRCrypto

@Suite struct DigestTests {
    struct DigestCase: Decodable { let name: String, message: Hex, `repeat`: Int, digest: String }

    @Test func publishedDigests() throws {
        for vector in try vectors("sha256", of: DigestCase.self) {
            var hasher = SHA256()
            for _ in 0..<vector.repeat { hasher.update(vector.message.bytes) }
            #expect(hasher.finish().hex == vector.digest, "\(vector.name)")
            let whole = [UInt8]((0..<vector.repeat).flatMap { _ in vector.message.bytes })
            #expect(Digest.of(whole).hex == vector.digest, "\(vector.name)")
        }
    }

    @Test(arguments: [0, 1, 55, 56, 63, 64, 65, 127, 128, 1000])
    func piecesDoNotMatter(count: Int) {
        let message = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for cut in stride(from: 0, through: count, by: 7) {
            var hasher = SHA256()
            hasher.update(Array(message[..<cut]))
            let rest = message[cut...]
            hasher.update(rest.span)
            #expect(hasher.finish() == Digest.of(message))
        }
    }

    @Test func aFinishedHasherIsAsNew() {
        var hasher = SHA256()
        hasher.update([1, 2, 3])
        _ = hasher.finish()
        hasher.update(Array("abc".utf8))
        #expect(hasher.finish() == Digest.of("abc"))
        #expect(hasher.finish() == Digest.of(""))
    }

    @Test func rawMemoryAndArraysAgree() {
        let message: [UInt32] = [1, 2, 3]
        var hasher = SHA256()
        unsafe message.withUnsafeBytes { unsafe hasher.update($0) }
        let bytes: [UInt8] = unsafe message.withUnsafeBytes { unsafe Array($0) }
        #expect(hasher.finish() == Digest.of(bytes))
    }

    @Test func textAndBytesThereAndBack() throws {
        let digest = Digest.of("abc")
        #expect(Digest(hex: digest.hex) == digest)
        #expect(Digest(digest.bytes) == digest)
        #expect(Digest(hex: digest.hex.uppercased()) == nil)
        #expect(Digest(hex: digest.hex + "00") == nil)
        #expect(Digest(hex: String(digest.hex.dropLast())) == nil)
        #expect(Digest(Array(digest.bytes.dropLast())) == nil)
        #expect(Digest(digest.bytes + [0]) == nil)
    }

    @Test func orderIsTheOrderOfTheBytes() throws {
        let digests = (0..<200).map { Digest.of("\($0)") }
        #expect(digests.sorted().map(\.hex) == digests.map(\.hex).sorted())
    }
}
