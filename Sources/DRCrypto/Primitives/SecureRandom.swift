import COpenSSL

/// Random bytes that nobody can predict, for salts, nonces and names. For keys see `SecretBytes.random`.
package enum SecureRandom {
    /// - Throws: `library` if the system gives no randomness; `invalidArgument` for a negative count.
    package static func bytes(_ count: Int) throws(CryptoError) -> [UInt8] {
        guard count >= 0, count <= Int(Int32.max) else {
            throw CryptoError(.invalidArgument, "\(count) random bytes cannot be drawn at once")
        }
        var bytes = [UInt8](repeating: 0, count: count)
        try unsafe LibCrypto.check(RAND_bytes(&bytes, Int32(count)), "RAND_bytes")
        return bytes
    }

    /// A random number of 64 bits.
    package static func word() throws(CryptoError) -> UInt64 {
        try bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
