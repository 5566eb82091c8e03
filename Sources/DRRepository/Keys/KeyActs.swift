package import DRCrypto
package import DRSystem

/// What an owner does to readers and epochs. Each act is an entry of the owner's chain; the files that it names are
/// stored before it, so an act that was interrupted did not happen, and is done by doing it again.
extension Repository {
    /// The slots of those who read what is written now.
    package var slots: [SlotRecord] { config.slots }

    /// Gives another reader a slot.
    /// - Parameters:
    ///   - keys: of a reader: only who can open the epochs can hand them on.
    ///   - ownerFile: what `repo init` wrote as the owner's key.
    /// - Returns: the repository with the slot in its chain.
    /// - Throws: `missingKey` without a reader's keys; `wrongKey` for another owner; `invalidArgument` for a
    ///   recipient that has one.
    package func addingSlot(
        for reader: NewRepository.Reader, keys: RepositoryKeys, ownerFile: SecretBytes, time: any TimeSource
    ) throws(RepositoryError) -> (repository: Repository, slot: SlotRecord) {
        let owner = try owner(ownerFile)
        try refuseWithoutContent(keys)
        if case .recipient(let text, _) = reader, slots.contains(where: { $0.recipient == text }) {
            throw RepositoryError(
                .invalidArgument, "\(text) has a slot already", hint: "`drctl key list` lists them")
        }
        let place = try newestPlace
        let reader = try SlotReader(reader, in: place)
        let (record, file) = try reader.slot(keys.epochs, of: place)
        try reader.file?.store(in: storage)
        try file.store(in: storage)
        return (try adding(.slotAdded(record), owner, time), record)
    }

    /// Takes a reader's slot and starts an epoch that it has none of. What it could read before it can still read: it
    /// may have kept the keys.
    /// - Parameter text: the recipient, the passphrase's label, or the first digits (at least 4) of the slot's file.
    /// - Returns: the repository with its new epoch, and whose slot it was. Where an earlier call was interrupted, what
    ///   was left to do is done now.
    /// - Throws: `invalidArgument` for what names no slot, several, or the last; `missingKey`; `wrongKey`.
    package func removingSlot(
        _ text: String, reason: String?, keys: RepositoryKeys, ownerFile: SecretBytes, time: any TimeSource
    ) throws(RepositoryError) -> (repository: Repository, label: String) {
        let owner = try owner(ownerFile)
        try refuseWithoutContent(keys)
        func isMeant(_ label: String, _ file: Digest) -> Bool {
            label == text || text.utf8.count >= 4 && file.hex.hasPrefix(text)
        }
        let meant = slots.filter { isMeant($0.label, $0.file) }
        guard let slot = meant.first else {
            for case .slotRemoved(let removal) in config.acts.map(\.act) where isMeant(removal.label, removal.file) {
                return (config.rotationReasons.isEmpty ? self : try rotating(keys, owner, time), removal.label)
            }
            throw RepositoryError(
                .invalidArgument, "there is no slot of \(text)", hint: "`drctl key list` lists them")
        }
        guard meant.count == 1 else {
            throw RepositoryError(
                .invalidArgument, "\(meant.count) slots are called \(text)",
                hint: "give the first digits of the slot's file: `drctl key list` shows it")
        }
        guard slots.count > 1 else {
            throw RepositoryError(
                .invalidArgument, "\(slot.label) has the last slot: without it nobody could read the repository",
                hint: "add another reader first, with `drctl key add`")
        }
        let removal = SlotRemoval(domain: domain.name, file: slot.file, label: slot.label, reason: reason)
        return (try adding(.slotRemoved(removal), owner, time).rotating(keys, owner, time), slot.label)
    }

    /// Starts an epoch: backups that begin from now on are sealed to its new key, and listed under a new list key.
    /// Nothing is sealed again; every reader, and every host that was not revoked, gets the new keys from storage.
    /// - Parameter keys: of a reader.
    /// - Returns: the repository with its new epoch.
    /// - Throws: `missingKey`; `wrongKey`; `heldByAnother` when somebody else changed the chain at the same time.
    package func rotating(
        keys: RepositoryKeys, ownerFile: SecretBytes, time: any TimeSource
    ) throws(RepositoryError) -> Repository {
        let owner = try owner(ownerFile)
        return try rotating(keys, owner, time)
    }

    /// Says that somebody may hold an epoch's keys, and starts a new one where that was the newest. An epoch's slots hold
    /// the keys of those before it, so these are marked with it.
    /// - Returns: the repository, and the epochs that are compromised now. Where an earlier call was interrupted, what
    ///   was left to do is done now.
    /// - Throws: `invalidArgument` for an epoch that is not there; otherwise as `rotating`.
    package func compromising(
        epoch number: UInt32?, reason: String, keys: RepositoryKeys, ownerFile: SecretBytes, time: any TimeSource
    ) throws(RepositoryError) -> (repository: Repository, epochs: [UInt32]) {
        let owner = try owner(ownerFile)
        try refuseWithoutContent(keys)
        let newest = try config.newest.number
        let last = number ?? newest
        guard last >= 1, last <= newest else {
            throw RepositoryError(
                .invalidArgument, "there is no epoch \(last)", hint: "`drctl key status` lists them")
        }
        var repository = self
        for epoch in config.epochs.reversed()
        where epoch.record.number <= last && config.state(of: epoch) != .compromised {
            let mark = EpochMark(
                domain: domain.name, epoch: epoch.record.number, state: .compromised, reason: reason)
            repository = try repository.adding(.epochMarked(mark), owner, time)
        }
        if !repository.config.rotationReasons.isEmpty { repository = try repository.rotating(keys, owner, time) }
        let compromised = repository.config.epochs.filter { repository.config.state(of: $0) == .compromised }
        return (repository, compromised.map(\.record.number))
    }

    private func rotating(
        _ keys: RepositoryKeys, _ owner: Ed25519.PrivateKey, _ time: any TimeSource
    ) throws(RepositoryError) -> Repository {
        try refuseWithoutContent(keys)
        guard let idKey = keys.secret.idKey else { throw Self.noContent }
        var readers: [SlotReader] = []
        for slot in slots { readers.append(try SlotReader(slot)) }
        let place = KeyPlace(repository: id, domain: domain.name, epoch: try config.newest.number + 1)
        let epoch = try NewEpoch(
            place, idKey: idKey, after: keys.epochs, keys.secret.listKeys, readers: readers,
            hosts: config.hosts.filter { host in
                host.domain == domain.name && host.signer.map { config.revocation(of: $0) == nil } ?? false
            })
        try epoch.store(in: storage)
        return try adding(.epochAdded(epoch.record), owner, time)
    }

    func adding(
        _ act: ConfigAct, _ owner: Ed25519.PrivateKey, _ time: any TimeSource
    ) throws(RepositoryError) -> Repository {
        var config = config
        try config.add(act, owner: owner, now: time.wallNanoseconds(), to: storage)
        return Repository(storage: storage, config: config)
    }

    /// - Throws: `wrongKey` for another owner's, before anything is stored.
    func owner(_ file: SecretBytes) throws(RepositoryError) -> Ed25519.PrivateKey {
        let owner = try IdentityFile.parseOwner(file)
        guard owner.publicKey == config.owner else {
            throw RepositoryError(
                .wrongKey, "this is not the owner's key of repository \(id)",
                hint: "use the owner key file that `repo init` wrote")
        }
        return owner
    }

    private func refuseWithoutContent(_ keys: RepositoryKeys) throws(RepositoryError) {
        guard keys.opensContent else { throw Self.noContent }
    }

    static var noContent: RepositoryError {
        RepositoryError(
            .missingKey, "a host's identity cannot give others access to content",
            hint: "use the identity of a reader")
    }
}
