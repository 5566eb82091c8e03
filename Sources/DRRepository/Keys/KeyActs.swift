package import DRCrypto
package import DRSystem

/// What an owner adds to a repository.
extension Repository {
    /// The slots that the owner signed.
    package var slots: [SlotRecord] { config.slots }

    /// Gives another reader a slot.
    /// - Parameters:
    ///   - keys: of a reader: only who can open the epoch can hand it on.
    ///   - ownerFile: what `repo init` wrote as the owner's key.
    /// - Returns: the repository with the slot in its chain.
    /// - Throws: `missingKey` without a reader's keys; `wrongKey` for another owner; `invalidArgument` for a
    ///   recipient that has one.
    package func addingSlot(
        for reader: NewRepository.Reader, keys: RepositoryKeys, ownerFile: SecretBytes, time: any TimeSource
    ) throws(RepositoryError) -> (repository: Repository, slot: SlotRecord) {
        guard let epoch = keys.epochIdentity else {
            throw RepositoryError(
                .missingKey, "a writer identity cannot give others access to content",
                hint: "use the identity of a reader")
        }
        let owner = try IdentityFile.parseOwner(ownerFile)
        let (recipient, kind, label) = try NewRepository.target(of: reader)
        guard kind == .passphrase || !slots.contains(where: { $0.kind == kind && $0.label == label }) else {
            throw RepositoryError(
                .invalidArgument, "\(label) has a slot already", hint: "`drctl key list` lists them")
        }
        let file = try EpochSlot.seal(
            epoch, repository: id, domain: domain.name, epoch: domain.epoch.number, to: recipient)
        let record = SlotRecord(
            domain: domain.name, epoch: domain.epoch.number, file: Digest.of(file), kind: kind, label: label)
        var config = config
        guard owner.publicKey == config.owner else { throw Self.notOwner(id) }
        try storage.put(file, at: record.path)
        try config.add(slot: record, owner: owner, now: time.wallNanoseconds(), to: storage)
        return (Repository(storage: storage, config: config), record)
    }

    /// Enrols a host that cannot read.
    /// - Parameter roles: what it may do; to back up is the default.
    /// - Parameter keep: keeps the host's writer identity, at mode 0600 and durably, before the host is enrolled: a
    ///   name is never used twice, so a host whose key was lost would be lost with it.
    /// - Returns: the repository with the host in its chain, and the writer identity.
    /// - Throws: what `keep` throws; `wrongKey` for another owner; `invalidArgument` for a name that is taken.
    package func addingHost(
        _ name: String, roles: [HostRole] = [.writer], keys: RepositoryKeys, ownerFile: SecretBytes,
        time: any TimeSource,
        keep: (SecretBytes) throws -> Void
    ) throws -> (repository: Repository, writerFile: SecretBytes) {
        guard !config.hosts.contains(where: { $0.name == name }) else {
            throw RepositoryError(
                .invalidArgument, "host \(name) is enrolled already",
                hint: "a reinstalled host gets a new name, so that its log does not start twice")
        }
        let owner = try IdentityFile.parseOwner(ownerFile)
        let signingKey = try NewRepository.newSigningKey()
        let record = HostRecord(
            name: name, key: Hexadecimal.text(signingKey.publicKey.bytes), roles: roles.map(\.rawValue))
        guard owner.publicKey == config.owner else { throw Self.notOwner(id) }
        let file = try WriterIdentity(
            repository: id, domain: domain, host: name, signingKey: signingKey,
            secret: WriterSecret(idKey: keys.idKey.secret, listKey: keys.listKey.secret)
        ).encoded()
        try keep(file)
        var config = config
        try config.add(host: record, owner: owner, now: time.wallNanoseconds(), to: storage)
        return (Repository(storage: storage, config: config), file)
    }

    private static func notOwner(_ id: Digest) -> RepositoryError {
        RepositoryError(
            .wrongKey, "this is not the owner's key of repository \(id)",
            hint: "use the owner key file that `repo init` wrote")
    }
}
