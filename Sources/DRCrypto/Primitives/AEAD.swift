import COpenSSL

/// Authenticated encryption with associated data, with a 32-byte key, a 12-byte nonce and a 16-byte tag.
package enum AEADAlgorithm: Sendable, CaseIterable {
    /// NIST SP 800-38D.
    case aes256GCM
    /// RFC 8439.
    case chaCha20Poly1305
}

/// A nonce of 96 bits. A nonce serves one message under one key, ever.
package struct AEADNonce: Hashable, Sendable {
    package static let byteCount = 12

    /// The upper 32 of the 96 bits.
    package let high: UInt32
    /// The lower 64 of the 96 bits.
    package let low: UInt64

    /// The number `high` · 2^64 + `low`, big-endian.
    package init(high: UInt32 = 0, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// - Returns: nil unless there are exactly 12 bytes.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.high = bytes[..<4].reduce(0) { $0 << 8 | UInt32($1) }
        self.low = bytes[4...].reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// Sealing and opening in one call, for the few and short. For the many see `AEADKey`.
package enum AEAD {
    package static let keyByteCount = 32
    package static let tagByteCount = 16

    /// - Returns: ciphertext, as long as the plaintext, then the tag.
    /// - Throws: `invalidArgument` if the key has not 32 bytes; `overLimit` above 1 GiB; `library`.
    package static func seal(
        _ plaintext: Span<UInt8>, algorithm: AEADAlgorithm, key: SecretBytes, nonce: AEADNonce,
        associatedData: [UInt8] = []
    ) throws(CryptoError) -> [UInt8] {
        var keyed = try AEADKey(algorithm, key: key)
        var sealed = [UInt8](repeating: 0, count: plaintext.count + tagByteCount)
        var output = sealed.mutableSpan
        try keyed.seal(plaintext, nonce: nonce, associatedData: associatedData.span, into: &output)
        return sealed
    }

    /// - Parameter sealed: ciphertext, then the tag.
    /// - Returns: the plaintext, which nobody has seen before the tag was verified.
    /// - Throws: `notAuthentic` if anything does not fit; `invalidArgument`; `overLimit` above 1 GiB; `library`.
    package static func open(
        _ sealed: Span<UInt8>, algorithm: AEADAlgorithm, key: SecretBytes, nonce: AEADNonce,
        associatedData: [UInt8] = []
    ) throws(CryptoError) -> SecretBytes {
        var keyed = try AEADKey(algorithm, key: key)
        guard sealed.count >= tagByteCount else { throw AEADKey.notAuthentic }
        return try SecretBytes(count: sealed.count - tagByteCount) { output throws(CryptoError) in
            try keyed.open(sealed, nonce: nonce, associatedData: associatedData.span, into: &output)
        }
    }
}

/// A key set up once, to seal and open many messages from and into the caller's buffers without an allocation.
@safe package struct AEADKey: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer
    /// libcrypto counts in `int`; a message of more than this is refused.
    private static let maximumByteCount = 1 << 30
    private static let tagByteCount = AEAD.tagByteCount

    nonisolated(unsafe) private static let aes256GCM = unsafe EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)
    nonisolated(unsafe) private static let chaCha20Poly1305 = unsafe EVP_CIPHER_fetch(nil, "ChaCha20-Poly1305", nil)

    static var notAuthentic: CryptoError {
        CryptoError(.notAuthentic, "the sealed bytes do not fit their tag, associated data, nonce and key")
    }

    /// - Throws: `invalidArgument` if the key has not 32 bytes; `library`.
    package init(_ algorithm: AEADAlgorithm, key: SecretBytes) throws(CryptoError) {
        guard key.count == AEAD.keyByteCount else {
            throw CryptoError(.invalidArgument, "an AEAD key has \(AEAD.keyByteCount) bytes, not \(key.count)")
        }
        unsafe context = try Self.makeContext(algorithm, key)
    }

    /// Apart from `init`, which may not throw once its pointer is set.
    private static func makeContext(
        _ algorithm: AEADAlgorithm, _ key: SecretBytes
    ) throws(CryptoError) -> OpaquePointer {
        let cipher = unsafe algorithm == .aes256GCM ? aes256GCM : chaCha20Poly1305
        let context = unsafe try LibCrypto.check(EVP_CIPHER_CTX_new(), "EVP_CIPHER_CTX_new")
        let status = key.withBytes { key in
            unsafe key.withUnsafeBufferPointer {
                unsafe EVP_CipherInit_ex2(context, cipher, $0.baseAddress, nil, 1, nil)
            }
        }
        guard status == 1 else {
            unsafe EVP_CIPHER_CTX_free(context)
            throw LibCrypto.failure("EVP_CipherInit_ex2 (key)", code: .library)
        }
        return unsafe context
    }

    // EVP_CIPHER_CTX_free overwrites the key schedule.
    deinit { unsafe EVP_CIPHER_CTX_free(context) }

    /// Seals `plaintext` into the bytes of `output` from `offset` on: the ciphertext, then the 16 bytes of the tag.
    ///
    /// - Returns: how many bytes were written, always `plaintext.count + 16`.
    /// - Throws: `invalidArgument` if `output` is too short; `overLimit` above 1 GiB; `library`. What `output` then
    ///   holds is not to be used.
    @discardableResult
    package mutating func seal(
        _ plaintext: Span<UInt8>, nonce: AEADNonce, associatedData: Span<UInt8>, into output: inout MutableSpan<UInt8>,
        at offset: Int = 0
    ) throws(CryptoError) -> Int {
        let count = plaintext.count
        try Self.requireRoom(count + Self.tagByteCount, in: output.count, at: offset)
        try start(nonce, encrypt: 1, associatedData)
        return unsafe try output.withUnsafeMutableBufferPointer { output throws(CryptoError) in
            guard let base = output.baseAddress else { return 0 }
            let place = unsafe base + offset
            unsafe try transform(plaintext, into: place)
            let tag = unsafe place + count
            var written: Int32 = 0
            unsafe try LibCrypto.check(EVP_CipherFinal_ex(context, tag, &written), "EVP_CipherFinal_ex")
            unsafe try LibCrypto.check(
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagByteCount), tag),
                "EVP_CIPHER_CTX_ctrl (get tag)")
            return count + Self.tagByteCount
        }
    }

    /// Opens `sealed`, ciphertext then tag, into the bytes of `output` from `offset` on.
    ///
    /// libcrypto hands out plaintext before the tag is checked: what it wrote is overwritten with zeros unless the tag
    /// fits, so that no byte that is not authentic can be used by mistake.
    ///
    /// - Returns: how many bytes were written, always `sealed.count - 16`.
    /// - Throws: `notAuthentic` if anything does not fit; `invalidArgument` if `output` is too short; `overLimit` above
    ///   1 GiB; `library`.
    @discardableResult
    package mutating func open(
        _ sealed: Span<UInt8>, nonce: AEADNonce, associatedData: Span<UInt8>, into output: inout MutableSpan<UInt8>,
        at offset: Int = 0
    ) throws(CryptoError) -> Int {
        let count = sealed.count - Self.tagByteCount
        guard count >= 0 else { throw Self.notAuthentic }
        try Self.requireRoom(count, in: output.count, at: offset)
        try start(nonce, encrypt: 0, associatedData)
        try setExpectedTag(sealed.extracting(last: Self.tagByteCount))
        unsafe try output.withUnsafeMutableBufferPointer { output throws(CryptoError) in
            let place = unsafe output.baseAddress.map { unsafe $0 + offset }
            var opened = false
            defer { if !opened, let place = unsafe place { unsafe OPENSSL_cleanse(place, count) } }
            if let place = unsafe place, count > 0 {
                unsafe try transform(sealed.extracting(first: count), into: place)
            }
            try finishOpening()
            opened = true
        }
        return count
    }

    private static func requireRoom(_ needed: Int, in room: Int, at offset: Int) throws(CryptoError) {
        guard needed <= maximumByteCount else {
            throw CryptoError(
                .overLimit, "a message of \(needed) bytes is more than the \(maximumByteCount) of one seal")
        }
        guard offset >= 0, offset <= room, room - offset >= needed else {
            throw CryptoError(.invalidArgument, "a buffer of \(room) bytes cannot take \(needed) at \(offset)")
        }
    }

    private func start(_ nonce: AEADNonce, encrypt: Int32, _ associatedData: Span<UInt8>) throws(CryptoError) {
        let bytes = (nonce.high.bigEndian, nonce.low.bigEndian)
        var buffer: InlineArray<12, UInt8> = .init(repeating: 0)
        for index in 0..<4 { buffer[index] = UInt8(truncatingIfNeeded: bytes.0 >> (8 * index)) }
        for index in 0..<8 { buffer[4 + index] = UInt8(truncatingIfNeeded: bytes.1 >> (8 * index)) }
        unsafe try buffer.span.withUnsafeBufferPointer { nonce throws(CryptoError) in
            unsafe try LibCrypto.check(
                EVP_CipherInit_ex2(context, nil, nil, nonce.baseAddress, encrypt, nil), "EVP_CipherInit_ex2 (nonce)")
        }
        guard associatedData.count > 0 else { return }
        guard associatedData.count <= Self.maximumByteCount else {
            throw CryptoError(.overLimit, "associated data of \(associatedData.count) bytes")
        }
        unsafe try associatedData.withUnsafeBufferPointer { data throws(CryptoError) in
            let start = data.baseAddress
            var written: Int32 = 0
            unsafe try LibCrypto.check(
                EVP_CipherUpdate(context, nil, &written, start, Int32(data.count)),
                "EVP_CipherUpdate (associated data)")
        }
    }

    private func transform(_ input: Span<UInt8>, into place: UnsafeMutablePointer<UInt8>) throws(CryptoError) {
        guard input.count > 0 else { return }
        unsafe try input.withUnsafeBufferPointer { input throws(CryptoError) in
            let start = input.baseAddress
            var written: Int32 = 0
            unsafe try LibCrypto.check(
                EVP_CipherUpdate(context, place, &written, start, Int32(input.count)), "EVP_CipherUpdate")
            guard Int(written) == input.count else {
                throw CryptoError(.library, "EVP_CipherUpdate gave \(written) bytes for \(input.count)")
            }
        }
    }

    private func setExpectedTag(_ tag: Span<UInt8>) throws(CryptoError) {
        unsafe try tag.withUnsafeBufferPointer { tag throws(CryptoError) in
            // The control takes a mutable pointer and only reads from it.
            let start = unsafe UnsafeMutableRawPointer(mutating: tag.baseAddress)
            unsafe try LibCrypto.check(
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), start),
                "EVP_CIPHER_CTX_ctrl (set tag)")
        }
    }

    private func finishOpening() throws(CryptoError) {
        var rest: InlineArray<16, UInt8> = .init(repeating: 0)
        var span = rest.mutableSpan
        let status = unsafe span.withUnsafeMutableBufferPointer { rest in
            var written: Int32 = 0
            return unsafe EVP_CipherFinal_ex(context, rest.baseAddress, &written)
        }
        guard status == 1 else {
            LibCrypto.forgetErrors()
            throw Self.notAuthentic
        }
    }
}
