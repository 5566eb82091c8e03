/// How a file key is wrapped for each kind of recipient (C2SP age.md, "X25519 recipient", "scrypt recipient").
enum AgeStanzas {
    static let fileKeyByteCount = 16
    private static let shareByteCount = 32
    private static let saltByteCount = 16
    private static let wrappedByteCount = fileKeyByteCount + AEAD.tagByteCount
    private static let x25519Type = "X25519"
    private static let scryptType = "scrypt"
    private static let x25519Label = "age-encryption.org/v1/X25519"
    private static let scryptLabel = "age-encryption.org/v1/scrypt"
    /// The wrapping key is used once, so its nonce is zero.
    private static let zeroNonce = AEADNonce(low: 0)

    // MARK: Wrapping

    static func wrap(_ fileKey: SecretBytes, for recipient: AgeRecipient) throws(CryptoError) -> AgeHeader.Stanza {
        switch recipient.kind {
        case .x25519(let publicKey):
            let ephemeral = try X25519.PrivateKey()
            let share = ephemeral.publicKey.bytes
            let key = try wrappingKey(ephemeral, peer: publicKey, share: share, recipient: publicKey.bytes)
            return AgeHeader.Stanza(
                type: x25519Type, arguments: [Base64.encode(share, padding: .forbidden)], body: try seal(fileKey, key))
        case .passphrase(let passphrase, let workFactor):
            let salt = try SecureRandom.bytes(saltByteCount)
            let key = try wrappingKey(passphrase, salt: salt, workFactor: workFactor)
            return AgeHeader.Stanza(
                type: scryptType, arguments: [Base64.encode(salt, padding: .forbidden), "\(workFactor)"],
                body: try seal(fileKey, key))
        }
    }

    private static func seal(_ fileKey: SecretBytes, _ key: SecretBytes) throws(CryptoError) -> [UInt8] {
        try fileKey.withBytes { fileKey throws(CryptoError) in
            try AEAD.seal(fileKey, algorithm: .chaCha20Poly1305, key: key, nonce: zeroNonce)
        }
    }

    private static func wrappingKey(
        _ privateKey: X25519.PrivateKey, peer: X25519.PublicKey, share: [UInt8], recipient: [UInt8]
    ) throws(CryptoError) -> SecretBytes {
        let shared = try privateKey.sharedSecret(with: peer)
        return try HKDF.sha256(secret: shared, salt: share + recipient, info: Array(x25519Label.utf8), count: 32)
    }

    private static func wrappingKey(
        _ passphrase: SecretBytes, salt: [UInt8], workFactor: Int
    ) throws(CryptoError) -> SecretBytes {
        try Scrypt.derive(
            passphrase: passphrase, salt: Array(scryptLabel.utf8) + salt, workFactor: workFactor, count: 32)
    }

    // MARK: Unwrapping

    /// A stanza of a kind that is known here, its form checked.
    enum Known {
        case x25519(share: X25519.PublicKey, body: [UInt8])
        case scrypt(salt: [UInt8], workFactor: Int, body: [UInt8])
    }

    /// The stanzas that are known here; others, which are allowed, are left out.
    ///
    /// Known ones are checked whether or not an identity asks for them, so that a file is well-formed or not regardless
    /// of who reads it.
    ///
    /// - Throws: `malformed`; `overLimit` for a work factor above the limit.
    static func known(_ stanzas: [AgeHeader.Stanza], limits: AgeLimits) throws(CryptoError) -> [Known] {
        var known: [Known] = []
        for stanza in stanzas {
            switch stanza.type {
            case x25519Type: known.append(try x25519(stanza))
            case scryptType:
                guard stanzas.count == 1 else {
                    throw CryptoError(
                        .malformed, "the age header is malformed: a passphrase stands beside other recipients")
                }
                known.append(try scrypt(stanza, limits: limits))
            default: continue
            }
        }
        return known
    }

    private static func x25519(_ stanza: AgeHeader.Stanza) throws(CryptoError) -> Known {
        guard stanza.arguments.count == 1, let bytes = Base64.decode(stanza.arguments[0], padding: .forbidden),
            let share = X25519.PublicKey(bytes), stanza.body.count == wrappedByteCount
        else {
            throw CryptoError(
                .malformed,
                "the age header is malformed: an X25519 recipient has one argument of 32 bytes and a body of 32 bytes")
        }
        return .x25519(share: share, body: stanza.body)
    }

    private static func scrypt(_ stanza: AgeHeader.Stanza, limits: AgeLimits) throws(CryptoError) -> Known {
        guard stanza.arguments.count == 2, let salt = Base64.decode(stanza.arguments[0], padding: .forbidden),
            salt.count == saltByteCount, stanza.body.count == wrappedByteCount,
            let workFactor = decimal(stanza.arguments[1])
        else {
            throw CryptoError(
                .malformed,
                "the age header is malformed: a scrypt recipient has a salt of 16 bytes, a work factor and a body of 32 bytes"
            )
        }
        guard workFactor <= limits.workFactor else {
            throw CryptoError(
                .overLimit, "the passphrase's work factor is above \(limits.workFactor)",
                hint: "it would take more memory than is allowed here; open the file with age and write it anew")
        }
        return .scrypt(salt: salt, workFactor: workFactor, body: stanza.body)
    }

    /// Digits without sign and leading zero; what is too large for a number is a very large one.
    private static func decimal(_ text: String) -> Int? {
        guard let first = text.utf8.first, first != UInt8(ascii: "0"),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(text) ?? .max
    }

    /// The file key, if one of the identities opens one of the stanzas.
    ///
    /// - Throws: `malformed` for a share of low order; `wrongPassphrase` if the file takes a passphrase and none of those
    ///   given is right; `noMatchingIdentity`; `library`.
    static func unwrap(_ stanzas: [Known], with identities: [AgeIdentity]) throws(CryptoError) -> SecretBytes {
        var triedPassphrase = false
        var takesPassphrase = false
        for stanza in stanzas {
            if case .scrypt = stanza { takesPassphrase = true }
            for identity in identities {
                switch (stanza, identity.kind) {
                case (.x25519(let share, let body), .x25519(let key)):
                    let wrapping = try agreed(key, share)
                    if let fileKey = try open(body, wrapping) { return fileKey }
                case (.scrypt(let salt, let workFactor, let body), .passphrase(let passphrase)):
                    triedPassphrase = true
                    let wrapping = try wrappingKey(passphrase, salt: salt, workFactor: workFactor)
                    if let fileKey = try open(body, wrapping) { return fileKey }
                default: continue
                }
            }
        }
        if triedPassphrase { throw CryptoError(.wrongPassphrase, "the passphrase does not open this age file") }
        throw CryptoError(
            .noMatchingIdentity, "none of the \(identities.count) identities given opens this age file",
            hint: takesPassphrase ? "it is opened by a passphrase" : nil)
    }

    private static func agreed(
        _ key: X25519.PrivateKey, _ share: X25519.PublicKey
    ) throws(CryptoError) -> SecretBytes {
        do {
            return try wrappingKey(key, peer: share, share: share.bytes, recipient: key.publicKey.bytes)
        } catch  where error.code == .weakPublicKey {
            throw CryptoError(
                .malformed, "the age header is malformed: the share of an X25519 recipient is a point of low order",
                cause: error)
        }
    }

    /// - Returns: nil if the key does not fit.
    private static func open(_ body: [UInt8], _ key: SecretBytes) throws(CryptoError) -> SecretBytes? {
        do {
            return try AEAD.open(body.span, algorithm: .chaCha20Poly1305, key: key, nonce: zeroNonce)
        } catch  where error.code == .notAuthentic {
            return nil
        }
    }
}
