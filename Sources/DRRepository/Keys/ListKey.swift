package import DRCrypto

/// An epoch's list key: it opens pack directories, indexes and the listing part of manifests, and no content.
package struct ListKey: Sendable {
    package static let byteCount = 32

    package let secret: SecretBytes
    package let repository: Digest
    package let domain: String

    /// - Throws: `invalidKeyFile` unless the secret has 32 bytes.
    package init(_ secret: SecretBytes, repository: Digest, domain: String) throws(RepositoryError) {
        guard secret.count == Self.byteCount else {
            throw RepositoryError(.invalidKeyFile, "a list key has \(Self.byteCount) bytes, not \(secret.count)")
        }
        self.secret = secret
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

    /// The content of a box that `seal` made for this purpose with the same `clear`.
    /// - Throws: an error that names the object, when the box is not authentic.
    package func open(
        _ box: [UInt8], for purpose: Purpose, authenticating clear: [UInt8] = [], name: String
    ) throws(RepositoryError) -> [UInt8] {
        try SealedBox.open(
            box, key: secret, purpose: purpose.rawValue, context: context, associatedData: clear, name: name)
    }

    /// A value that shows which list key it is without showing the key; the owner signs it.
    package var commitment: Digest {
        get throws(RepositoryError) {
            let derived = try DerivedKey(
                from: secret, salt: [UInt8](repeating: 0, count: DerivedKey.saltByteCount),
                label: "drctl/1/list-key", fields: [])
            return Digest.of(derived.commitment)
        }
    }

    private var context: [[UInt8]] { [repository.bytes, Array(domain.utf8)] }
}
