/// What a reader of age files will take on before it gives up.
package struct AgeLimits: Sendable {
    /// The longest header, in bytes.
    package var headerByteCount = 64 * 1024
    /// The most recipients of one file.
    package var stanzaCount = 256
    /// The largest scrypt work factor: 20 costs 1 GiB of memory and some seconds; stock age writes 18.
    package var workFactor = 20
    /// The longest plaintext, in bytes.
    package var plaintextByteCount = 1 << 30

    /// Limits that stock age's files keep to, with memory to match.
    package init() {}
}

/// Whom an age file is encrypted to.
package struct AgeRecipient: Sendable {
    enum Kind: Sendable {
        case x25519(X25519.PublicKey)
        case passphrase(SecretBytes, workFactor: Int)
    }

    let kind: Kind

    private static let prefix = "age"

    /// Whoever holds the private key that belongs to this one.
    package init(_ publicKey: X25519.PublicKey) { kind = .x25519(publicKey) }

    /// Reads `age1…`, in lower case as `age-keygen` prints it.
    ///
    /// - Throws: `malformed` saying what is wrong with the text.
    package init(_ text: String) throws(CryptoError) {
        let bytes: SecretBytes
        do {
            bytes = try Bech32.decode(prefix: Self.prefix, SecretBytes(copying: Array(text.utf8)))
        } catch {
            throw CryptoError(
                .malformed, "not an age recipient: \(error.message)",
                hint: "a recipient is what `age-keygen -y` prints, age1 and 58 more letters", cause: error)
        }
        guard let key = X25519.PublicKey(bytes.withBytes { span in span.indices.map { span[$0] } }) else {
            throw CryptoError(.malformed, "not an age recipient: it holds \(bytes.count) bytes instead of 32")
        }
        kind = .x25519(key)
    }

    private init(kind: Kind) { self.kind = kind }

    /// A passphrase, which must be the only recipient of its file.
    ///
    /// - Parameter workFactor: the base-2 logarithm of scrypt's N. Writing and opening take 2^(workFactor + 10) bytes.
    /// - Throws: `invalidArgument` for an empty passphrase or a work factor that is not 1 to 22, which is all that stock
    ///   age opens.
    package static func passphrase(_ passphrase: SecretBytes, workFactor: Int = 18) throws(CryptoError) -> AgeRecipient
    {
        guard passphrase.count > 0 else { throw CryptoError(.invalidArgument, "the passphrase is empty") }
        guard (1...22).contains(workFactor) else {
            throw CryptoError(.invalidArgument, "a work factor of \(workFactor): age takes 1 to 22")
        }
        return AgeRecipient(kind: .passphrase(passphrase, workFactor: workFactor))
    }

    /// `age1…`; nil for a passphrase.
    package var text: String? {
        guard case .x25519(let key) = kind,
            let text = try? Bech32.encode(prefix: Self.prefix, SecretBytes(copying: key.bytes))
        else { return nil }
        return text.withBytes { span in String(decoding: span.indices.map { span[$0] }, as: UTF8.self) }
    }
}

/// What opens an age file.
package struct AgeIdentity: Sendable {
    enum Kind: Sendable {
        case x25519(X25519.PrivateKey)
        case passphrase(SecretBytes)
    }

    let kind: Kind

    private static let prefix = "AGE-SECRET-KEY-"

    /// Opens what was encrypted to this key's public key.
    package init(_ privateKey: X25519.PrivateKey) { kind = .x25519(privateKey) }

    /// Reads `AGE-SECRET-KEY-1…`, in upper case as `age-keygen` prints it.
    ///
    /// - Throws: `malformed` saying what is wrong, without showing the text.
    package init(text: SecretBytes) throws(CryptoError) {
        let key: SecretBytes
        do {
            key = try Bech32.decode(prefix: Self.prefix, text)
        } catch {
            throw CryptoError(.malformed, "not an age identity: \(error.message)", cause: error)
        }
        guard key.count == 32 else {
            throw CryptoError(.malformed, "not an age identity: it holds \(key.count) bytes instead of 32")
        }
        kind = .x25519(try X25519.PrivateKey(key))
    }

    private init(kind: Kind) { self.kind = kind }

    /// Opens what was encrypted to this passphrase; an empty one opens nothing, but may be tried.
    package static func passphrase(_ passphrase: SecretBytes) -> AgeIdentity {
        AgeIdentity(kind: .passphrase(passphrase))
    }

    /// A new X25519 identity.
    ///
    /// - Throws: `library`.
    package static func generate() throws(CryptoError) -> AgeIdentity {
        AgeIdentity(try X25519.PrivateKey())
    }

    /// Whom to encrypt to so that this opens it; nil for a passphrase.
    package var recipient: AgeRecipient? {
        guard case .x25519(let key) = kind else { return nil }
        return AgeRecipient(key.publicKey)
    }

    /// `AGE-SECRET-KEY-1…`; nil for a passphrase.
    ///
    /// - Throws: `library`.
    package func text() throws(CryptoError) -> SecretBytes? {
        guard case .x25519(let key) = kind else { return nil }
        let lower = try Bech32.encode(prefix: Self.prefix.lowercased(), key.secret)
        return try SecretBytes(count: lower.count) { upper throws(CryptoError) in
            lower.withBytes { lower in
                for index in lower.indices {
                    let letter = lower[index]
                    let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter)
                    upper[index] = isLetter ? letter & 0xdf : letter
                }
            }
        }
    }

    /// Reads an identity file: one identity a line; empty lines and lines that start with `#` say nothing.
    ///
    /// - Throws: `malformed` with the number of the line, without showing it; `malformed` too if there is no identity.
    package static func parse(file: SecretBytes) throws(CryptoError) -> [AgeIdentity] {
        var identities: [AgeIdentity] = []
        for (index, range) in file.lineRanges.enumerated() {
            let isSilent = file.withBytes { bytes in range.isEmpty || bytes[range.lowerBound] == UInt8(ascii: "#") }
            if isSilent { continue }
            do {
                identities.append(try AgeIdentity(text: file.part(range)))
            } catch {
                throw CryptoError(
                    .malformed, "line \(index + 1) of the identity file: \(error.message)",
                    hint: "an identity is what `age-keygen` writes, AGE-SECRET-KEY-1 and 58 more letters", cause: error)
            }
        }
        guard !identities.isEmpty else { throw CryptoError(.malformed, "the identity file holds no identity") }
        return identities
    }
}
