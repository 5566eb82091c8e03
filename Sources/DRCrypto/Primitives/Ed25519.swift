/// Signatures on edwards25519 (RFC 8032, pure Ed25519).
package enum Ed25519 {
    package static let signatureByteCount = 64

    /// The half that everybody may know.
    package struct PublicKey: Hashable, Sendable {
        /// The 32 bytes of the encoded point.
        package let bytes: [UInt8]

        /// - Returns: nil unless there are exactly 32 bytes. Bytes that encode no point verify nothing.
        package init?(_ bytes: [UInt8]) {
            guard bytes.count == PublicKeyHandle.byteCount else { return nil }
            self.bytes = bytes
        }

        /// Whether `signature` is this key's over exactly these bytes. Every kind of "no" is false.
        ///
        /// - Throws: `library` when that could not be established.
        package func verifies(_ signature: [UInt8], of message: Span<UInt8>) throws(CryptoError) -> Bool {
            try PublicKeyHandle(.ed25519, publicKey: bytes).verifies(signature, of: message)
        }
    }

    /// The half that only its owner knows.
    package struct PrivateKey: Sendable {
        /// The 32 bytes of the seed.
        package let seed: SecretBytes
        package let publicKey: PublicKey

        /// A new key.
        ///
        /// - Throws: `library`.
        package init() throws(CryptoError) {
            try self.init(seed: SecretBytes.random(count: PublicKeyHandle.byteCount))
        }

        /// - Throws: `invalidArgument` unless there are 32 bytes; `library`.
        package init(seed: SecretBytes) throws(CryptoError) {
            let handle = try PublicKeyHandle(.ed25519, privateKey: seed)
            guard let publicKey = PublicKey(try handle.publicKey()) else {
                throw CryptoError(.library, "libcrypto gave no Ed25519 public key")
            }
            self.seed = seed
            self.publicKey = publicKey
        }

        /// The 64 bytes of the signature. The same message always gets the same.
        ///
        /// - Throws: `library`.
        package func signature(of message: Span<UInt8>) throws(CryptoError) -> [UInt8] {
            try PublicKeyHandle(.ed25519, privateKey: seed).signature(of: message)
        }
    }
}
