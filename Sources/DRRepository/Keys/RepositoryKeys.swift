internal import DRCrypto

/// The keys that an identity gave of a repository's domain.
package struct RepositoryKeys: Sendable {
    package let listKey: ListKey
    /// What run keys are sealed to: the newest epoch's.
    let recipient: AgeRecipient
    /// By epoch; empty for a host, which opens no content.
    let epochs: [UInt32: AgeIdentity]
    /// nil for a reader whose identity file names no host: it stores nothing.
    let signingKey: Ed25519.PrivateKey?
    /// What can be handed on.
    let secret: WriterSecret
    private let heldIDKey: IDKey?

    init(
        idKey: IDKey?, listKey: ListKey, recipient: AgeRecipient, epochs: [UInt32: AgeIdentity],
        signingKey: Ed25519.PrivateKey?, secret: WriterSecret
    ) {
        heldIDKey = idKey
        self.listKey = listKey
        self.recipient = recipient
        self.epochs = epochs
        self.signingKey = signingKey
        self.secret = secret
    }

    /// - Throws: `missingKey` for a host that only lists.
    package var idKey: IDKey {
        get throws(RepositoryError) {
            if let heldIDKey { return heldIDKey }
            throw RepositoryError(
                .missingKey, "a lister's identity names no objects", hint: "use a writer's or a reader's identity")
        }
    }

    package var opensContent: Bool { !epochs.isEmpty }
    package var signer: SignerID? { signingKey.map { SignerID(of: $0.publicKey) } }
}

extension Repository {
    /// Opens what the identity can open.
    /// - Throws: `wrongKey` naming the slots that were tried, or the removal or revocation; `missingKey` for a host whose
    ///   roles need no keys; `notAuthentic` when storage holds other keys than the owner signed, or the identity is pinned
    ///   to another repository; `damaged`.
    package func unlock(_ identity: Identity) throws(RepositoryError) -> RepositoryKeys {
        if let pin = identity.pinnedRepository, pin != id {
            throw RepositoryError(
                .notAuthentic, "\(storage.name) holds repository \(id); the identity is of \(pin)",
                hint: "check the address and the identity; if both are right, somebody put another repository there")
        }
        guard !isAboutAllDomains else {
            throw RepositoryError(
                .invalidArgument, "the repository has several domains: \(domainNames.joined(separator: ", "))",
                hint: "say which with --domain")
        }
        if let destruction = config.destruction {
            throw RepositoryError(
                .wrongKey, "the keys of domain \(destruction.domain) were destroyed",
                hint: "`drctl key log` says when; what lay in it cannot be read any more")
        }
        switch identity.kind {
        case .host(let host):
            return try keys(try readSecret(of: host), epochs: [:], signingKey: host.signingKey)
        case .reader(let identities):
            let epochs = try openSlot(.recipient, with: identities)
            return try keys(try readWriterSecret(epochs), epochs: epochs, signingKey: identity.signingKey)
        case .passphrase(let passphrase):
            let epochs = try openSlot(.passphrase, with: [.passphrase(passphrase)])
            return try keys(try readWriterSecret(epochs), epochs: epochs, signingKey: nil)
        }
    }

    private func keys(
        _ secret: WriterSecret, epochs: [UInt32: AgeIdentity], signingKey: Ed25519.PrivateKey?
    ) throws(RepositoryError) -> RepositoryKeys {
        let (idKey, listKey) = try secret.keys(
            of: try newestPlace, domain: domain, epochs: config.epochs.map(\.record))
        return RepositoryKeys(
            idKey: idKey, listKey: listKey, recipient: try recipient(config.newest.recipient), epochs: epochs,
            signingKey: signingKey, secret: secret)
    }

    /// The newest epoch, as its key files name it.
    var newestPlace: KeyPlace {
        get throws(RepositoryError) {
            KeyPlace(repository: id, domain: domain.name, epoch: try config.newest.number)
        }
    }

    // MARK: Slots

    private func openSlot(
        _ kind: SlotRecord.Kind, with identities: [AgeIdentity]
    ) throws(RepositoryError) -> [UInt32: AgeIdentity] {
        var tried: [String] = []
        var other: RepositoryError?
        for slot in config.slots where slot.kind == kind {
            do throws(RepositoryError) {
                return try open(slot, with: identities)
            } catch {
                // A slot for somebody else is no fault; a damaged one must not keep the next from being tried.
                if error.code == .wrongKey { tried.append(slot.label) } else { other = error }
            }
        }
        if let other { throw Self.isLost(other) ? slotLost(kind, other) : other }
        throw wrongKey(kind, identities, tried: tried)
    }

    /// A slot's file. One that is not the owner's and opens all the same is no accident: somebody sealed it, or put back
    /// an earlier one.
    private func readSlot(_ slot: SlotRecord, with identities: [AgeIdentity]) throws(RepositoryError) -> [UInt8] {
        do throws(RepositoryError) { return try readSlot(slot) } catch {
            guard error.code == .damaged, let file = try storage.readAll(slot.path, limitBytes: Self.mostKeyFileBytes),
                (try? AgeFile.open(file, with: identities, name: error.message)) != nil
            else { throw error }
            throw RepositoryError(
                .notAuthentic, "\(error.message), and opens: somebody put it there",
                hint: "find out who can write to \(storage.name), and bring the owner's file back from a copy",
                cause: error)
        }
    }

    private static let mostKeyFileBytes = 1 << 20

    private static func isLost(_ error: RepositoryError) -> Bool { [.damaged, .missingObject].contains(error.code) }

    /// No slot opened, and one of those that might have is gone or not as it was written: nothing opens the repository,
    /// and that is what its user has to know.
    private func slotLost(_ kind: SlotRecord.Kind, _ error: RepositoryError) -> RepositoryError {
        RepositoryError(
            .wrongKey,
            "\(kind == .passphrase ? "the passphrase" : "the identity") opens no slot, and one is lost: \(error.message)",
            hint: "bring the file back from a copy of the repository, or use another reader's identity", cause: error)
    }

    private func open(
        _ slot: SlotRecord, with identities: [AgeIdentity]
    ) throws(RepositoryError) -> [UInt32: AgeIdentity] {
        var identities = identities
        if let passphrase = slot.passphrase {
            let file = passphrase.keyFile(domain.name)
            let name = "the passphrase file \(file.path)"
            let opened = try AgeFile.open(try readKeyFile(file, name), with: identities, name: name)
            identities = try identitiesOfFile(opened, name: name).filter { $0.recipient?.text == slot.recipient }
            guard !identities.isEmpty else {
                throw RepositoryError(.notAuthentic, "\(name) holds another identity than the owner signed")
            }
        }
        return try EpochSlot.open(
            try readSlot(slot, with: identities), with: identities, of: try newestPlace,
            epochs: config.epochs.map(\.record),
            name: "slot \(slot.path)")
    }

    private func wrongKey(
        _ kind: SlotRecord.Kind, _ identities: [AgeIdentity], tried: [String]
    ) -> RepositoryError {
        let what = kind == .passphrase ? "the passphrase" : "the identity"
        let recipients = identities.compactMap { $0.recipient?.text }
        for act in config.acts.reversed() {
            guard case .slotRemoved(let removal) = act.act, recipients.contains(removal.label) else { continue }
            return RepositoryError(
                .wrongKey,
                "\(what) opens no slot: \(removal.label) was removed by entry \(act.number) of the owner's chain",
                hint: "use another reader's identity; a slot comes back with `drctl key add`")
        }
        guard !tried.isEmpty else {
            return RepositoryError(
                .wrongKey,
                "repository \(id) has no slot for \(kind == .passphrase ? "a passphrase" : "an age identity")",
                hint: "`drctl key list` shows its slots")
        }
        return RepositoryError(
            .wrongKey, "\(what) opens no slot; tried: \(tried.joined(separator: ", "))",
            hint: kind == .passphrase ? "check the passphrase" : "use the identity of one of these recipients")
    }

    // MARK: Key files

    /// - Throws: `damaged` when the file is gone, or another than the owner signed.
    func readSlot(_ slot: SlotRecord) throws(RepositoryError) -> [UInt8] {
        try readKeyFile(slot.keyFile, "slot \(slot.path) (\(slot.label))")
    }

    /// Reads every key file that opens the newest epoch, of each domain whose key files can be reached.
    /// - Returns: what is wrong with those that are gone or changed.
    func keyFileFaults() -> [RepositoryError] {
        guard !isAboutAllDomains else {
            return domainNames.flatMap { (try? choosing(domain: $0))?.keyFileFaults() ?? [] }
        }
        // The owner gave them up: that they are gone is as it should be.
        if config.destruction != nil || !knowsItsSlots { return [] }
        var files = config.hostFiles.map { ($0, "the host's file \($0.path)") }
        for slot in config.slots {
            files.append((slot.keyFile, "slot \(slot.path) (\(slot.label))"))
            if let file = slot.passphrase?.keyFile(domain.name) {
                files.append((file, "the passphrase file \(file.path)"))
            }
        }
        var faults: [RepositoryError] = []
        do throws(RepositoryError) { _ = try readSecretFile() } catch { faults.append(error) }
        for (file, name) in files {
            do throws(RepositoryError) { _ = try readKeyFile(file, name) } catch { faults.append(error) }
        }
        return faults
    }

    /// The newest epoch's writer secret, sealed to the epoch.
    /// - Throws: `damaged` when it is gone, or another than the owner signed; `notAuthentic` when the chain names none.
    func readSecretFile() throws(RepositoryError) -> [UInt8] {
        let file = try config.newest.secretFile
        return try readKeyFile(file, "the writer secret \(file.path)")
    }

    private func readKeyFile(_ keyFile: KeyFile, _ name: String) throws(RepositoryError) -> [UInt8] {
        let hint = "bring it back from a copy of the repository"
        guard knowsItsSlots else {
            throw RepositoryError(
                .missingKey, "what opens domain \(domainName) lies in a place of its own: --slots names it",
                hint: "name it with --slots or DRCTL_SLOTS")
        }
        guard let file = try storage.readAll(keyFile.path, limitBytes: Self.mostKeyFileBytes) else {
            throw RepositoryError(.damaged, "\(name) is gone", hint: hint)
        }
        guard Digest.of(file) == keyFile.digest else {
            throw RepositoryError(.damaged, "\(name) is not the file that the owner signed", hint: hint)
        }
        return file
    }

    private func readWriterSecret(_ epochs: [UInt32: AgeIdentity]) throws(RepositoryError) -> WriterSecret {
        let place = try newestPlace
        guard let identity = epochs[place.epoch] else {
            throw RepositoryError(.internalFault, "an open slot holds no identity of epoch \(place.epoch)")
        }
        return try WriterSecret.open(
            try readSecretFile(), with: identity, of: place, name: "the writer secret of epoch \(place.epoch)")
    }

    /// What the newest epoch gives a host.
    private func readSecret(of host: HostIdentity) throws(RepositoryError) -> WriterSecret {
        let signer = SignerID(of: host.signingKey.publicKey)
        guard config.hosts.contains(where: { $0.signer == signer }) else {
            throw RepositoryError(
                .wrongKey, "host \(host.host), whose identity this is, is not enrolled in repository \(id)",
                hint: "enrol it with `drctl key writer`; if it was enrolled, compare config/ with a copy")
        }
        try refuseRevoked(signer)
        guard let file = config.hostFile(of: signer) else {
            throw RepositoryError(
                .missingKey, "host \(host.host) signs, and has no key that opens anything",
                hint: "use the identity of a reader, a writer or a lister")
        }
        let name = "the file of host \(host.host), \(file.path)"
        return try WriterSecret.open(
            try readKeyFile(file, name), with: host.identity, of: try newestPlace, name: name)
    }

    /// - Throws: `wrongKey` when the owner revoked the host.
    func refuseRevoked(_ signer: SignerID) throws(RepositoryError) {
        guard let revocation = config.revocation(of: signer) else { return }
        throw RepositoryError(
            .wrongKey, "host \(revocation.name) was revoked; its log counts up to entry \(revocation.counter)",
            hint: "enrol it anew, under another name, with `drctl key writer`")
    }

    /// - Throws: `wrongKey` when the host belongs to another domain than this is about: what it signs counts in its own.
    func refuseOtherDomain(_ signer: SignerID) throws(RepositoryError) {
        guard let own = domainName(of: signer), own != domainName else { return }
        throw RepositoryError(
            .wrongKey, "host \(hostName(of: signer)) belongs to domain \(own), and cannot write to \(domainName)",
            hint: "enrol a host in it: `drctl key writer --domain \(domainName)`")
    }
}
