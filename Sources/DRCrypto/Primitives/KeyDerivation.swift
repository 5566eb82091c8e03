import COpenSSL

/// Parameters for one of libcrypto's key derivations, and its run.
///
/// The names are OSSL_KDF_PARAM_*; static, because a parameter keeps a pointer to its name.
enum KeyDerivation {
    /// Runs `algorithm`, made known by `fetched`, with the parameters that `body` is lent, into new secret bytes.
    static func derive(
        _ algorithm: OpaquePointer?, count: Int, parameters: [OSSL_PARAM], call: StaticString
    ) throws(CryptoError) -> SecretBytes {
        let context = unsafe try LibCrypto.check(EVP_KDF_CTX_new(algorithm), "EVP_KDF_CTX_new")
        defer { unsafe EVP_KDF_CTX_free(context) }
        return try SecretBytes(count: count) { span throws(CryptoError) in
            unsafe try span.withUnsafeMutableBufferPointer { output throws(CryptoError) in
                let start = output.baseAddress
                unsafe try LibCrypto.check(EVP_KDF_derive(context, start, output.count, parameters), call)
            }
        }
    }

    static func octets(_ name: StaticString, _ bytes: UnsafeBufferPointer<UInt8>) -> OSSL_PARAM {
        unsafe OSSL_PARAM_construct_octet_string(
            pointer(name), UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    }

    static func text(_ name: StaticString, _ value: StaticString) -> OSSL_PARAM {
        unsafe OSSL_PARAM_construct_utf8_string(
            pointer(name), UnsafeMutablePointer(mutating: pointer(value)), value.utf8CodeUnitCount)
    }

    static func number(_ name: StaticString, _ value: UnsafeMutablePointer<UInt64>) -> OSSL_PARAM {
        unsafe OSSL_PARAM_construct_uint64(pointer(name), value)
    }

    private static func pointer(_ name: StaticString) -> UnsafePointer<CChar> {
        unsafe UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    }
}

/// HKDF (RFC 5869), extract and expand in one.
package enum HKDF {
    /// What libcrypto 3.0 takes as `info` at most, in bytes.
    package static let maximumInfoByteCount = 1024

    nonisolated(unsafe) private static let algorithm = unsafe EVP_KDF_fetch(nil, "HKDF", nil)

    /// - Parameters:
    ///   - secret: the input keying material; at least one byte.
    ///   - count: how many bytes to derive, at most 255 × 32.
    /// - Throws: `invalidArgument` for an empty secret, a long `info` or an impossible `count`; `library`.
    package static func sha256(
        secret: SecretBytes, salt: [UInt8], info: [UInt8], count: Int
    ) throws(CryptoError) -> SecretBytes {
        try derive("SHA256", digestByteCount: 32, secret: secret, salt: salt, info: info, count: count)
    }

    /// - Parameters:
    ///   - secret: the input keying material; at least one byte.
    ///   - count: how many bytes to derive, at most 255 × 64.
    /// - Throws: `invalidArgument` for an empty secret, a long `info` or an impossible `count`; `library`.
    package static func sha512(
        secret: SecretBytes, salt: [UInt8], info: [UInt8], count: Int
    ) throws(CryptoError) -> SecretBytes {
        try derive("SHA512", digestByteCount: 64, secret: secret, salt: salt, info: info, count: count)
    }

    private static func derive(
        _ digest: StaticString, digestByteCount: Int, secret: SecretBytes, salt: [UInt8], info: [UInt8], count: Int
    ) throws(CryptoError) -> SecretBytes {
        guard secret.count > 0, info.count <= maximumInfoByteCount, (1...(255 * digestByteCount)).contains(count)
        else {
            throw CryptoError(
                .invalidArgument,
                "HKDF cannot derive \(count) bytes from a secret of \(secret.count) and info of \(info.count) bytes")
        }
        return try secret.withBytes { secret throws(CryptoError) in
            unsafe try secret.withUnsafeBufferPointer { secret throws(CryptoError) in
                unsafe try salt.span.withUnsafeBufferPointer { salt throws(CryptoError) in
                    unsafe try info.span.withUnsafeBufferPointer { info throws(CryptoError) in
                        let parameters = unsafe [
                            KeyDerivation.text("digest", digest),
                            KeyDerivation.octets("key", secret),
                            KeyDerivation.octets("salt", salt),
                            KeyDerivation.octets("info", info),
                            OSSL_PARAM_construct_end(),
                        ]
                        return unsafe try KeyDerivation.derive(
                            algorithm, count: count, parameters: parameters, call: "EVP_KDF_derive (HKDF)")
                    }
                }
            }
        }
    }
}

/// scrypt (RFC 7914): a key from a passphrase, made slow and large on purpose.
package enum Scrypt {
    nonisolated(unsafe) private static let algorithm = unsafe EVP_KDF_fetch(nil, "SCRYPT", nil)

    /// - Parameters:
    ///   - workFactor: the base-2 logarithm of N, 1 to 30. With `blockSize` 8 the call takes 2^(workFactor + 10) bytes of
    ///     memory while it runs, and a time in proportion: 18 is 256 MiB and about a second.
    ///   - count: how many bytes to derive.
    /// - Throws: `invalidArgument` for numbers out of range; `library`, for want of memory too.
    package static func derive(
        passphrase: SecretBytes, salt: [UInt8], workFactor: Int, blockSize: UInt32 = 8, parallelism: UInt32 = 1,
        count: Int
    ) throws(CryptoError) -> SecretBytes {
        guard (1...30).contains(workFactor), (1...64).contains(blockSize), (1...64).contains(parallelism), count > 0
        else {
            throw CryptoError(
                .invalidArgument,
                "scrypt with work factor \(workFactor), r \(blockSize), p \(parallelism), \(count) bytes")
        }
        return try passphrase.withBytes { passphrase throws(CryptoError) in
            unsafe try passphrase.withUnsafeBufferPointer { passphrase throws(CryptoError) in
                unsafe try salt.span.withUnsafeBufferPointer { salt throws(CryptoError) in
                    unsafe try derive(
                        passphrase, salt, n: 1 << UInt64(workFactor), r: UInt64(blockSize), p: UInt64(parallelism),
                        count: count)
                }
            }
        }
    }

    private static func derive(
        _ passphrase: UnsafeBufferPointer<UInt8>, _ salt: UnsafeBufferPointer<UInt8>, n: UInt64, r: UInt64, p: UInt64,
        count: Int
    ) throws(CryptoError) -> SecretBytes {
        // 128·r·(N + p) and a little; the default of 32 MiB refuses every work factor that is worth it.
        let numbers: InlineArray<4, UInt64> = [n, r, p, 128 * r * (n + p + 2) + 1024 * 1024]
        return unsafe try numbers.span.withUnsafeBufferPointer { numbers throws(CryptoError) in
            guard let first = numbers.baseAddress else { throw CryptoError(.invalidArgument, "no parameters") }
            let start = unsafe UnsafeMutablePointer(mutating: first)
            let parameters = unsafe [
                KeyDerivation.octets("pass", passphrase),
                KeyDerivation.octets("salt", salt),
                KeyDerivation.number("n", start),
                KeyDerivation.number("r", start + 1),
                KeyDerivation.number("p", start + 2),
                KeyDerivation.number("maxmem_bytes", start + 3),
                OSSL_PARAM_construct_end(),
            ]
            return unsafe try KeyDerivation.derive(
                algorithm, count: count, parameters: parameters, call: "EVP_KDF_derive (scrypt)")
        }
    }
}

/// PBKDF2 with HMAC-SHA-256 (RFC 8018).
enum PBKDF2 {
    nonisolated(unsafe) private static let algorithm = unsafe EVP_KDF_fetch(nil, "PBKDF2", nil)

    /// - Throws: `library`.
    static func sha256(
        password: SecretBytes, salt: SecretBytes, iterations: UInt64, count: Int
    ) throws(CryptoError) -> SecretBytes {
        let iterations: InlineArray<1, UInt64> = [iterations]
        return try password.withBytes { password throws(CryptoError) in
            unsafe try password.withUnsafeBufferPointer { password throws(CryptoError) in
                try salt.withBytes { salt throws(CryptoError) in
                    unsafe try salt.withUnsafeBufferPointer { salt throws(CryptoError) in
                        unsafe try iterations.span.withUnsafeBufferPointer { number throws(CryptoError) in
                            guard let number = number.baseAddress else {
                                throw CryptoError(.invalidArgument, "no parameters")
                            }
                            let parameters = unsafe [
                                KeyDerivation.text("digest", "SHA256"),
                                KeyDerivation.octets("pass", password),
                                KeyDerivation.octets("salt", salt),
                                KeyDerivation.number("iter", UnsafeMutablePointer(mutating: number)),
                                OSSL_PARAM_construct_end(),
                            ]
                            return unsafe try KeyDerivation.derive(
                                algorithm, count: count, parameters: parameters, call: "EVP_KDF_derive (PBKDF2)")
                        }
                    }
                }
            }
        }
    }
}
