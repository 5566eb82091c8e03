import Testing

@testable import DRCrypto

@Suite struct AgeTests {
    struct FileCase: Decodable {
        let name: String, file: String, expect: String, identities: [String], passphrase: String?, plaintext: String?
    }

    @Test func everyFileIsOpenedOrRefusedForItsReason() throws {
        for vector in try vectors("age", of: FileCase.self) {
            let file = try #require(Base64.decode(vector.file))
            var identities = try vector.identities.map { try AgeIdentity(text: secret(Array($0.utf8))) }
            if let passphrase = vector.passphrase {
                identities.append(.passphrase(try secret(Array(passphrase.utf8))))
            }
            if vector.expect == "opens" {
                let plaintext = try Age.decrypt(file, identities: identities)
                #expect(Digest.of(reveal(plaintext)).hex == vector.plaintext, "\(vector.name)")
            } else {
                let error = failure { _ = try Age.decrypt(file, identities: identities) }
                #expect(error?.code.rawValue == vector.expect, "\(vector.name): \(String(describing: error))")
            }
        }
    }

    private static let chunk = 64 * 1024

    @Test(arguments: [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 3 * chunk + 17])
    func whatIsWrittenOpens(count: Int) throws {
        let plaintext = try SecretBytes.random(count: count)
        let identities = try (0..<3).map { _ in try AgeIdentity.generate() }
        let file = try Age.encrypt(plaintext, to: identities.compactMap(\.recipient))
        for identity in identities {
            #expect(try Age.decrypt(file, identities: [identity]).equals(plaintext))
        }
        let stranger = try AgeIdentity.generate()
        #expect(failure { _ = try Age.decrypt(file, identities: [stranger]) }?.code == .noMatchingIdentity)
    }

    @Test func aPassphraseOpens() throws {
        let plaintext = try secret([1, 2, 3])
        let right = try secret(Array("tür auf".utf8))
        let file = try Age.encrypt(plaintext, to: [.passphrase(right, workFactor: 8)])
        #expect(try Age.decrypt(file, identities: [.passphrase(right)]).equals(plaintext))
        let wrong = try secret(Array("tur auf".utf8))
        #expect(failure { _ = try Age.decrypt(file, identities: [.passphrase(wrong)]) }?.code == .wrongPassphrase)
        #expect(try Age.decrypt(file, identities: [.passphrase(wrong), .passphrase(right)]).equals(plaintext))
        var limits = AgeLimits()
        limits.workFactor = 7
        #expect(
            failure { _ = try Age.decrypt(file, identities: [.passphrase(right)], limits: limits) }?.code == .overLimit)
    }

    /// No bit of a file can be changed, and no byte taken away, without being noticed.
    @Test func anyFlippedBitIsRefused() throws {
        let identity = try AgeIdentity.generate()
        let recipient = try #require(identity.recipient)
        let file = try Age.encrypt(secret([1, 2, 3]), to: [recipient])
        for index in file.indices {
            for bit in 0..<8 {
                var changed = file
                changed[index] ^= 1 << UInt8(bit)
                #expect(throws: CryptoError.self, "byte \(index), bit \(bit)") {
                    try Age.decrypt(changed, identities: [identity])
                }
            }
            #expect(throws: CryptoError.self, "cut at \(index)") {
                try Age.decrypt(Array(file[..<index]), identities: [identity])
            }
        }
    }

    /// Chunks of 64 KiB that change places, are doubled, dropped, or stand where another ended.
    @Test func chunksKeepTheirPlaces() throws {
        let identity = try AgeIdentity.generate()
        let recipient = try #require(identity.recipient)
        let file = try Age.encrypt(SecretBytes.random(count: 3 * Self.chunk), to: [recipient])
        let sealed = Self.chunk + 16
        let head = Array(file[..<(file.count - 3 * sealed)])
        let chunks = (0..<3).map { Array(file[(head.count + $0 * sealed)...].prefix(sealed)) }
        #expect(
            try Age.decrypt(head + chunks[0] + chunks[1] + chunks[2], identities: [identity]).count == 3 * Self.chunk)
        for order in [[1, 0, 2], [0, 2, 1], [0, 1], [0, 2], [2], [0, 0, 1, 2], [0, 1, 2, 2], [0, 1, 1]] {
            let forged = head + order.flatMap { chunks[$0] }
            let error = failure { _ = try Age.decrypt(forged, identities: [identity]) }
            #expect(error?.code == .payloadNotAuthentic, "\(order)")
        }
    }

    @Test func recipientsThatCannotBeAreRefused() throws {
        let passphrase = try AgeRecipient.passphrase(secret([1]), workFactor: 8)
        let recipient = try #require(try AgeIdentity.generate().recipient)
        let plaintext = try secret([1])
        for recipients in [[], [passphrase, recipient], [passphrase, passphrase]] {
            #expect(failure { _ = try Age.encrypt(plaintext, to: recipients) }?.code == .invalidArgument)
        }
        #expect(failure { _ = try AgeRecipient.passphrase(secret([])) }?.code == .invalidArgument)
        #expect(failure { _ = try AgeRecipient.passphrase(secret([1]), workFactor: 23) }?.code == .invalidArgument)
        let lowOrder = AgeRecipient(try #require(X25519.PublicKey([UInt8](repeating: 0, count: 32))))
        #expect(failure { _ = try Age.encrypt(plaintext, to: [lowOrder]) }?.code == .weakPublicKey)
    }

    @Test func limitsHold() throws {
        let identity = try AgeIdentity.generate()
        let recipient = try #require(identity.recipient)
        let file = try Age.encrypt(SecretBytes.random(count: 100), to: [recipient, recipient, recipient])
        var limits = AgeLimits()
        limits.stanzaCount = 2
        #expect(failure { _ = try Age.decrypt(file, identities: [identity], limits: limits) }?.code == .overLimit)
        limits = AgeLimits()
        limits.headerByteCount = 150
        #expect(failure { _ = try Age.decrypt(file, identities: [identity], limits: limits) }?.code == .overLimit)
        limits = AgeLimits()
        limits.plaintextByteCount = 99
        #expect(failure { _ = try Age.decrypt(file, identities: [identity], limits: limits) }?.code == .overLimit)
        limits.plaintextByteCount = 100
        #expect(try Age.decrypt(file, identities: [identity], limits: limits).count == 100)
    }

    /// A payload of full chunks ends with a full one; an empty chunk behind it, well sealed, is a second way of writing
    /// the same plaintext, and refused.
    @Test func theLastChunkIsEmptyOnlyIfThePlaintextIs() throws {
        let identity = try AgeIdentity.generate()
        let recipient = try #require(identity.recipient)
        let file = try Age.encrypt(secret([]), to: [recipient])
        let header = try AgeHeader(parsing: file, limits: AgeLimits())
        let fileKey = try AgeStanzas.unwrap(
            AgeStanzas.known(header.stanzas, limits: AgeLimits()), with: [identity])
        let nonce = Array(file[header.byteCount...].prefix(16))
        var key = try AEADKey(
            .chaCha20Poly1305,
            key: HKDF.sha256(secret: fileKey, salt: nonce, info: Array("payload".utf8), count: 32))
        func sealed(_ count: Int, low: UInt64) throws -> [UInt8] {
            var output = [UInt8](repeating: 0, count: count + 16)
            var span = output.mutableSpan
            let plaintext = [UInt8](repeating: 0, count: count)
            try key.seal(plaintext.span, nonce: AEADNonce(low: low), associatedData: Span(), into: &span)
            return output
        }
        let head = Array(file[..<(header.byteCount + 16)])
        let right = try head + sealed(Self.chunk, low: 0 << 8 | 1)
        #expect(try Age.decrypt(right, identities: [identity]).count == Self.chunk)
        let two = try head + sealed(Self.chunk, low: 0 << 8) + sealed(1, low: 1 << 8 | 1)
        #expect(try Age.decrypt(two, identities: [identity]).count == Self.chunk + 1)
        let empty = try head + sealed(Self.chunk, low: 0 << 8) + sealed(0, low: 1 << 8 | 1)
        #expect(failure { _ = try Age.decrypt(empty, identities: [identity]) }?.code == .payloadNotAuthentic)
        let twice = try head + sealed(Self.chunk, low: 0 << 8 | 1) + sealed(1, low: 1 << 8 | 1)
        #expect(failure { _ = try Age.decrypt(twice, identities: [identity]) }?.code == .payloadNotAuthentic)
    }
}
