import Testing

@testable import DRCrypto

/// One after another: one test fills the secure heap, another looks at it.
@Suite(.serialized) struct SecretBytesTests {
    @Test func whatGoesInComesOut() throws {
        let bytes: [UInt8] = Array(0...255)
        let whole = try secret(bytes)
        #expect(reveal(whole) == bytes)
        #expect(try reveal(whole.part(10..<20)) == Array(bytes[10..<20]))
        #expect(try reveal(whole.part(0..<0)) == [])
        #expect(failure { _ = try whole.part(250..<257) }?.code == .invalidArgument)
        var mine: [UInt8] = [1, 2, 3]
        #expect(try reveal(SecretBytes(taking: &mine)) == [1, 2, 3])
        #expect(mine.isEmpty)
    }

    @Test func isNeverPrinted() throws {
        let marked = try secret(Array("tell-nobody".utf8))
        var dumped = ""
        dump(marked, to: &dumped)
        for text in ["\(marked)", String(reflecting: marked), String(describing: [marked]), dumped] {
            #expect(!text.contains("tell-nobody"))
            #expect(!text.contains("116"))  // "t", were it shown as a list of numbers
            #expect(text.contains("11 secret bytes"))
        }
        let asAny: Any = marked
        #expect(!(asAny is any Encodable))
    }

    @Test func equalityIsOfLengthAndBytes() throws {
        #expect(try secret([1, 2]).equals(secret([1, 2])))
        #expect(try !secret([1, 2]).equals(secret([1, 3])))
        #expect(try !secret([1, 2]).equals(secret([1, 2, 0])))
        #expect(constantTimeEqual([], []))
        #expect(!constantTimeEqual([1], []))
    }

    /// Far more than the secure heap holds: the ordinary heap takes over.
    @Test func moreThanTheSecureHeapHolds() throws {
        let large = try SecretBytes.random(count: 1 << 20)
        let bytes = reveal(large)
        #expect(bytes.count == 1 << 20)
        #expect(Set(bytes).count == 256)
        let many = try (0..<10_000).map { try secret([UInt8(truncatingIfNeeded: $0)]) }
        for (index, one) in many.enumerated() { #expect(reveal(one) == [UInt8(truncatingIfNeeded: index)]) }
    }

    @Test func aThrowingFillLeavesNothing() throws {
        let error = failure {
            _ = try SecretBytes(count: 8) { _ throws(CryptoError) in throw CryptoError(.malformed, "no") }
        }
        #expect(error?.code == .malformed)
        #expect(failure { _ = try SecretBytes.random(count: -1) }?.code == .invalidArgument)
    }

    @Test func randomnessDiffers() throws {
        let drawn = try (0..<100).map { _ in try SecureRandom.bytes(16) }
        #expect(Set(drawn).count == 100)
        #expect(try SecureRandom.bytes(0) == [])
        #expect(try SecureRandom.word() != SecureRandom.word())
        #expect(failure { _ = try SecureRandom.bytes(-1) }?.code == .invalidArgument)
    }

    /// Looks at the secure heap, which stays mapped, after the last reference went.
    @Test(.enabled(if: SecretBytes.areLocked, "this machine has no locked memory to look at"))
    func isOverwrittenInTheEnd() throws {
        let pattern = [UInt8](repeating: 0xa7, count: 64)
        var kept: SecretBytes? = try secret(pattern)
        let address = kept?.withBytes { span in unsafe span.withUnsafeBytes { Int(bitPattern: $0.baseAddress) } }
        #expect(memory(at: address) == pattern)
        kept = nil
        // The heap links free places through their first bytes, and another test may have taken this one.
        #expect(!memory(at: address).suffix(32).contains(0xa7))
    }

    private func memory(at address: Int?) -> [UInt8] {
        guard let address, let place = unsafe UnsafeRawPointer(bitPattern: address) else { return [] }
        return unsafe Array(UnsafeRawBufferPointer(start: place, count: 64))
    }
}
