/// Files that stock `age` opens, and files of its that open here: age v1 (C2SP age.md) with X25519 and passphrase
/// recipients, binary form. Whole files in memory: what drctl keeps in them are keys.
package enum Age {
    /// Encrypts to every one of the recipients, each of whom can open the file alone.
    ///
    /// - Throws: `invalidArgument` without recipients, or with a passphrase beside others; `weakPublicKey` for a
    ///   recipient of low order; `library`.
    package static func encrypt(
        _ plaintext: SecretBytes, to recipients: [AgeRecipient]
    ) throws(CryptoError) -> [UInt8] {
        let fileKey = try SecretBytes.random(count: AgeStanzas.fileKeyByteCount)
        return try header(for: recipients, fileKey) + AgePayload.seal(plaintext, fileKey: fileKey)
    }

    /// The header of a new file with this key, for every one of the recipients.
    fileprivate static func header(
        for recipients: [AgeRecipient], _ fileKey: SecretBytes
    ) throws(CryptoError) -> [UInt8] {
        let passphraseCount = recipients.count { recipient in
            if case .passphrase = recipient.kind { true } else { false }
        }
        guard !recipients.isEmpty else { throw CryptoError(.invalidArgument, "an age file needs a recipient") }
        guard passphraseCount == 0 || recipients.count == 1 else {
            throw CryptoError(
                .invalidArgument, "a passphrase must be the only recipient of an age file",
                hint: "write one file for the passphrase and one for the others")
        }
        var stanzas: [AgeHeader.Stanza] = []
        for recipient in recipients { stanzas.append(try AgeStanzas.wrap(fileKey, for: recipient)) }
        let authenticated = AgeHeader.authenticatedBytes(of: stanzas)
        return AgeHeader.bytes(authenticated: authenticated, mac: try mac(of: authenticated, fileKey))
    }

    /// Opens a file with whichever of the identities fits. Nothing of the plaintext exists outside this call before all
    /// of it proved authentic.
    ///
    /// - Throws: `malformed` or `unsupported` for what is not an age v1 file; `noMatchingIdentity`; `wrongPassphrase`;
    ///   `headerNotAuthentic`; `payloadNotAuthentic`; `overLimit`; `library`.
    package static func decrypt(
        _ file: [UInt8], identities: [AgeIdentity], limits: AgeLimits = AgeLimits()
    ) throws(CryptoError) -> SecretBytes {
        let header = try AgeHeader(parsing: file, limits: limits)
        let stanzas = try AgeStanzas.known(header.stanzas, limits: limits)
        let fileKey = try AgeStanzas.unwrap(stanzas, with: identities)
        guard constantTimeEqual(try mac(of: header.authenticated, fileKey), header.mac) else {
            throw CryptoError(
                .headerNotAuthentic, "the age header was changed after it was written: its MAC does not fit")
        }
        return try AgePayload.open(file[header.byteCount...], fileKey: fileKey, limits: limits)
    }

    private static func mac(of header: [UInt8], _ fileKey: SecretBytes) throws(CryptoError) -> [UInt8] {
        let key = try HKDF.sha256(secret: fileKey, salt: [], info: Array("header".utf8), count: 32)
        return try HMACSHA256.authenticate(header, key: key)
    }
}

/// Writes an age file piece by piece, for what does not fit into memory: an archive, say.
package struct AgeWriter: ~Copyable {
    private var key: AEADKey
    private var chunk: [UInt8] = []
    private var index = 0

    /// The file's beginning; write it before anything that ``seal(_:)`` gives.
    package let header: [UInt8]

    /// - Throws: as ``Age/encrypt(_:to:)``.
    package init(to recipients: [AgeRecipient]) throws(CryptoError) {
        let fileKey = try SecretBytes.random(count: AgeStanzas.fileKeyByteCount)
        let nonce = try SecureRandom.bytes(AgePayload.nonceByteCount)
        let start = try Age.header(for: recipients, fileKey) + nonce
        self.init(header: start, key: try AgePayload.chunkKey(fileKey, nonce))
    }

    private init(header: [UInt8], key: consuming AEADKey) {
        self.header = header
        self.key = key
    }

    /// Takes more of the plaintext.
    /// - Returns: what of the file follows; empty where it does not fill a chunk yet.
    package mutating func seal(_ plaintext: [UInt8]) throws(CryptoError) -> [UInt8] {
        var sealed: [UInt8] = []
        var start = 0
        // A full chunk is sealed only when more follows: the last one has a mark.
        while start < plaintext.count {
            if chunk.count == AgePayload.chunkByteCount { sealed += try sealChunk(isLast: false) }
            let count = min(plaintext.count - start, AgePayload.chunkByteCount - chunk.count)
            chunk += plaintext[start..<start + count]
            start += count
        }
        return sealed
    }

    /// - Returns: the end of the file; without it the file does not open.
    package consuming func finish() throws(CryptoError) -> [UInt8] { try sealChunk(isLast: true) }

    private mutating func sealChunk(isLast: Bool) throws(CryptoError) -> [UInt8] {
        var sealed = [UInt8](repeating: 0, count: AgePayload.sealedChunkByteCount)
        var output = sealed.mutableSpan
        let plaintext = chunk
        let count = try key.seal(
            plaintext.span, nonce: AgePayload.chunkNonce(index, isLast: isLast), associatedData: Span<UInt8>(),
            into: &output)
        index += 1
        chunk = []
        return Array(sealed[..<count])
    }
}

/// The payload of an age file: a nonce of 16 bytes, then the plaintext in chunks of 64 KiB, each sealed by
/// ChaCha20-Poly1305 under a nonce of an 11-byte counter and a byte that is 1 for the last chunk (STREAM). The last chunk
/// is empty only if the plaintext is.
private enum AgePayload {
    static let nonceByteCount = 16
    static let chunkByteCount = 64 * 1024
    static let sealedChunkByteCount = chunkByteCount + AEAD.tagByteCount

    static func seal(_ plaintext: SecretBytes, fileKey: SecretBytes) throws(CryptoError) -> [UInt8] {
        let nonce = try SecureRandom.bytes(nonceByteCount)
        var key = try chunkKey(fileKey, nonce)
        let chunkCount = max(1, (plaintext.count + chunkByteCount - 1) / chunkByteCount)
        var payload = nonce
        payload.reserveCapacity(nonceByteCount + plaintext.count + chunkCount * AEAD.tagByteCount)
        var sealed = [UInt8](repeating: 0, count: sealedChunkByteCount)
        try plaintext.withBytes { plaintext throws(CryptoError) in
            for index in 0..<chunkCount {
                let start = index * chunkByteCount
                let chunk = plaintext.extracting(start..<min(start + chunkByteCount, plaintext.count))
                var output = sealed.mutableSpan
                let count = try key.seal(
                    chunk, nonce: chunkNonce(index, isLast: index == chunkCount - 1),
                    associatedData: Span<UInt8>(), into: &output)
                payload += sealed[..<count]
            }
        }
        return payload
    }

    static func open(
        _ payload: ArraySlice<UInt8>, fileKey: SecretBytes, limits: AgeLimits
    ) throws(CryptoError) -> SecretBytes {
        guard payload.count >= nonceByteCount else {
            throw CryptoError(.malformed, "the age file ends before its payload")
        }
        var key = try chunkKey(fileKey, Array(payload.prefix(nonceByteCount)))
        let chunks = payload.dropFirst(nonceByteCount)
        let fullCount = max(0, (chunks.count - 1) / sealedChunkByteCount)
        let lastByteCount = chunks.count - fullCount * sealedChunkByteCount - AEAD.tagByteCount
        guard lastByteCount >= 0, lastByteCount > 0 || fullCount == 0 else { throw notAuthentic(chunk: fullCount) }
        let plaintextByteCount = fullCount * chunkByteCount + lastByteCount
        guard plaintextByteCount <= limits.plaintextByteCount else {
            throw CryptoError(.overLimit, "the age file holds more than \(limits.plaintextByteCount) bytes")
        }
        return try SecretBytes(count: plaintextByteCount) { plaintext throws(CryptoError) in
            for index in 0...fullCount {
                let isLast = index == fullCount
                let start = chunks.startIndex + index * sealedChunkByteCount
                let sealed = chunks[start..<(isLast ? chunks.endIndex : start + sealedChunkByteCount)]
                do throws(CryptoError) {
                    try key.open(
                        sealed.span, nonce: chunkNonce(index, isLast: isLast), associatedData: Span<UInt8>(),
                        into: &plaintext, at: index * chunkByteCount)
                } catch  where error.code == .notAuthentic {
                    throw notAuthentic(chunk: index)
                }
            }
        }
    }

    fileprivate static func chunkKey(_ fileKey: SecretBytes, _ nonce: [UInt8]) throws(CryptoError) -> AEADKey {
        let key = try HKDF.sha256(secret: fileKey, salt: nonce, info: Array("payload".utf8), count: 32)
        return try AEADKey(.chaCha20Poly1305, key: key)
    }

    /// The counter in the upper 88 bits, the mark of the last chunk in the lower 8.
    fileprivate static func chunkNonce(_ index: Int, isLast: Bool) -> AEADNonce {
        AEADNonce(low: UInt64(index) << 8 | (isLast ? 1 : 0))
    }

    private static func notAuthentic(chunk: Int) -> CryptoError {
        CryptoError(
            .payloadNotAuthentic, "the age file's payload was changed, cut or extended, as chunk \(chunk + 1) shows")
    }
}
