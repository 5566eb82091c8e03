internal import DRCrypto
internal import FoundationEssentials

/// A statement in JSON inside a DSSE envelope with one Ed25519 signature.
///
/// What is signed is the exact payload: nobody has to write that JSON twice to check it. The envelope around it is
/// signed by nobody, and is taken only as it was written: keys sorted, no white space, one signature with its key's id.
enum SignedStatement {
    /// Which statement: the last part of the payload type `application/vnd.drctl.KIND+json`, or in-toto's own type for a
    /// statement in its form.
    enum Kind: String {
        case config, log, index, snapshot, inToto

        var payloadType: String {
            self == .inToto ? "application/vnd.in-toto+json" : "application/vnd.drctl.\(rawValue)+json"
        }
    }

    /// A statement that was opened: its value, and the exact bytes that were signed.
    struct Opened<Value> {
        let value: Value
        let payload: [UInt8]
        let signer: SignerID
    }

    static func seal(
        _ value: some Encodable, as kind: Kind, signedBy key: Ed25519.PrivateKey
    ) throws(RepositoryError) -> [UInt8] {
        let payload = try JSON.encode(value)
        do throws(CryptoError) {
            return try DSSEEnvelope(signing: payload, type: kind.payloadType, keys: [key]).encoded()
        } catch {
            throw RepositoryError(.internalFault, "a statement could not be signed: \(error.message)", cause: error)
        }
    }

    /// - Parameters:
    ///   - keys: whose signatures count.
    ///   - name: what errors call the statement.
    /// - Throws: `damaged` when it is no envelope; `notAuthentic` when nobody trusted signed these bytes.
    static func open<Value: Decodable>(
        _ bytes: [UInt8], as kind: Kind, _ type: Value.Type, trusting keys: [Ed25519.PublicKey], name: String
    ) throws(RepositoryError) -> Opened<Value> {
        do throws(CryptoError) {
            let envelope = try DSSEEnvelope(parsing: bytes)
            guard envelope.payloadType == kind.payloadType else {
                throw CryptoError(.malformed, "it holds \(envelope.payloadType.debugDescription)")
            }
            guard let signer = try envelope.signers(among: keys).first else {
                throw CryptoError(.badSignature, "nobody trusted signed it")
            }
            // What is around the payload is signed by nobody: it has to be what the writer wrote, to the last bit.
            guard envelope.signatures.map(\.keyID) == [DSSEEnvelope.keyID(of: signer)],
                try envelope.encoded() == bytes
            else { throw CryptoError(.malformed, "its envelope was changed") }
            let payload = envelope.unverifiedPayload
            let value = try decode(type, from: payload, name: name)
            return Opened(value: value, payload: payload, signer: SignerID(of: signer))
        } catch {
            throw explain(error, name)
        }
    }

    /// What an envelope says without anybody vouching for it: for finding the key that must have signed it.
    static func unverifiedPayload(_ bytes: [UInt8], name: String) throws(RepositoryError) -> [UInt8] {
        do throws(CryptoError) {
            return try DSSEEnvelope(parsing: bytes).unverifiedPayload
        } catch {
            throw explain(error, name)
        }
    }

    private static func explain(_ error: CryptoError, _ name: String) -> RepositoryError {
        switch error.code {
        case .badSignature:
            RepositoryError(.notAuthentic, "\(name) is not signed by a key that may sign it", cause: error)
        case .library: RepositoryError(.internalFault, "\(name): \(error.message)", cause: error)
        default: RepositoryError(.damaged, "\(name) is not a signed statement: \(error.message)", cause: error)
        }
    }

    /// A signed payload that is not what its type says was written by somebody who may sign: reported as malformed.
    private static func decode<Value: Decodable>(
        _ type: Value.Type, from payload: [UInt8], name: String
    ) throws(CryptoError) -> Value {
        do throws(RepositoryError) {
            return try JSON.decode(type, from: payload, name: name)
        } catch {
            throw CryptoError(.malformed, "its payload is not what the format says", cause: error.cause)
        }
    }
}

/// JSON with sorted keys and no white space.
enum JSON {
    /// - Parameters:
    ///   - userInfo: a key under which what is encoded finds `info`; nil for none.
    static func encode(
        _ value: some Encodable, userInfo: CodingUserInfoKey? = nil, _ info: (any Sendable)? = nil
    ) throws(RepositoryError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if let userInfo { encoder.userInfo[userInfo] = info }
        do {
            return [UInt8](try encoder.encode(value))
        } catch {
            throw RepositoryError(.internalFault, "a statement could not be written as JSON", cause: error)
        }
    }

    static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: [UInt8], name: String, userInfo: CodingUserInfoKey? = nil,
        _ info: (any Sendable)? = nil
    ) throws(RepositoryError) -> Value {
        let decoder = JSONDecoder()
        if let userInfo { decoder.userInfo[userInfo] = info }
        do {
            return try decoder.decode(type, from: Data(bytes))
        } catch {
            throw RepositoryError(.damaged, "\(name) is not what the format says", cause: error)
        }
    }
}
