package import DRCrypto

/// Bytes sealed under a long-lived key for one purpose: salt ‖ commitment ‖ ciphertext ‖ tag.
///
/// Every box has a key of its own (`DerivedKey` with the box's random salt), so its nonce is zero. Purpose and
/// context go into the derivation: a box that was moved elsewhere does not open there.
package enum SealedBox {
    package static let overheadBytes =
        DerivedKey.saltByteCount + DerivedKey.commitmentByteCount + AEAD.tagByteCount

    /// - Parameters:
    ///   - purpose: what the box holds, for example `directory`.
    ///   - context: what the box belongs to; opening needs the same.
    ///   - associatedData: bytes in clear that are authenticated with it.
    package static func seal(
        _ plaintext: [UInt8], key: SecretBytes, purpose: String, context: [[UInt8]], associatedData: [UInt8] = []
    ) throws(RepositoryError) -> [UInt8] {
        do throws(CryptoError) {
            let salt = try SecureRandom.bytes(DerivedKey.saltByteCount)
            let derived = try derivedKey(key, salt: salt, purpose: purpose, context: context)
            let sealed = try AEAD.seal(
                plaintext.span, algorithm: .aes256GCM, key: derived.key, nonce: AEADNonce(low: 0),
                associatedData: associatedData)
            return salt + derived.commitment + sealed
        } catch {
            throw RepositoryError(.internalFault, "a box could not be sealed: \(error.message)", cause: error)
        }
    }

    /// - Parameter name: what errors call the box.
    /// - Throws: `wrongKey` when the commitment shows another key or place; `damaged` when the content does not fit
    ///   its tag.
    package static func open(
        _ box: [UInt8], key: SecretBytes, purpose: String, context: [[UInt8]], associatedData: [UInt8] = [],
        name: String
    ) throws(RepositoryError) -> [UInt8] {
        guard box.count >= overheadBytes else {
            throw RepositoryError(.damaged, "\(name) is shorter than an empty box")
        }
        let salt = Array(box[..<DerivedKey.saltByteCount])
        let body = DerivedKey.saltByteCount + DerivedKey.commitmentByteCount
        let derived: DerivedKey
        do throws(CryptoError) {
            derived = try derivedKey(key, salt: salt, purpose: purpose, context: context)
        } catch {
            throw RepositoryError(.internalFault, "a key could not be derived: \(error.message)", cause: error)
        }
        guard constantTimeEqual(derived.commitment, Array(box[DerivedKey.saltByteCount..<body])) else {
            throw RepositoryError(
                .wrongKey, "\(name) was sealed under another key, or its first bytes were changed",
                hint: "`verify --level stored` tells the two apart")
        }
        let sealed = Array(box[body...])
        var plaintext = [UInt8](repeating: 0, count: sealed.count - AEAD.tagByteCount)
        do throws(CryptoError) {
            var opener = try AEADKey(.aes256GCM, key: derived.key)
            var output = plaintext.mutableSpan
            try opener.open(
                sealed.span, nonce: AEADNonce(low: 0), associatedData: associatedData.span, into: &output)
        } catch {
            throw RepositoryError(.damaged, "\(name) was changed after it was sealed", cause: error)
        }
        return plaintext
    }

    private static func derivedKey(
        _ key: SecretBytes, salt: [UInt8], purpose: String, context: [[UInt8]]
    ) throws(CryptoError) -> DerivedKey {
        do throws(RepositoryError) {
            return try DerivedKey(from: key, salt: salt, label: "drctl/1/list", fields: [Array(purpose.utf8)] + context)
        } catch {
            throw error.cause as? CryptoError ?? CryptoError(.library, error.message)
        }
    }
}
