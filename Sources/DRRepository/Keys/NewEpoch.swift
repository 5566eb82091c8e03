internal import DRCrypto

/// A new epoch: its keys are drawn and sealed to everybody who may have them; nothing is stored yet.
struct NewEpoch: Sendable {
    /// To be signed by the owner, once the files are stored.
    let record: EpochRecord
    /// The new epoch's and the earlier ones.
    let identities: [UInt32: AgeIdentity]
    let secret: WriterSecret
    private let files: [SealedKeyFile]

    /// - Parameters:
    ///   - idKey: the domain's.
    ///   - identities: of the earlier epochs: readers keep reading what was sealed to them.
    ///   - listKeys: of the earlier epochs.
    ///   - hosts: those that are to have the epoch's writer secret, or their part of it.
    init(
        _ place: KeyPlace, idKey: SecretBytes, after identities: [UInt32: AgeIdentity] = [:],
        _ listKeys: [UInt32: SecretBytes] = [:], readers: [SlotReader], hosts: [HostRecord] = []
    ) throws(RepositoryError) {
        let (identity, recipientText) = try newIdentity()
        let listKey = try randomSecret(ListKey.byteCount)
        var allIdentities = identities
        allIdentities[place.epoch] = identity
        var allListKeys = listKeys
        allListKeys[place.epoch] = listKey
        secret = WriterSecret(idKey: idKey, listKeys: allListKeys)
        self.identities = allIdentities
        let writerSecret = place.file(
            "writer-secret", try secret.seal(of: place, to: try recipient(recipientText)))
        var files = [writerSecret]
        var slots: [SlotRecord] = []
        for reader in readers {
            let (record, file) = try reader.slot(allIdentities, of: place)
            slots.append(record)
            files += [reader.file, file].compactMap { $0 }
        }
        var hostSecrets: [HostSecretRecord] = []
        for host in hosts {
            guard let signer = host.signer, let file = try host.secretFile(secret, of: place) else { continue }
            hostSecrets.append(HostSecretRecord(host: signer, file: file.file.digest))
            files.append(file)
        }
        self.files = files
        record = EpochRecord(
            domain: place.domain, number: place.epoch, recipient: recipientText,
            listKeyCommitment: try ListKey.commitment(of: listKey), writerSecret: writerSecret.file.digest,
            slots: slots, hosts: hostSecrets)
    }

    /// Stores the files. Until the owner's chain names them they mean nothing; durable on return.
    func store(in storage: any Storage) throws(RepositoryError) {
        for file in files { try file.store(in: storage) }
    }
}

extension HostRecord {
    /// The host's part of an epoch's writer secret, sealed to it; nil where its roles need no keys.
    func secretFile(_ secret: WriterSecret, of place: KeyPlace) throws(RepositoryError) -> SealedKeyFile? {
        guard let part = secret.part(for: roles.compactMap { HostRole(rawValue: $0) }) else { return nil }
        return place.file("host", try part.seal(of: place, to: try DRRepository.recipient(recipient)))
    }
}

/// A host that is about to be enrolled.
struct NewHost: Sendable {
    let record: HostRecord
    /// To be stored before the host is enrolled; nil where its roles need no keys.
    let secretFile: SealedKeyFile?
    /// What the host gets, to be kept at mode 0600.
    let identityFile: SecretBytes
    let signingKey: Ed25519.PrivateKey

    init(
        _ name: String, roles: [HostRole], secret: WriterSecret, of place: KeyPlace
    ) throws(RepositoryError) {
        signingKey = try NewRepository.newSigningKey()
        let (identity, recipient) = try newIdentity()
        var record = HostRecord(
            name: name, domain: place.domain, key: Hexadecimal.text(signingKey.publicKey.bytes),
            roles: roles.map(\.rawValue),
            recipient: recipient, file: nil)
        secretFile = try record.secretFile(secret, of: place)
        record.file = secretFile?.file.digest
        self.record = record
        identityFile = try HostIdentity(
            repository: place.repository, domain: place.domain, host: name, signingKey: signingKey, identity: identity
        ).encoded()
    }
}
