internal import DRCrypto
package import DRSystem

extension Repository {
    /// Removes the snapshots that the policy does not keep, condemns what nothing needs, and deletes what was condemned
    /// a grace period ago and is still not needed. Opens no content; backups, verifications and restores go on
    /// meanwhile. Everything that it does is in the pruner's log before it is done.
    /// - Parameter keys: with the signing key of a host that has the role `pruner`.
    /// - Throws: `missingKey` for any other identity; whatever is wrong with logs, snapshots, indexes and directories:
    ///   then nothing was removed; `storageFailed` where the storage lets nobody delete: a rerun goes on.
    package func prune(
        _ request: PruneRequest, keys: RepositoryKeys, time: any TimeSource
    ) throws(RepositoryError) -> PruneResult {
        try PruneRun(self, keys: keys, request: request, time: time).perform()
    }

    /// The pruner's way into its log.
    func prunerLog(_ keys: RepositoryKeys, time: any TimeSource) throws(RepositoryError) -> LogWriter {
        guard let key = keys.signingKey, signer(SignerID(of: key.publicKey), has: .pruner) else {
            throw RepositoryError(
                .missingKey, "this identity is of no host that may prune",
                hint: "use a pruner's identity: the owner makes one with `drctl key host --role pruner`")
        }
        try refuseOtherDomain(SignerID(of: key.publicKey))
        return LogWriter(repository: self, key: key, time: time)
    }
}

/// One prune under way.
struct PruneRun {
    private static let attempts = 16
    /// Packs below this are merged when a host has many of them.
    private static let smallPackBytes = 4 << 20
    private static let mostSmallPacks = 32

    private let repository: Repository
    private let keys: RepositoryKeys
    private let request: PruneRequest
    private let time: any TimeSource
    private static let unfinishedNanoseconds: Int64 = 24 * 3600 * 1_000_000_000

    private let log: LogWriter
    private let runID: RunID

    init(
        _ repository: Repository, keys: RepositoryKeys, request: PruneRequest, time: any TimeSource
    ) throws(RepositoryError) {
        log = try repository.prunerLog(keys, time: time)
        runID = try RunID()
        self.repository = repository
        self.keys = keys
        self.request = request
        self.time = time
    }

    func perform() throws(RepositoryError) -> PruneResult {
        for _ in 0..<Self.attempts {
            guard let view = try view() else { continue }
            let acts = view.acts(of: log.signer, grace: request.graceNanoseconds)
            var result = Self.result(view, acts)
            if request.isTrial {
                for pack in sparsePacks(view, without: acts).values.joined() {
                    result.rewritten.add(view.packs[pack]?.sizeBytes ?? 0)
                }
                result.unfinished = try clearUnfinished(view)
                return result
            }
            if !acts.isEmpty {
                // Whoever else prunes with the same key may have decided otherwise: then this is decided again.
                let stored = try log.append("prune", run: runID, after: view.ledger) { $0.prune = acts }
                guard stored != nil else { continue }
            }
            try carryOut(view, acts)
            result.unfinished = try clearUnfinished(view)
            try rewrite(view, acts, &result)
            return result
        }
        throw RepositoryError(
            .heldByAnother, "others prune with the same identity", hint: "let one of them end, and run it again")
    }

    /// What there is; nil where a log went on while it was read, which explains what seemed to be missing.
    private func view() throws(RepositoryError) -> PruneView? {
        let before = try Ledger(reading: repository)
        do throws(RepositoryError) {
            return try PruneView(repository, ledger: before, keys: keys, request: request, time: time)
        } catch {
            guard try before.refreshed(repository).heads == before.heads else { return nil }
            throw error
        }
    }

    /// Deletes what the log says is deleted; also what an earlier prune was stopped before it deleted.
    private func carryOut(_ view: PruneView, _ acts: LogEntry.Prune) throws(RepositoryError) {
        let deleted = view.ledger.removals.deleted.union(acts.deleted.map(\.name))
        let indexes = view.ledger.removals.indexesDeleted.union(acts.indexesDeleted)
        let removed = Set(view.ledger.removals.removed.keys).union(view.removed)
        // The snapshots first: what refers goes before what it refers to.
        for name in view.snapshots.keys.sorted() where removed.contains(name) || deleted.contains(name) {
            try repository.storage.remove(.snapshot(name))
        }
        for name in view.indexes.keys.sorted() where indexes.contains(name) || deleted.contains(name) {
            try repository.storage.remove(.index(name))
        }
        for name in view.packs.keys.sorted() where deleted.contains(name) {
            try repository.storage.remove(.pack(name))
        }
    }

    /// Removes what killed commands left half written. No log names it, and whoever writes needs no day for one file.
    private func clearUnfinished(_ view: PruneView) throws(RepositoryError) -> PruneResult.Amount {
        let age = max(request.graceNanoseconds, Self.unfinishedNanoseconds)
        var cleared = PruneResult.Amount()
        for folder in [StorageFolder.packs, .indexes, .snapshots].map(\.path) {
            for file in try repository.storage.unfinished(in: folder)
            where view.isOver(age, since: file.receivedNanoseconds) {
                if !request.isTrial { try repository.storage.remove(StoragePath("\(folder)/\(file.name)")) }
                cleared.add(file.sizeBytes)
            }
        }
        return cleared
    }

    // MARK: Rewriting packs

    /// Packs of which too little is needed, and small ones where there are many, by host.
    private func sparsePacks(_ view: PruneView, without acts: LogEntry.Prune) -> [SignerID: [Digest]] {
        let doomed = Set(acts.condemned)
        var sparse: [SignerID: [Digest]] = [:]
        var small: [SignerID: [Digest]] = [:]
        for pack in view.index.packs where !doomed.contains(pack.name) && !view.ledger.removals.isDoomed(pack.name) {
            guard let needed = view.needs.bytes[pack.name], let file = view.packs[pack.name],
                view.isOver(request.graceNanoseconds, since: file.receivedNanoseconds)
            else { continue }
            if (pack.storedBytes - needed) * 100 > pack.storedBytes * request.mostUnusedPercent {
                sparse[pack.host, default: []].append(pack.name)
            } else if file.sizeBytes < Self.smallPackBytes {
                small[pack.host, default: []].append(pack.name)
            }
        }
        for (host, packs) in small where packs.count > Self.mostSmallPacks { sparse[host, default: []] += packs }
        return sparse.mapValues { $0.sorted() }
    }

    /// Moves what is needed out of sparse packs and condemns them.
    private func rewrite(
        _ view: PruneView, _ acts: LogEntry.Prune, _ result: inout PruneResult
    ) throws(RepositoryError) {
        let condemned = Set(view.ledger.removals.condemned.keys)
        var moved: [IndexedPack] = []
        var emptied: [Digest] = []
        for (host, packs) in sparsePacks(view, without: acts).sorted(by: { $0.key < $1.key }) {
            guard let reach = view.reach[host] else { continue }
            var relocator = PackRelocator(storage: repository.storage, listKey: keys.listKey)
            for pack in packs {
                do throws(RepositoryError) {
                    try relocator.take(from: pack) {
                        reach.isNeeded($0.link.id, from: pack, condemned: condemned)
                    }
                } catch {
                    guard error.code == .damaged || error.code == .missingPack else { throw error }
                    result.problems.append(error)
                    continue
                }
                emptied.append(pack)
                result.rewritten.add(view.packs[pack]?.sizeBytes ?? 0)
            }
            try relocator.finish()
            moved += relocator.finished.map { IndexedPack($0, host: host) }
        }
        guard !moved.isEmpty else { return }
        try PackReplacement(repository: repository, listKey: keys.listKey, log: log, run: runID).publish(
            "rewrite", moved, emptied: emptied)
        for pack in moved { result.rewrittenInto.add(pack.sizeBytes) }
        for pack in emptied { result.condemned.add(view.packs[pack]?.sizeBytes ?? 0) }
    }

    private static func result(_ view: PruneView, _ acts: LogEntry.Prune) -> PruneResult {
        var result = PruneResult()
        result.decisions = view.decisions
        result.removed = view.removed
        func bytes(_ name: Digest) -> Int {
            (view.packs[name] ?? view.indexes[name] ?? view.snapshots[name])?.sizeBytes ?? 0
        }
        for name in acts.condemned { result.condemned.add(bytes(name)) }
        for record in acts.reprieved { result.reprieved.add(bytes(record.name)) }
        for record in acts.deleted { result.deleted.add(bytes(record.name)) }
        let settled = Set((acts.reprieved + acts.deleted).map(\.name))
        for name in view.ledger.removals.condemned.keys where !settled.contains(name) {
            result.waiting.add(bytes(name))
        }
        return result
    }
}
