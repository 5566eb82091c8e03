/// Key agreement on Curve25519 (RFC 7748).
package enum X25519 {
    /// The half that everybody may know.
    package struct PublicKey: Hashable, Sendable {
        /// The 32 bytes of the u-coordinate.
        package let bytes: [UInt8]

        /// - Returns: nil unless there are exactly 32 bytes. Whether the point is of low order shows at the agreement.
        package init?(_ bytes: [UInt8]) {
            guard bytes.count == PublicKeyHandle.byteCount else { return nil }
            self.bytes = bytes
        }
    }

    /// The half that only its owner knows.
    package struct PrivateKey: Sendable {
        /// The 32 bytes as they were drawn or given, before clamping.
        package let secret: SecretBytes
        package let publicKey: PublicKey

        /// A new key.
        ///
        /// - Throws: `library`.
        package init() throws(CryptoError) {
            try self.init(SecretBytes.random(count: PublicKeyHandle.byteCount))
        }

        /// - Throws: `invalidArgument` unless there are 32 bytes; `library`.
        package init(_ secret: SecretBytes) throws(CryptoError) {
            let handle = try PublicKeyHandle(.x25519, privateKey: secret)
            guard let publicKey = PublicKey(try handle.publicKey()) else {
                throw CryptoError(.library, "libcrypto gave no X25519 public key")
            }
            self.secret = secret
            self.publicKey = publicKey
        }

        /// The 32 bytes that both sides arrive at; to be put through a key derivation, never used as they are.
        ///
        /// - Throws: `weakPublicKey` if the peer's key is a point of low order; `library`.
        package func sharedSecret(with peer: PublicKey) throws(CryptoError) -> SecretBytes {
            let mine = try PublicKeyHandle(.x25519, privateKey: secret)
            let theirs = try PublicKeyHandle(.x25519, publicKey: peer.bytes)
            return try mine.sharedSecret(with: theirs)
        }
    }
}
