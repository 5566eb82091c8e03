import DRCrypto
import Testing

@Suite struct AgeWriterTests {
    static let chunk = 64 * 1024

    @Test(
        "What is written in pieces opens as what was written",
        arguments: [0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk, 3 * chunk + 7], [1, 1000, 65536, 1 << 20])
    func pieces(byteCount: Int, pieceBytes: Int) throws {
        // Many tiny pieces of a long text show nothing more, and take long.
        guard byteCount / pieceBytes < 10_000 else { return }
        let plaintext = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let identity = try AgeIdentity.generate()
        var writer = try AgeWriter(to: [try #require(identity.recipient)])
        var file = writer.header
        var start = 0
        while start < byteCount {
            let end = min(byteCount, start + pieceBytes)
            file += try writer.seal(Array(plaintext[start..<end]))
            start = end
        }
        file += try writer.finish()
        let opened = try Age.decrypt(file, identities: [identity])
        #expect(opened.withBytes { $0.count } == byteCount)
        #expect(opened.withBytes { bytes in plaintext.indices.allSatisfy { bytes[$0] == plaintext[$0] } })
    }

    @Test("A file without its end does not open")
    func unfinished() throws {
        let identity = try AgeIdentity.generate()
        var writer = try AgeWriter(to: [try #require(identity.recipient)])
        let file = writer.header + (try writer.seal([UInt8](repeating: 1, count: 3 * Self.chunk)))
        #expect(throws: CryptoError.self) { try Age.decrypt(file, identities: [identity]) }
    }

    @Test("Without a recipient there is no file")
    func nobody() { #expect(throws: CryptoError.self) { _ = try AgeWriter(to: []).header } }
}
