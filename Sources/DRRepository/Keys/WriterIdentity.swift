package import DRCrypto

/// What a host holds that backs up: it names and lists objects, seals to the epoch and signs. Nothing in it opens
/// content.
package struct WriterIdentity: Sendable {
    private struct File: Codable {
        let schema: String
        let repository: Digest
        let domain: String
        let epoch: UInt32
        let recipient: String
        let host: String
        let signingKey: String
        let idKey: String
        let listKey: String
    }

    private static let schema = "drctl/writer-identity/0"

    package let repository: Digest
    package let domain: String
    package let epoch: UInt32
    package let host: String
    let recipient: String
    let signingKey: Ed25519.PrivateKey
    let secret: WriterSecret

    init(
        repository: Digest, domain: DomainRecord, host: String, signingKey: Ed25519.PrivateKey, secret: WriterSecret
    ) {
        self.repository = repository
        self.domain = domain.name
        epoch = domain.epoch.number
        recipient = domain.epoch.recipient
        self.host = host
        self.signingKey = signingKey
        self.secret = secret
    }

    /// - Throws: `invalidKeyFile`.
    init(parsing bytes: [UInt8]) throws(RepositoryError) {
        let file: File
        do throws(RepositoryError) {
            file = try JSON.decode(File.self, from: bytes, name: "the writer identity")
        } catch {
            throw RepositoryError(
                .invalidKeyFile, "the writer identity is not what `key writer` writes", cause: error.cause)
        }
        guard file.schema == Self.schema, let idKey = Hexadecimal.bytes(file.idKey),
            let listKey = Hexadecimal.bytes(file.listKey)
        else { throw RepositoryError(.invalidKeyFile, "the writer identity is not what `key writer` writes") }
        repository = file.repository
        domain = file.domain
        epoch = file.epoch
        host = file.host
        recipient = file.recipient
        signingKey = try Identity.signingKey(file.signingKey, of: "the writer identity")
        secret = WriterSecret(
            idKey: try DRRepository.secret(idKey), listKey: try DRRepository.secret(listKey))
    }

    /// The file: JSON, to be kept at mode 0600.
    package func encoded() throws(RepositoryError) -> SecretBytes {
        let file = File(
            schema: Self.schema, repository: repository, domain: domain, epoch: epoch, recipient: recipient, host: host,
            signingKey: hexadecimal(signingKey.seed), idKey: hexadecimal(secret.idKey),
            listKey: hexadecimal(secret.listKey))
        return try DRRepository.secret(try JSON.encode(file) + [UInt8(ascii: "\n")])
    }
}
