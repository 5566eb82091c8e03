import COpenSSL

/// One of libcrypto's keys, for the two families whose keys are 32 raw bytes.
@safe struct PublicKeyHandle: ~Copyable, @unchecked Sendable {
    enum Family: String {
        case x25519 = "X25519"
        case ed25519 = "ED25519"
    }

    static let byteCount = 32
    private let key: OpaquePointer

    init(_ family: Family, privateKey: SecretBytes) throws(CryptoError) {
        guard privateKey.count == Self.byteCount else {
            throw CryptoError(.invalidArgument, "a private key has 32 bytes, not \(privateKey.count)")
        }
        unsafe key = try privateKey.withBytes { bytes throws(CryptoError) in
            unsafe try bytes.withUnsafeBufferPointer { buffer throws(CryptoError) in
                let start = buffer.baseAddress
                return unsafe try LibCrypto.check(
                    EVP_PKEY_new_raw_private_key_ex(nil, family.rawValue, nil, start, buffer.count),
                    "EVP_PKEY_new_raw_private_key_ex")
            }
        }
    }

    init(_ family: Family, publicKey: [UInt8]) throws(CryptoError) {
        guard publicKey.count == Self.byteCount else {
            throw CryptoError(.invalidArgument, "a public key has 32 bytes, not \(publicKey.count)")
        }
        unsafe key = try LibCrypto.check(
            EVP_PKEY_new_raw_public_key_ex(nil, family.rawValue, nil, publicKey, publicKey.count),
            "EVP_PKEY_new_raw_public_key_ex")
    }

    deinit { unsafe EVP_PKEY_free(key) }

    func publicKey() throws(CryptoError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        var count = bytes.count
        unsafe try LibCrypto.check(
            EVP_PKEY_get_raw_public_key(key, &bytes, &count), "EVP_PKEY_get_raw_public_key")
        return bytes
    }

    /// - Throws: `weakPublicKey` if the peer's key is of low order, so that the result would be zero.
    func sharedSecret(with peer: borrowing PublicKeyHandle) throws(CryptoError) -> SecretBytes {
        let context = unsafe try LibCrypto.check(
            EVP_PKEY_CTX_new_from_pkey(nil, key, nil), "EVP_PKEY_CTX_new_from_pkey")
        defer { unsafe EVP_PKEY_CTX_free(context) }
        unsafe try LibCrypto.check(EVP_PKEY_derive_init(context), "EVP_PKEY_derive_init")
        unsafe try LibCrypto.check(EVP_PKEY_derive_set_peer(context, peer.key), "EVP_PKEY_derive_set_peer")
        let secret = try SecretBytes(count: Self.byteCount) { span throws(CryptoError) in
            unsafe try span.withUnsafeMutableBufferPointer { output throws(CryptoError) in
                let start = output.baseAddress
                var count = output.count
                unsafe try LibCrypto.check(
                    EVP_PKEY_derive(context, start, &count), "EVP_PKEY_derive", code: .weakPublicKey)
            }
        }
        // libcrypto 3.0 refuses an all-zero result; RFC 7748 leaves it to the caller, so it is not left to a version.
        let isZero = secret.withBytes { constantTimeEqual($0, [UInt8](repeating: 0, count: Self.byteCount).span) }
        guard !isZero else { throw CryptoError(.weakPublicKey, "the public key is a point of low order") }
        return secret
    }

    /// The 64 bytes of an Ed25519 signature.
    func signature(of message: Span<UInt8>) throws(CryptoError) -> [UInt8] {
        let context = unsafe try LibCrypto.check(EVP_MD_CTX_new(), "EVP_MD_CTX_new")
        defer { unsafe EVP_MD_CTX_free(context) }
        unsafe try LibCrypto.check(
            EVP_DigestSignInit_ex(context, nil, nil, nil, nil, key, nil), "EVP_DigestSignInit_ex")
        var signature = [UInt8](repeating: 0, count: 64)
        var count = signature.count
        unsafe try message.withUnsafeBufferPointer { message throws(CryptoError) in
            let start = message.baseAddress
            unsafe try LibCrypto.check(
                EVP_DigestSign(context, &signature, &count, start, message.count), "EVP_DigestSign")
        }
        return signature
    }

    func verifies(_ signature: [UInt8], of message: Span<UInt8>) throws(CryptoError) -> Bool {
        guard signature.count == 64 else { return false }
        let context = unsafe try LibCrypto.check(EVP_MD_CTX_new(), "EVP_MD_CTX_new")
        defer { unsafe EVP_MD_CTX_free(context) }
        unsafe try LibCrypto.check(
            EVP_DigestVerifyInit_ex(context, nil, nil, nil, nil, key, nil), "EVP_DigestVerifyInit_ex")
        let status = unsafe message.withUnsafeBufferPointer { message in
            let start = message.baseAddress
            return unsafe EVP_DigestVerify(context, signature, signature.count, start, message.count)
        }
        if status != 1 { LibCrypto.forgetErrors() }
        return status == 1
    }
}
