import Testing

@testable import DRCrypto

@Suite struct PublicKeyTests {
    struct AgreementCase: Decodable {
        let name: String, privateKey: Hex, peer: Hex, publicKey: String?, shared: String?
    }

    @Test func publishedAgreements() throws {
        for vector in try vectors("x25519", of: AgreementCase.self) {
            let key = try X25519.PrivateKey(secret(vector.privateKey.bytes))
            let peer = try #require(X25519.PublicKey(vector.peer.bytes))
            if let expected = vector.publicKey { #expect(hex(key.publicKey.bytes) == expected, "\(vector.name)") }
            if let expected = vector.shared {
                #expect(try hex(reveal(key.sharedSecret(with: peer))) == expected, "\(vector.name)")
            } else {
                #expect(failure { _ = try key.sharedSecret(with: peer) }?.code == .weakPublicKey, "\(vector.name)")
            }
        }
    }

    @Test func twoNewKeysAgree() throws {
        let one = try X25519.PrivateKey()
        let other = try X25519.PrivateKey()
        let third = try X25519.PrivateKey()
        let shared = try one.sharedSecret(with: other.publicKey)
        #expect(try shared.equals(other.sharedSecret(with: one.publicKey)))
        #expect(try !shared.equals(third.sharedSecret(with: one.publicKey)))
    }

    struct SignatureCase: Decodable {
        let name: String, seed: Hex, publicKey: String, message: Hex, signature: String
    }

    @Test func publishedSignatures() throws {
        for vector in try vectors("ed25519", of: SignatureCase.self) {
            let key = try Ed25519.PrivateKey(seed: secret(vector.seed.bytes))
            #expect(hex(key.publicKey.bytes) == vector.publicKey, "\(vector.name)")
            let signature = try key.signature(of: vector.message.bytes.span)
            #expect(hex(signature) == vector.signature, "\(vector.name)")
            #expect(try key.publicKey.verifies(signature, of: vector.message.bytes.span), "\(vector.name)")
        }
    }

    @Test func anyFlippedBitIsRefused() throws {
        let key = try Ed25519.PrivateKey()
        let message: [UInt8] = [1, 2, 3]
        let signature = try key.signature(of: message.span)
        func flipped(_ bytes: [UInt8], bit: Int) -> [UInt8] {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            return changed
        }
        for bit in 0..<512 {
            #expect(try !key.publicKey.verifies(flipped(signature, bit: bit), of: message.span))
        }
        for bit in 0..<24 {
            #expect(try !key.publicKey.verifies(signature, of: flipped(message, bit: bit).span))
        }
        for bit in 0..<256 {
            let other = try #require(Ed25519.PublicKey(flipped(key.publicKey.bytes, bit: bit)))
            #expect(try !other.verifies(signature, of: message.span))
        }
        #expect(try !key.publicKey.verifies([], of: message.span))
        #expect(try !key.publicKey.verifies(signature + [0], of: message.span))
        #expect(try key.publicKey.verifies(signature, of: message.span))
    }

    @Test func wrongLengthsAreRefused() throws {
        #expect(X25519.PublicKey([1]) == nil)
        #expect(Ed25519.PublicKey([1]) == nil)
        #expect(failure { _ = try X25519.PrivateKey(secret([1])) }?.code == .invalidArgument)
        #expect(failure { _ = try Ed25519.PrivateKey(seed: secret([1])) }?.code == .invalidArgument)
    }
}
