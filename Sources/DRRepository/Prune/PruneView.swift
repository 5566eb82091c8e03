internal import DRCrypto
internal import DRSystem

/// What a prune decides on: everything is read once, and the decisions are pure functions of it.
struct PruneView {
    let ledger: Ledger
    let catalog: SnapshotCatalog
    let index: ObjectIndex
    let decisions: [RetentionPolicy.Decision]
    /// Snapshots that the policy does not keep.
    let removed: [Digest]
    /// Needed packs over all hosts.
    private(set) var needs = Reachability.Needs()
    private(set) var reach: [SignerID: Reachability] = [:]
    /// What lies there, by name.
    let packs: [Digest: StorageEntry]
    let indexes: [Digest: StorageEntry]
    let snapshots: [Digest: StorageEntry]
    /// Files that are another domain's to condemn.
    private let filesOfOtherDomains: Set<Digest>
    let now: Int64
    let grace: Int64

    /// - Throws: the first thing that is not as it should be: where a log, a snapshot, an index or a directory does not
    ///   open, it is not known what is needed, and nothing may be deleted.
    init(
        _ repository: Repository, ledger: Ledger, keys: RepositoryKeys, request: PruneRequest, time: any TimeSource
    ) throws(RepositoryError) {
        now = time.wallNanoseconds()
        grace = request.graceNanoseconds
        if let fault = ledger.faults.first { throw Self.refusal(fault) }
        let storage = repository.storage
        packs = try Self.files(storage, .packs)
        indexes = try Self.files(storage, .indexes)
        let snapshots = try Self.files(storage, .snapshots)
        let catalog = repository.snapshots(keys, ledger: ledger)
        if let fault = catalog.faults.first { throw Self.refusal(fault) }
        let verified = ReadHistory(ledger, of: repository).verifiedSnapshots(ledger, of: repository)
        let positions = Self.positions(ledger)
        decisions = request.policy.decide(
            catalog.snapshots.map { snapshot in
                let manifest = snapshot.manifest
                return RetentionPolicy.Candidate(
                    id: snapshot.id, dataset: manifest.dataset, host: repository.hostName(of: snapshot.signer),
                    tag: manifest.tag, isPartial: manifest.isPartial,
                    position: positions[manifest.rewritten?.original ?? snapshot.id] ?? 0,
                    endedNanoseconds: manifest.endedNanoseconds,
                    receivedNanoseconds: snapshots[snapshot.id]?.receivedNanoseconds,
                    isVerified: verified.contains(snapshot.id), pins: ledger.removals.pinned[snapshot.id] ?? [])
            }, trustsReceiveTimes: request.trustsReceiveTimes)
        try Self.refuseWhatNothingHas(request, catalog, decisions)
        removed = decisions.filter {
            !$0.isKept && (request.dataset == nil || $0.snapshot.dataset == request.dataset)
        }.map(\.snapshot.id)
        let loaded = ObjectIndex.load(repository, ledger: ledger, listKey: keys.listKey, scope: .everybody)
        if let fault = loaded.faults.first { throw Self.refusal(fault) }
        index = loaded.index
        self.ledger = ledger
        self.catalog = catalog
        self.snapshots = snapshots
        filesOfOtherDomains = UnloggedFiles(of: repository, ledger).ofOtherDomains(
            packs: packs.keys, indexes: indexes.keys, snapshots: snapshots.keys)
        try mark(LinkTable(repository, index: index, listKey: keys.listKey, idKey: try keys.idKey))
    }

    private mutating func mark(_ links: LinkTable) throws(RepositoryError) {
        let gone = Set(removed)
        let condemned = Set(ledger.removals.condemned.keys)
        for (host, snapshots) in Dictionary(grouping: catalog.snapshots, by: \.signer) {
            var reach = Reachability(of: host, index: index, links: links)
            for snapshot in snapshots where !gone.contains(snapshot.id) { try reach.mark(snapshot) }
            let needs = reach.needs(condemned: condemned)
            self.needs.bytes.merge(needs.bytes) { $0 + $1 }
            self.needs.onlyPlaces.formUnion(needs.onlyPlaces)
            self.reach[host] = reach
        }
    }

    /// What one pruner's log is to say now.
    func acts(of pruner: SignerID, grace: Int64) -> LogEntry.Prune {
        var acts = LogEntry.Prune()
        acts.snapshotsRemoved = removed.map { LogEntry.Reasoned(snapshot: $0, reason: "retention") }
        for condemnation in ledger.removals.condemned.values.joined() where condemnation.by == pruner {
            let record = LogEntry.Condemned(name: condemnation.name, counter: condemnation.counter)
            if needs.onlyPlaces.contains(condemnation.name) {
                acts.reprieved.append(record)
            } else if isOver(grace, since: condemnation.writtenNanoseconds) {
                acts.deleted.append(record)
            }
        }
        acts.condemned = unneeded(grace: grace)
        acts.deleted.sort { $0.name < $1.name }
        acts.reprieved.sort { $0.name < $1.name }
        let gone = ledger.removals.deleted.union(acts.deleted.map(\.name))
        acts.indexesDeleted = deadIndexes(gone)
        return acts
    }

    /// Packs that nothing needs, and files that no log names, all of them older than the grace period.
    private func unneeded(grace: Int64) -> [Digest] {
        var found: [Digest] = []
        let logged = Set(
            ledger.logs.flatMap(\.entries).flatMap { entry in
                (entry.packsAdded + entry.indexesAdded + entry.snapshotsAdded).map(\.name)
            })
        for (name, file) in packs where isOver(grace, since: file.receivedNanoseconds) {
            if needs.bytes[name] == nil { found.append(name) }
        }
        for (name, file) in indexes.merging(snapshots, uniquingKeysWith: { first, _ in first })
        where !logged.contains(name) && isOver(grace, since: file.receivedNanoseconds) {
            found.append(name)
        }
        return found.filter { !ledger.removals.isDoomed($0) && !filesOfOtherDomains.contains($0) }.sorted()
    }

    /// Index objects all of whose packs are deleted. One that was read as empty of packs that are there was loaded
    /// without them: those are told apart by the log entry that added both.
    private func deadIndexes(_ gone: Set<Digest>) -> [Digest] {
        var dead: [Digest] = []
        for entry in ledger.logs.flatMap(\.entries) where !entry.packsAdded.isEmpty {
            guard entry.packsAdded.allSatisfy({ gone.contains($0.name) }) else { continue }
            dead += entry.indexesAdded.map(\.name).filter { !ledger.removals.indexesDeleted.contains($0) }
        }
        return dead
    }

    func isOver(_ grace: Int64, since time: Int64) -> Bool {
        let (age, overflows) = now.subtractingReportingOverflow(time)
        return overflows ? time < now : age >= grace
    }

    private static func files(
        _ storage: any Storage, _ folder: StorageFolder
    ) throws(RepositoryError) -> [Digest: StorageEntry] {
        var files: [Digest: StorageEntry] = [:]
        for entry in try storage.list(folder.path) where !entry.isFolder {
            if let name = Digest(hex: entry.name) { files[name] = entry }
        }
        return files
    }

    /// Where its signer's log first names each snapshot.
    private static func positions(_ ledger: Ledger) -> [Digest: Int] {
        var positions: [Digest: Int] = [:]
        for log in ledger.logs {
            for (number, added) in log.entries.flatMap(\.snapshotsAdded).enumerated() where positions[added.name] == nil
            {
                positions[added.name] = number
            }
        }
        return positions
    }

    /// A misspelt name would leave everything as it is, and a misspelt tag would remove what it was to keep.
    private static func refuseWhatNothingHas(
        _ request: PruneRequest, _ catalog: SnapshotCatalog, _ decisions: [RetentionPolicy.Decision]
    ) throws(RepositoryError) {
        if let dataset = request.dataset, !catalog.datasets.contains(dataset) {
            throw RepositoryError(
                .noSuchSnapshot, "dataset \(dataset) has no snapshot, and nothing was pruned",
                hint: "datasets: \(catalog.datasets.joined(separator: ", "))")
        }
        let asked = decisions.map(\.snapshot).filter { $0.dataset == request.dataset ?? $0.dataset }
        let unused = request.policy.unusedTags(among: asked)
        guard !asked.isEmpty, request.policy.goesByTagsAlone, unused == request.policy.tags else { return }
        throw RepositoryError(
            .noSuchSnapshot, "no snapshot has the tag \(unused.sorted().joined(separator: " or ")): nothing was pruned",
            hint:
                "`drctl snapshots --json` says which tags there are; give a rule that counts as well, as --keep-last 10"
        )
    }

    private static func refusal(_ fault: RepositoryError) -> RepositoryError {
        RepositoryError(
            fault.code, "nothing is pruned while the repository is not whole: \(fault.message)", hint: fault.hint,
            cause: fault.cause)
    }
}
