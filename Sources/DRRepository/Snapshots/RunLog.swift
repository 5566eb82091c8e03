internal import DRCrypto
internal import DRSystem
internal import Synchronization

/// What a run makes durable beside its packs: index objects, and the entries of its signer's log that name all of it.
///
/// A long run says every so many packs what it has stored, so that whatever ends it, a rerun finds nearly all of that.
final class RunLog: Sendable {
    private struct State {
        /// Stored, and in no log yet.
        var packs: [IndexedPack] = []
        /// Packs and indexes that this run stored.
        var names = Set<Digest>()
        var ledger: Ledger
    }

    private static let attempts = 16

    private let writer: LogWriter
    private let context: RunContext
    private let listKey: ListKey
    private let packsPerCheckpoint: Int
    private let state: Mutex<State>

    /// - Parameter ledger: what this run saw of all logs; its signer's own has no faults.
    init(
        _ repository: Repository, context: RunContext, listKey: ListKey, signingKey: Ed25519.PrivateKey,
        ledger: Ledger, packsPerCheckpoint: Int, time: any TimeSource
    ) {
        writer = LogWriter(repository: repository, key: signingKey, time: time)
        self.context = context
        self.listKey = listKey
        self.packsPerCheckpoint = packsPerCheckpoint
        state = Mutex(State(ledger: ledger))
    }

    /// The logs as they were read last.
    var ledger: Ledger { state.withLock(\.ledger) }

    /// Every pack and index that this run stored.
    var stored: Set<Digest> { state.withLock(\.names) }

    /// Reads what the logs say now.
    @discardableResult
    func refresh() throws(RepositoryError) -> Ledger {
        let ledger = try self.ledger.refreshed(writer.repository)
        if let fault = ledger.logs.first(where: { $0.signer == context.host })?.faults.first { throw fault }
        state.withLock { $0.ledger = ledger }
        return ledger
    }

    /// Takes note of a pack that was stored, and says so in the log when there are enough of them.
    func add(_ pack: FinishedPack) throws(RepositoryError) {
        // What the index will say of it: the directory's links are not kept for that.
        let indexed = IndexedPack(pack, host: context.host)
        let isDue = state.withLock { state in
            state.packs.append(indexed)
            state.names.insert(pack.name)
            return state.packs.count >= packsPerCheckpoint
        }
        if isDue { try checkpoint() }
    }

    /// Makes durable what is in no log yet, and the entry that names it; nothing, where there is nothing to name.
    ///
    /// Another run of the same host may append at the same time: then this one reads the log again and takes the next
    /// number.
    func checkpoint() throws(RepositoryError) {
        let packs = state.withLock(\.packs)
        if packs.isEmpty { return }
        let indexes = try storeIndexes(of: packs)
        for _ in 0..<Self.attempts {
            if try append("checkpoint", packs, indexes, after: ledger) { return }
        }
        throw contended
    }

    /// Publishes a snapshot, together with what is in no log yet: once the entry is there, the snapshot counts.
    ///
    /// A prune that runs meanwhile has either seen it, or had written before what it condemned: so the logs are read
    /// once more afterwards, and where something was condemned in between, the snapshot is published again by one who
    /// has seen that.
    /// - Parameter check: asked with what the logs say whether the snapshot can be published as it is.
    func publish(
        _ snapshot: LogEntry.Added, check: (Ledger) throws(RepositoryError) -> Void
    ) throws(RepositoryError) {
        var packs = state.withLock(\.packs)
        var indexes = try storeIndexes(of: packs)
        for _ in 0..<Self.attempts {
            let before = try refresh()
            try check(before)
            guard try append("backup", packs, indexes, snapshots: [snapshot], after: before) else { continue }
            packs = []
            indexes = []
            if ledger.removals.condemnationCount == before.removals.condemnationCount { return }
        }
        throw contended
    }

    /// - Returns: false when somebody else took the entry's number. The logs have been read again in any case.
    private func append(
        _ act: String, _ packs: [IndexedPack], _ indexes: [LogEntry.Added], snapshots: [LogEntry.Added] = [],
        after ledger: Ledger
    ) throws(RepositoryError) -> Bool {
        let stored = try writer.append(act, run: context.run, after: ledger) { entry in
            entry.packsAdded = packs.map { LogEntry.Added(name: $0.name, bytes: $0.sizeBytes) }
            entry.indexesAdded = indexes
            entry.snapshotsAdded = snapshots
        }
        if stored != nil { state.withLock { $0.packs.removeFirst(packs.count) } }
        try refresh()
        return stored != nil
    }

    private var contended: RepositoryError {
        RepositoryError(
            .heldByAnother, "other runs with the same host identity keep writing its log",
            hint: "run the backup again; give each host an identity of its own with `drctl key writer`")
    }

    private func storeIndexes(of packs: [IndexedPack]) throws(RepositoryError) -> [LogEntry.Added] {
        let stored = try IndexObject.store(
            packs, context: context, listKey: listKey, signedBy: writer.key, in: writer.repository.storage)
        state.withLock { $0.names.formUnion(stored.map(\.name)) }
        return stored
    }
}
