internal import DRCrypto

/// What writing, listing and dedup need, and reading content does not: the id key, and the list keys of an epoch and of
/// those before it. For readers it lies in the epoch's `writer-secret-…`, an age file for the epoch's recipient; for each
/// host in a `host-…` of its own, so that hosts get a new epoch's keys from storage.
///
/// Anybody can seal to a recipient, so the keys must fit the commitments that the owner signed.
struct WriterSecret: Sendable {
    private struct Sealed: Codable {
        struct EpochKey: Codable {
            let epoch: UInt32
            let key: SecretString
        }

        let schema: String
        let repository: Digest
        let domain: String
        let epoch: UInt32
        /// Absent for a host that only lists.
        let idKey: SecretString?
        /// In the order of the epochs.
        let listKeys: [EpochKey]
    }

    private static let secrets = ["idKey", "key"]
    static let schema = RepositoryFormat.schema("writer-secret")

    /// nil for a host that only lists.
    let idKey: SecretBytes?
    /// By epoch.
    let listKeys: [UInt32: SecretBytes]

    /// The part that a host with these roles gets; nil where they need no keys.
    func part(for roles: [HostRole]) -> WriterSecret? {
        if roles.contains(where: \.holdsIDKey) { return self }
        return roles.contains(.lister) ? WriterSecret(idKey: nil, listKeys: listKeys) : nil
    }

    func seal(of place: KeyPlace, to recipient: AgeRecipient) throws(RepositoryError) -> [UInt8] {
        var keys: [Sealed.EpochKey] = []
        for (epoch, key) in listKeys.sorted(by: { $0.key < $1.key }) {
            keys.append(Sealed.EpochKey(epoch: epoch, key: SecretString(try key.hexadecimal())))
        }
        let sealed = Sealed(
            schema: Self.schema, repository: place.repository, domain: place.domain, epoch: place.epoch,
            idKey: try idKey.map { key throws(RepositoryError) in SecretString(try key.hexadecimal()) },
            listKeys: keys)
        return try AgeFile.seal(try SecretJSON.encode(sealed, secrets: Self.secrets), to: [recipient])
    }

    static func open(
        _ file: [UInt8], with identity: AgeIdentity, of place: KeyPlace, name: String
    ) throws(RepositoryError) -> WriterSecret {
        let plaintext = try AgeFile.open(file, with: [identity], name: name)
        let sealed = try SecretJSON.decode(Sealed.self, from: plaintext, secrets: secrets, name: name)
        guard sealed.schema == schema else { throw misfit(name) }
        guard sealed.repository == place.repository, sealed.domain == place.domain, sealed.epoch == place.epoch else {
            throw RepositoryError(.notAuthentic, "\(name) belongs to another repository, domain or epoch")
        }
        var listKeys: [UInt32: SecretBytes] = [:]
        for entry in sealed.listKeys { listKeys[entry.epoch] = try key(entry.key, name) }
        var idKey: SecretBytes?
        if let text = sealed.idKey { idKey = try key(text, name) }
        return WriterSecret(idKey: idKey, listKeys: listKeys)
    }

    /// - Parameters:
    ///   - epochs: all that the owner signed.
    ///   - domain: with the id key's commitment.
    /// - Throws: `notAuthentic` unless these are exactly the keys that the owner signed.
    func keys(
        of place: KeyPlace, domain: DomainRecord, epochs: [EpochRecord]
    ) throws(RepositoryError) -> (idKey: IDKey?, listKey: ListKey) {
        var idKey: IDKey?
        if let secret = self.idKey { idKey = try IDKey(secret) }
        var ordered: [SecretBytes] = []
        for epoch in epochs.reversed() {
            guard let key = listKeys[epoch.number], try ListKey.commitment(of: key) == epoch.listKeyCommitment else {
                throw Self.notSigned(place)
            }
            ordered.append(key)
        }
        guard let newest = ordered.first, listKeys.count == ordered.count,
            idKey.map({ $0.commitment == domain.idKeyCommitment }) ?? true
        else { throw Self.notSigned(place) }
        let listKey = try ListKey(
            newest, earlier: Array(ordered.dropFirst()), repository: place.repository, domain: place.domain)
        return (idKey, listKey)
    }

    private static func notSigned(_ place: KeyPlace) -> RepositoryError {
        RepositoryError(
            .notAuthentic, "the id and list keys are not those that the owner signed for domain \(place.domain)")
    }

    private static func key(_ digits: SecretString, _ name: String) throws(RepositoryError) -> SecretBytes {
        guard let key = try digits.text.ofHexadecimal() else { throw misfit(name) }
        return key
    }

    private static func misfit(_ name: String) -> RepositoryError {
        RepositoryError(.damaged, "\(name) is not what the format says")
    }
}
