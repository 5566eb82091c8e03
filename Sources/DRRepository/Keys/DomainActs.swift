package import DRCrypto
package import DRSystem

/// What an owner does to domains.
extension Repository {
    /// Makes a further domain, with keys of its own and its first epoch. Nothing is shared with the others.
    /// - Parameters:
    ///   - name: lower-case letters, digits and hyphens.
    ///   - slots: where what opens a shreddable domain is to lie; nil for a retained one.
    ///   - readers: who can read it; at least one.
    ///   - ownerFile: what `repo init` wrote as the owner's key.
    /// - Returns: the repository as far as the new domain goes. The files lie there before the owner's chain names them, so
    ///   a call that was interrupted did nothing, and is made again.
    /// - Throws: `wrongKey` for another owner; `invalidArgument` for a name that is taken or is none, for no readers, and
    ///   for what is no recipient.
    package func addingDomain(
        _ name: String, slots: (any Storage)? = nil, readers: [NewRepository.Reader], ownerFile: SecretBytes,
        time: any TimeSource
    ) throws(RepositoryError) -> Repository {
        let owner = try owner(ownerFile)
        guard DomainState.isName(name) else {
            throw RepositoryError(
                .invalidArgument, "a domain cannot be called \(displayEscaped(name))",
                hint: "lower-case letters, digits and hyphens, at most 64")
        }
        guard !config.domains.contains(where: { $0.name == name }) else {
            throw RepositoryError(
                .invalidArgument, "there is a domain \(name) already",
                hint: "the name of a domain is never used again, even when its keys were destroyed")
        }
        guard !readers.isEmpty else {
            throw RepositoryError(.invalidArgument, "nobody could read domain \(name)", hint: "name a reader")
        }
        let place = KeyPlace(repository: id, domain: name, epoch: 1)
        let idKey = try randomSecret(IDKey.byteCount)
        var slotReaders: [SlotReader] = []
        for reader in readers { slotReaders.append(try SlotReader(reader, in: place)) }
        let epoch = try NewEpoch(place, idKey: idKey, readers: slotReaders)
        let record = DomainRecord(
            name: name, kind: slots == nil ? .retained : .shreddable, idKeyCommitment: try IDKey(idKey).commitment)
        let repository = slots.map { keepingSlots(in: $0, of: shreddableDomains + [name]) } ?? self
        try epoch.store(in: repository.storage)
        return try repository.adding(.domainAdded(DomainAddition(domain: record, epoch: epoch.record)), owner, time)
            .choosing(domain: name)
    }

    /// A file for a reader, to be kept at mode 0600.
    package func identityFile(of identity: AgeIdentity) throws(RepositoryError) -> SecretBytes {
        try IdentityFile.reader(identity, repository: id)
    }

    /// This repository, as far as the domain goes that an identity is for.
    /// - Parameters:
    ///   - identity: a host's tells its domain itself; another reader's is tried on the slots of each.
    ///   - name: the domain that was asked for; nil where none was.
    /// - Throws: `invalidArgument` for a domain that is not there, and listing the candidates where a reader opens several;
    ///   `wrongKey` for a host of another domain than the one that was asked for.
    package func choosing(domain name: String?, for identity: Identity) throws(RepositoryError) -> Repository {
        let host = config.hosts.first { $0.signer != nil && $0.signer == identity.signer }
        let own = host?.domain
        if let name {
            if let own, own != name, !identity.opensContent {
                throw RepositoryError(
                    .wrongKey, "this identity's host belongs to domain \(own), not \(name)",
                    hint: "use the identity of a host that was enrolled in it, or leave --domain out")
            }
            return try choosing(domain: name)
        }
        // A host that was given no keys reads what needs none, of every domain.
        if let host { return identity.opensContent || host.file != nil ? try choosing(domain: host.domain) : self }
        guard config.domains.count > 1 else { return self }
        var opened: [Repository] = []
        var refusals: [RepositoryError] = []
        for domain in config.domains {
            let candidate = try choosing(domain: domain.name)
            do throws(RepositoryError) {
                _ = try candidate.unlock(identity)
                opened.append(candidate)
            } catch { refusals.append(error) }
        }
        guard opened.count < 2 else {
            throw RepositoryError(
                .invalidArgument,
                "this identity opens several domains: \(opened.map(\.domainName).joined(separator: ", "))",
                hint: "say which with --domain")
        }
        if let only = opened.first { return only }
        let reasons = zip(config.domains, refusals).map { "\($0.name): \($1.message)" }
        throw RepositoryError(
            refusals.first { $0.code != .wrongKey && $0.code != .missingKey }?.code ?? .wrongKey,
            "this identity opens no domain of the repository; \(reasons.joined(separator: "; "))",
            hint: "use the identity of a reader: `drctl key list` shows whom the domains are for")
    }
}
