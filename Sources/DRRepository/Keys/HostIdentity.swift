package import DRCrypto

/// What an enrolled host holds: a key that signs, and an age identity that opens the host's file in each epoch. What that
/// file gives follows from the host's roles: a writer's names and lists objects. Nothing in either opens content.
package struct HostIdentity: Sendable {
    private struct File: Codable {
        let schema: String
        let repository: Digest
        let domain: String
        let host: String
        let signingKey: SecretString
        let identity: SecretString
    }

    private static let secrets = ["signingKey", "identity"]
    private static let schema = RepositoryFormat.schema("host-identity")

    package let repository: Digest
    package let domain: String
    package let host: String
    let signingKey: Ed25519.PrivateKey
    let identity: AgeIdentity

    init(
        repository: Digest, domain: String, host: String, signingKey: Ed25519.PrivateKey, identity: AgeIdentity
    ) {
        self.repository = repository
        self.domain = domain
        self.host = host
        self.signingKey = signingKey
        self.identity = identity
    }

    /// - Throws: `invalidKeyFile`.
    init(parsing bytes: SecretBytes) throws(RepositoryError) {
        let file: File
        let identities: [AgeIdentity]
        do throws(RepositoryError) {
            file = try SecretJSON.decode(
                File.self, from: bytes, secrets: Self.secrets, name: "the host's identity")
            guard file.schema == Self.schema else { throw RepositoryError(.damaged, "another schema") }
            identities = try identitiesOfFile(file.identity.text, name: "the host's identity")
        } catch {
            throw RepositoryError(
                .invalidKeyFile, "the host's identity is not what `key host` or `key writer` writes",
                cause: error.cause)
        }
        guard let identity = identities.first else {
            throw RepositoryError(.invalidKeyFile, "the host's identity holds no age identity")
        }
        repository = file.repository
        domain = file.domain
        host = file.host
        signingKey = try Identity.signingKey(file.signingKey.text, of: "the host's identity")
        self.identity = identity
    }

    /// The file: JSON, to be kept at mode 0600.
    package func encoded() throws(RepositoryError) -> SecretBytes {
        let file = File(
            schema: Self.schema, repository: repository, domain: domain, host: host,
            signingKey: SecretString(try signingKey.seed.hexadecimal()),
            identity: SecretString(try identityText(identity)))
        var text = try SecretJSON.encode(file, secrets: Self.secrets)
        text += "\n"
        return try text.bytes()
    }
}
