internal import DRCrypto

/// What writing, listing and dedup need, and reading content does not: the id key and the list key. For readers it lies
/// in `domains/D/epochs/N/writer-secret`, an age file for the epoch's recipient.
///
/// Anybody can seal to a recipient, so both keys must fit the commitments that the owner signed in the genesis.
struct WriterSecret: Sendable {
    private struct Sealed: Codable {
        let schema: String
        let repository: Digest
        let domain: String
        let epoch: UInt32
        let idKey: String
        let listKey: String
    }

    static let schema = "drctl/writer-secret/0"
    static let fileName = "writer-secret"

    let idKey: SecretBytes
    let listKey: SecretBytes

    static func random() throws(RepositoryError) -> WriterSecret {
        WriterSecret(idKey: try randomSecret(IDKey.byteCount), listKey: try randomSecret(ListKey.byteCount))
    }

    func seal(
        repository: Digest, domain: String, epoch: UInt32, to recipient: AgeRecipient
    ) throws(RepositoryError) -> [UInt8] {
        let sealed = Sealed(
            schema: Self.schema, repository: repository, domain: domain, epoch: epoch, idKey: hexadecimal(idKey),
            listKey: hexadecimal(listKey))
        return try AgeFile.seal(try JSON.encode(sealed), to: [recipient])
    }

    static func open(
        _ file: [UInt8], with identity: AgeIdentity, repository: Digest, domain: DomainRecord
    ) throws(RepositoryError) -> WriterSecret {
        let name = "the writer secret of domain \(domain.name)"
        let plaintext = try AgeFile.open(file, with: [identity], name: name)
        let sealed = try JSON.decode(Sealed.self, from: plaintext, name: name)
        guard sealed.schema == schema, let idKey = Hexadecimal.bytes(sealed.idKey),
            let listKey = Hexadecimal.bytes(sealed.listKey)
        else { throw RepositoryError(.damaged, "\(name) is not what the format says") }
        guard sealed.repository == repository, sealed.domain == domain.name, sealed.epoch == domain.epoch.number else {
            throw RepositoryError(.notAuthentic, "\(name) belongs to another repository, domain or epoch")
        }
        return WriterSecret(idKey: try secret(idKey), listKey: try secret(listKey))
    }

    /// The keys made usable.
    /// - Throws: `notAuthentic` when they are not those that the owner signed.
    func keys(
        repository: Digest, domain: DomainRecord
    ) throws(RepositoryError) -> (idKey: IDKey, listKey: ListKey) {
        let idKey = try IDKey(idKey)
        let listKey = try ListKey(listKey, repository: repository, domain: domain.name)
        guard idKey.commitment == domain.idKeyCommitment,
            try listKey.commitment == domain.epoch.listKeyCommitment
        else {
            throw RepositoryError(
                .notAuthentic, "the id and list keys are not those that the owner signed for domain \(domain.name)")
        }
        return (idKey, listKey)
    }
}

/// A secret as hexadecimal text, for a file that is sealed or kept at mode 0600.
func hexadecimal(_ secret: SecretBytes) -> String { secret.withBytes { Hexadecimal.text($0.copied()) } }
