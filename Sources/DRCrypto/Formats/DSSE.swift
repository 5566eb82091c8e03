import FoundationEssentials

/// Signed envelopes (DSSE v1.0.2): a payload, its type, and Ed25519 signatures over both.
///
/// The signature is over `DSSEv1 LEN(type) type LEN(payload) payload`, so the same bytes mean the same whatever JSON they
/// came in. A key id is a hint that nobody signed: verification tries the keys it was given and reads no ids.
package struct DSSEEnvelope: Sendable {
    /// One signature, verified by nobody yet.
    package struct Signature: Sendable {
        /// Lowercase hexadecimal SHA-256 of the raw public key, where drctl wrote it.
        package let keyID: String?
        package let bytes: [UInt8]
    }

    /// More signatures than this are not looked at: each costs a verification a key.
    package static let maximumSignatureCount = 64

    /// What kind of payload it claims to be; signed with the payload.
    package let payloadType: String
    /// What the envelope claims. Only `payload(type:verifiedBy:)` says that somebody signed it.
    package let unverifiedPayload: [UInt8]
    package let signatures: [Signature]

    /// What is signed.
    package static func preAuthenticationEncoding(type: String, payload: [UInt8]) -> [UInt8] {
        let type = Array(type.utf8)
        var bytes = Array("DSSEv1 \(type.count) ".utf8)
        bytes.reserveCapacity(bytes.count + type.count + payload.count + 24)
        bytes += type
        bytes += Array(" \(payload.count) ".utf8)
        bytes += payload
        return bytes
    }

    /// Signs a payload with every one of the keys.
    ///
    /// - Throws: `invalidArgument` without keys or with too many; `library`.
    package init(signing payload: [UInt8], type: String, keys: [Ed25519.PrivateKey]) throws(CryptoError) {
        guard (1...Self.maximumSignatureCount).contains(keys.count) else {
            throw CryptoError(.invalidArgument, "an envelope takes 1 to \(Self.maximumSignatureCount) signatures")
        }
        let signed = Self.preAuthenticationEncoding(type: type, payload: payload)
        var signatures: [Signature] = []
        for key in keys {
            signatures.append(
                Signature(keyID: Self.keyID(of: key.publicKey), bytes: try key.signature(of: signed.span)))
        }
        payloadType = type
        unverifiedPayload = payload
        self.signatures = signatures
    }

    /// The hint by which drctl names a key: the lowercase hexadecimal SHA-256 of its 32 raw bytes.
    package static func keyID(of key: Ed25519.PublicKey) -> String { Digest.of(key.bytes).hex }

    /// Those of the keys that signed this envelope, in the order given; empty if none did.
    ///
    /// - Throws: `library` when that could not be established.
    package func signers(among keys: [Ed25519.PublicKey]) throws(CryptoError) -> [Ed25519.PublicKey] {
        let signed = Self.preAuthenticationEncoding(type: payloadType, payload: unverifiedPayload)
        var found: [Ed25519.PublicKey] = []
        for key in keys where !found.contains(key) {
            for signature in signatures where try key.verifies(signature.bytes, of: signed.span) {
                found.append(key)
                break
            }
        }
        return found
    }

    /// The payload, if it is of the type expected and at least one of the keys signed it.
    ///
    /// - Throws: `badSignature` if none did; `malformed` if it is of another type; `library`.
    package func payload(type: String, verifiedBy keys: [Ed25519.PublicKey]) throws(CryptoError) -> [UInt8] {
        guard payloadType == type else {
            throw CryptoError(.malformed, "the envelope holds \(payloadType.debugDescription), not \(type)")
        }
        guard try !signers(among: keys).isEmpty else {
            throw CryptoError(
                .badSignature, "none of the \(keys.count) trusted keys signed this \(type)",
                hint: "it was changed, or another key signed it")
        }
        return unverifiedPayload
    }
}

extension DSSEEnvelope {
    private struct Wire: Codable {
        struct Signature: Codable {
            var keyid: String?
            var sig: String
        }
        var payload: String
        var payloadType: String
        var signatures: [Signature]
    }

    /// One JSON object with sorted keys and no white space.
    ///
    /// - Throws: `malformed` if the encoder refuses, which it has no reason to.
    package func encoded() throws(CryptoError) -> [UInt8] {
        let wire = Wire(
            payload: Base64.encode(unverifiedPayload), payloadType: payloadType,
            signatures: signatures.map { Wire.Signature(keyid: $0.keyID, sig: Base64.encode($0.bytes)) })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(wire))
        } catch {
            throw CryptoError(.malformed, "an envelope could not be written as JSON", cause: error)
        }
    }

    /// Reads an envelope; verifies nothing.
    ///
    /// Base64 may be standard or URL-safe and fields that are not known are passed over, as the specification asks.
    ///
    /// - Throws: `malformed`; `overLimit` for too many signatures.
    package init(parsing json: [UInt8]) throws(CryptoError) {
        let wire: Wire
        do {
            wire = try JSONDecoder().decode(Wire.self, from: Data(json))
        } catch {
            throw CryptoError(.malformed, "this is not a DSSE envelope in JSON", cause: error)
        }
        guard wire.signatures.count <= Self.maximumSignatureCount else {
            throw CryptoError(.overLimit, "the envelope has \(wire.signatures.count) signatures")
        }
        guard let payload = Base64.decode(wire.payload, alphabet: .standardOrURLSafe) else {
            throw CryptoError(.malformed, "the envelope's payload is not base64")
        }
        var signatures: [Signature] = []
        for signature in wire.signatures {
            guard let bytes = Base64.decode(signature.sig, alphabet: .standardOrURLSafe) else {
                throw CryptoError(.malformed, "a signature of the envelope is not base64")
            }
            signatures.append(Signature(keyID: signature.keyid, bytes: bytes))
        }
        guard !signatures.isEmpty else { throw CryptoError(.malformed, "the envelope has no signature") }
        payloadType = wire.payloadType
        unverifiedPayload = payload
        self.signatures = signatures
    }
}
