internal import DRCrypto

/// A key for one use, derived from a longer-lived secret, with a commitment to it.
///
/// key ‖ commitment = HKDF-SHA-512(secret, salt, label ‖ fields), 64 bytes, halved; each field has its length in two
/// bytes in front. AES-GCM alone does not bind a ciphertext to one key: whoever opens compares the commitment first.
struct DerivedKey {
    static let saltByteCount = 32
    static let commitmentByteCount = 32

    let key: SecretBytes
    let commitment: [UInt8]

    /// - Throws: `internalFault` when the library refuses.
    init(from secret: SecretBytes, salt: [UInt8], label: String, fields: [[UInt8]]) throws(RepositoryError) {
        var info = ByteWriter(capacity: 256)
        info.append(raw: Array(label.utf8))
        for field in fields { info.append(field: field) }
        do throws(CryptoError) {
            let derived = try HKDF.sha512(secret: secret, salt: salt, info: info.bytes, count: 64)
            key = try derived.part(0..<32)
            commitment = derived.withBytes { bytes in (32..<64).map { bytes[$0] } }
        } catch {
            throw RepositoryError(.internalFault, "a key could not be derived: \(error.message)", cause: error)
        }
    }
}
