package import DRCrypto

/// An epoch's list key with those of the epochs before it: they open pack directories, indexes and the listing part of
/// manifests, and no content. The epoch's own seals; what was sealed under an earlier one tells by its commitment.
package struct ListKey: Sendable {
    package static let byteCount = 32

    package let secret: SecretBytes
    /// Newest first.
    private let earlier: [SecretBytes]
    package let repository: Digest
    package let domain: String

    /// - Parameter earlier: the keys of the epochs before, newest first.
    /// - Throws: `invalidKeyFile` unless each secret has 32 bytes.
    package init(
        _ secret: SecretBytes, earlier: [SecretBytes] = [], repository: Digest, domain: String
    ) throws(RepositoryError) {
        for key in [secret] + earlier where key.count != Self.byteCount {
            throw RepositoryError(.invalidKeyFile, "a list key has \(Self.byteCount) bytes, not \(key.count)")
        }
        self.secret = secret
        self.earlier = earlier
        self.repository = repository
        self.domain = domain
    }

    /// What a box under this key holds.
    package enum Purpose: String, Sendable {
        case directory, index, manifest
    }

    /// A box for this purpose; `clear` is authenticated with it and not part of it.
    package func seal(
        _ plaintext: [UInt8], for purpose: Purpose, authenticating clear: [UInt8] = []
    ) throws(RepositoryError) -> [UInt8] {
        try SealedBox.seal(
            plaintext, key: secret, purpose: purpose.rawValue, context: context, associatedData: clear)
    }

    /// The content of a box that `seal` made for this purpose with the same `clear`, in this epoch or an earlier one.
    /// - Throws: an error that names the object: `wrongKey` when no key fits the box's commitment; `damaged`.
    package func open(
        _ box: [UInt8], for purpose: Purpose, authenticating clear: [UInt8] = [], name: String
    ) throws(RepositoryError) -> [UInt8] {
        var refusal: RepositoryError?
        for key in [secret] + earlier {
            do throws(RepositoryError) {
                return try SealedBox.open(
                    box, key: key, purpose: purpose.rawValue, context: context, associatedData: clear, name: name)
            } catch {
                guard error.code == .wrongKey else { throw error }
                refusal = refusal ?? error
            }
        }
        throw refusal ?? RepositoryError(.internalFault, "\(name): there is no list key")
    }

    /// A value that shows which list key it is without showing the key; the owner signs it.
    package static func commitment(of secret: SecretBytes) throws(RepositoryError) -> Digest {
        let derived = try DerivedKey(
            from: secret, salt: [UInt8](repeating: 0, count: DerivedKey.saltByteCount),
            label: "drctl/1/list-key", fields: [])
        return Digest.of(derived.commitment)
    }

    private var context: [[UInt8]] { [repository.bytes, Array(domain.utf8)] }
}
