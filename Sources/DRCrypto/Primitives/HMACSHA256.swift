import COpenSSL

/// HMAC-SHA-256 (RFC 2104) under one key, for as many messages as wanted: the key is set up once.
///
/// A code is given as a `Digest`, 32 bytes as a value. To check one that came from outside, compare with
/// `constantTimeEqual`, never with `==`.
@safe package struct HMACSHA256: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer

    nonisolated(unsafe) private static let algorithm = unsafe EVP_MAC_fetch(nil, "HMAC", nil)
    /// OSSL_MAC_PARAM_DIGEST and its value; static, because a parameter keeps pointers to both.
    private static let digestParameter: StaticString = "digest"
    private static let digestName: StaticString = "SHA256"

    /// - Throws: `library` if the key cannot be set up.
    package init(key: SecretBytes) throws(CryptoError) {
        unsafe context = try Self.makeContext(key)
    }

    deinit { unsafe EVP_MAC_CTX_free(context) }

    /// Apart from `init`, which may not throw once its pointer is set.
    private static func makeContext(_ key: SecretBytes) throws(CryptoError) -> OpaquePointer {
        let context = unsafe try LibCrypto.check(EVP_MAC_CTX_new(algorithm), "EVP_MAC_CTX_new")
        do {
            unsafe try setKey(key, on: context)
        } catch {
            unsafe EVP_MAC_CTX_free(context)
            throw error
        }
        return unsafe context
    }

    private static func setKey(_ key: SecretBytes, on context: OpaquePointer) throws(CryptoError) {
        let name = unsafe UnsafeMutableRawPointer(mutating: digestName.utf8Start).assumingMemoryBound(to: CChar.self)
        let parameter = unsafe UnsafeRawPointer(digestParameter.utf8Start).assumingMemoryBound(to: CChar.self)
        let parameters = unsafe [
            OSSL_PARAM_construct_utf8_string(parameter, name, digestName.utf8CodeUnitCount),
            OSSL_PARAM_construct_end(),
        ]
        try key.withBytes { bytes throws(CryptoError) in
            unsafe try bytes.withUnsafeBufferPointer { buffer throws(CryptoError) in
                let start = buffer.baseAddress
                unsafe try LibCrypto.check(EVP_MAC_init(context, start, buffer.count, parameters), "EVP_MAC_init")
            }
        }
    }

    /// Adds bytes to the message.
    package mutating func update(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            let start = buffer.baseAddress
            unsafe LibCrypto.require(EVP_MAC_update(context, start, buffer.count), "EVP_MAC_update")
        }
    }

    /// Adds bytes to the message.
    package mutating func update(_ bytes: [UInt8]) {
        update(bytes.span)
    }

    /// The code of all bytes added since the start or since the last `finish`.
    package mutating func finish() -> Digest {
        let code = unsafe Digest { buffer in
            var count = 0
            unsafe LibCrypto.require(EVP_MAC_final(context, buffer, &count, Digest.byteCount), "EVP_MAC_final")
        }
        // Without a key: starts anew under the one that is set up.
        unsafe LibCrypto.require(EVP_MAC_init(context, nil, 0, nil), "EVP_MAC_init")
        return code
    }

    /// The code of one message, given in two parts because ids are made of a kind and a content.
    package mutating func code(of first: Span<UInt8>, _ second: Span<UInt8>) -> Digest {
        update(first)
        update(second)
        return finish()
    }

    /// The code of one message.
    package mutating func code(of bytes: Span<UInt8>) -> Digest {
        update(bytes)
        return finish()
    }

    /// The code of one message under a key that is used once.
    package static func authenticate(_ bytes: [UInt8], key: SecretBytes) throws(CryptoError) -> [UInt8] {
        var keyed = try HMACSHA256(key: key)
        return keyed.code(of: bytes.span).bytes
    }
}
