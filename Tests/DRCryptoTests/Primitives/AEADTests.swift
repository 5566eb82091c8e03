import Testing

@testable import DRCrypto

@Suite struct AEADTests {
    struct SealedCase: Decodable {
        let name: String, algorithm: String, key: Hex, nonce: Hex, associatedData: Hex, plaintext: Hex, sealed: Hex

        var cipher: AEADAlgorithm { algorithm == "AES-256-GCM" ? .aes256GCM : .chaCha20Poly1305 }
    }

    @Test func publishedMessages() throws {
        for vector in try vectors("aead", of: SealedCase.self) {
            let nonce = try #require(AEADNonce(vector.nonce.bytes))
            let key = try secret(vector.key.bytes)
            let sealed = try AEAD.seal(
                vector.plaintext.bytes.span, algorithm: vector.cipher, key: key, nonce: nonce,
                associatedData: vector.associatedData.bytes)
            #expect(hex(sealed) == vector.sealed.description, "\(vector.name)")
            let opened = try AEAD.open(
                sealed.span, algorithm: vector.cipher, key: key, nonce: nonce,
                associatedData: vector.associatedData.bytes)
            #expect(reveal(opened) == vector.plaintext.bytes, "\(vector.name)")
        }
    }

    /// Every bit of ciphertext, tag, associated data, nonce and key, one at a time, and every shorter length.
    @Test(arguments: AEADAlgorithm.allCases)
    func anyFlippedBitIsRefused(algorithm: AEADAlgorithm) throws {
        let plaintext = (0..<37).map { UInt8($0) }
        let keyBytes = [UInt8](repeating: 7, count: 32)
        let nonceBytes = [UInt8](1...12)
        let data: [UInt8] = [4, 5, 6]
        let sealed = try AEAD.seal(
            plaintext.span, algorithm: algorithm, key: secret(keyBytes), nonce: #require(AEADNonce(nonceBytes)),
            associatedData: data)

        func code(_ sealed: [UInt8], _ key: [UInt8], _ nonce: [UInt8], _ data: [UInt8]) -> CryptoError.Code? {
            failure {
                _ = try AEAD.open(
                    sealed.span, algorithm: algorithm, key: secret(key), nonce: #require(AEADNonce(nonce)),
                    associatedData: data)
            }?.code
        }
        for flipped in flips(sealed) { #expect(code(flipped, keyBytes, nonceBytes, data) == .notAuthentic) }
        for flipped in flips(keyBytes) { #expect(code(sealed, flipped, nonceBytes, data) == .notAuthentic) }
        for flipped in flips(nonceBytes) { #expect(code(sealed, keyBytes, flipped, data) == .notAuthentic) }
        for flipped in flips(data) { #expect(code(sealed, keyBytes, nonceBytes, flipped) == .notAuthentic) }
        for count in 0..<sealed.count {
            #expect(code(Array(sealed[..<count]), keyBytes, nonceBytes, data) == .notAuthentic)
        }
        #expect(code(sealed + [0], keyBytes, nonceBytes, data) == .notAuthentic)
        #expect(code(sealed, keyBytes, nonceBytes, []) == .notAuthentic)
    }

    private func flips(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.indices.flatMap { index in
            (0..<8).map { bit in
                var changed = bytes
                changed[index] ^= 1 << UInt8(bit)
                return changed
            }
        }
    }

    @Test(arguments: AEADAlgorithm.allCases)
    func nothingIsReleasedBeforeTheTagFits(algorithm: AEADAlgorithm) throws {
        var key = try AEADKey(algorithm, key: secret([UInt8](repeating: 1, count: 32)))
        let plaintext = [UInt8](repeating: 0x5a, count: 100_000)
        var sealed = [UInt8](repeating: 0, count: plaintext.count + 16)
        var sealedSpan = sealed.mutableSpan
        try key.seal(plaintext.span, nonce: AEADNonce(low: 1), associatedData: [UInt8]().span, into: &sealedSpan)
        sealed[sealed.count - 1] ^= 1

        var output = [UInt8](repeating: 0xee, count: plaintext.count + 5)
        var span = output.mutableSpan
        do {
            try key.open(sealed.span, nonce: AEADNonce(low: 1), associatedData: [UInt8]().span, into: &span)
            Issue.record("a wrong tag was taken")
        } catch {
            #expect(error.code == .notAuthentic)
        }
        #expect(output[..<plaintext.count].allSatisfy { $0 == 0 })
        #expect(output[plaintext.count...].allSatisfy { $0 == 0xee }, "wrote beyond what it opened")

        // The key still works after a refusal.
        sealed[sealed.count - 1] ^= 1
        var again = output.mutableSpan
        let count = try key.open(
            sealed.span, nonce: AEADNonce(low: 1), associatedData: [UInt8]().span, into: &again)
        #expect(Array(output[..<count]) == plaintext)
    }

    /// One key, sealing and opening in turns, at lengths around the ciphers' blocks.
    @Test(arguments: AEADAlgorithm.allCases)
    func oneKeyServesManyMessages(algorithm: AEADAlgorithm) throws {
        let secretKey = try SecretBytes.random(count: 32)
        var key = try AEADKey(algorithm, key: secretKey)
        var seen: Set<[UInt8]> = []
        for count in [0, 1, 15, 16, 17, 63, 64, 65, 4096, 65_537] {
            let plaintext = try SecureRandom.bytes(count)
            let nonce = AEADNonce(high: 3, low: UInt64(count))
            let data = Array("data \(count)".utf8)
            var sealed = [UInt8](repeating: 0, count: count + 16)
            var span = sealed.mutableSpan
            #expect(try key.seal(plaintext.span, nonce: nonce, associatedData: data.span, into: &span) == count + 16)
            #expect(seen.insert(sealed).inserted)
            #expect(
                try sealed
                    == AEAD.seal(
                        plaintext.span, algorithm: algorithm, key: secretKey, nonce: nonce, associatedData: data))
            var opened = [UInt8](repeating: 0, count: count)
            var openedSpan = opened.mutableSpan
            #expect(
                try key.open(sealed.span, nonce: nonce, associatedData: data.span, into: &openedSpan) == count)
            #expect(opened == plaintext)
        }
    }

    @Test func wrongLengthsAreRefused() throws {
        #expect(failure { _ = try AEADKey(.aes256GCM, key: secret([1, 2, 3])) }?.code == .invalidArgument)
        var key = try AEADKey(.aes256GCM, key: SecretBytes.random(count: 32))
        var short = [UInt8](repeating: 0, count: 18)
        var span = short.mutableSpan
        do {
            try key.seal([1, 2, 3].span, nonce: AEADNonce(low: 0), associatedData: [UInt8]().span, into: &span)
            Issue.record("sealed into a buffer that is too short")
        } catch {
            #expect(error.code == .invalidArgument)
        }
        #expect(short.allSatisfy { $0 == 0 })
        for offset in [-1, 1, 19, Int.max] {
            var longer = [UInt8](repeating: 0, count: 19)
            var span = longer.mutableSpan
            do {
                try key.seal(
                    [1, 2, 3].span, nonce: AEADNonce(low: 0), associatedData: Span(), into: &span, at: offset)
                Issue.record("sealed beyond the buffer, at \(offset)")
            } catch {
                #expect(error.code == .invalidArgument)
            }
        }
        #expect(AEADNonce([1, 2, 3]) == nil)
        #expect(AEADNonce([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2]) == AEADNonce(high: 1, low: 2))
    }

    @Test(arguments: AEADAlgorithm.allCases)
    func anOffsetIsKept(algorithm: AEADAlgorithm) throws {
        var key = try AEADKey(algorithm, key: SecretBytes.random(count: 32))
        let plaintext: [UInt8] = [1, 2, 3]
        var buffer = [UInt8](repeating: 0xee, count: 40)
        var span = buffer.mutableSpan
        try key.seal(plaintext.span, nonce: AEADNonce(low: 9), associatedData: Span(), into: &span, at: 10)
        #expect(buffer[..<10].allSatisfy { $0 == 0xee } && buffer[29...].allSatisfy { $0 == 0xee })
        let sealed = Array(buffer[10..<29])
        var back = [UInt8](repeating: 0xee, count: 8)
        var backSpan = back.mutableSpan
        try key.open(sealed.span, nonce: AEADNonce(low: 9), associatedData: Span(), into: &backSpan, at: 4)
        #expect(back == [0xee, 0xee, 0xee, 0xee, 1, 2, 3, 0xee])
    }
}
