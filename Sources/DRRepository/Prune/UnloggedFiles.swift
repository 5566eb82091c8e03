internal import DRCrypto

/// Tells whose a file is that no log of a domain names. What a backup of another domain stores while it runs is in no
/// log yet, and not this domain's to condemn.
struct UnloggedFiles {
    private let repository: Repository
    private let ledger: Ledger

    init(of repository: Repository, _ ledger: Ledger) {
        self.repository = repository
        self.ledger = ledger
    }

    /// The files of domains that the repository value is not about: those that their logs name, and those that say so of
    /// themselves. What cannot be read says nothing.
    func ofOtherDomains(
        packs: some Sequence<Digest>, indexes: some Sequence<Digest>, snapshots: some Sequence<Digest>
    ) -> Set<Digest> {
        var found = ledger.filesOfOtherDomains
        guard repository.config.domains.count > 1, !repository.isAboutAllDomains else { return found }
        let own = Set(
            ledger.logs.flatMap(\.entries).flatMap { entry in
                (entry.packsAdded + entry.indexesAdded + entry.snapshotsAdded).map(\.name)
            })
        func add(_ names: some Sequence<Digest>, _ isOther: (Digest) throws -> Bool) {
            for name in names where !own.contains(name) && (try? isOther(name)) == true { found.insert(name) }
        }
        add(packs) { name in
            try PackHead(reading: name, from: repository.storage).origins.contains { isOther($0.host) }
        }
        add(indexes) { name in
            try repository.storage.readAll(.index(name), limitBytes: IndexObject.maximumBytes)
                .map { isOther(try IndexObject.claimedSigner(of: $0)) } ?? false
        }
        add(snapshots) { name in
            try repository.storage.readAll(.snapshot(name), limitBytes: SnapshotObject.maximumBytes)
                .map { isOther(try SnapshotObject.claimedSigner(of: $0)) } ?? false
        }
        return found
    }

    private func isOther(_ signer: SignerID) -> Bool {
        repository.domainName(of: signer).map { $0 != repository.domainName } ?? false
    }
}
