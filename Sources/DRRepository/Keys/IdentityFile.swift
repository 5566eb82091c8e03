internal import DRCrypto

/// The key files that `repo init` gives to whoever made the repository. Each is to be kept at mode 0600.
enum IdentityFile {
    static let repositoryRemark = "drctl-repository"
    static let signingKeyRemark = "drctl-signing-key"
    private static let ownerTitle = "drctl-owner-key"

    /// An ordinary age identity file, which stock age takes too. Its remarks pin the repository and hold the signing
    /// key of the host, so that the one file reads and writes.
    static func reader(
        _ identity: AgeIdentity, repository: Digest, host: String, signingKey: Ed25519.PrivateKey
    ) throws(RepositoryError) -> SecretBytes {
        let text: SecretText = """
            # Reads repository \(repository), and writes to it as host \(host). Keep it secret, and keep a copy elsewhere.
            # \(repositoryRemark): \(repository)
            # \(signingKeyRemark): \(secret: try signingKey.seed.hexadecimal())
            # public key: \(identity.recipient?.text ?? "")
            \(secret: try identityText(identity))

            """
        return try text.bytes()
    }

    /// An age identity file that pins the repository; it signs nothing.
    static func reader(_ identity: AgeIdentity, repository: Digest) throws(RepositoryError) -> SecretBytes {
        let text: SecretText = """
            # Reads repository \(repository). Keep it secret, and keep a copy elsewhere.
            # \(repositoryRemark): \(repository)
            # public key: \(identity.recipient?.text ?? "")
            \(secret: try identityText(identity))

            """
        return try text.bytes()
    }

    /// The owner's signing key: for config, hosts and slots; never needed to back up or to restore.
    static func owner(_ key: Ed25519.PrivateKey, repository: Digest) throws(RepositoryError) -> SecretBytes {
        let text: SecretText = """
            # Owns repository \(repository). Needed to add keys and hosts, not to back up or restore. Keep it offline.
            # \(repositoryRemark): \(repository)
            # \(ownerTitle): \(secret: try key.seed.hexadecimal())

            """
        return try text.bytes()
    }

    /// - Throws: `invalidKeyFile`.
    static func parseOwner(_ file: SecretBytes) throws(RepositoryError) -> Ed25519.PrivateKey {
        guard let text = try Remarks(of: file).secret(ownerTitle) else {
            throw RepositoryError(
                .invalidKeyFile, "this is not an owner key file", hint: "give the owner key file that `repo init` wrote"
            )
        }
        return try Identity.signingKey(text, of: "the owner key file")
    }
}
