internal import DRCrypto
internal import DRSystem
internal import Synchronization

/// What a run makes durable beside its packs: index objects, and the entries of its signer's log that name all of it.
///
/// A long run says every so many packs what it has stored, so that whatever ends it, a rerun finds nearly all of that.
final class RunLog: Sendable {
    private struct State {
        /// Stored, and in no log yet.
        var packs: [FinishedPack] = []
        /// Where the signer's own log ends.
        var head: LogEntry.SeenHead?
    }

    /// How many packs an index object names at most, so that neither it nor the memory for it grows with the run.
    private static let packsPerIndex = 256
    private static let attempts = 16

    private let repository: Repository
    private let context: RunContext
    private let listKey: ListKey
    private let signingKey: Ed25519.PrivateKey
    private let time: any TimeSource
    private let packsPerCheckpoint: Int
    private let otherHeads: [LogEntry.SeenHead]
    private let state: Mutex<State>

    /// - Parameter ledger: what this run saw of all logs; its signer's own has no faults.
    init(
        _ repository: Repository, context: RunContext, listKey: ListKey, signingKey: Ed25519.PrivateKey,
        ledger: Ledger, packsPerCheckpoint: Int, time: any TimeSource
    ) {
        self.repository = repository
        self.context = context
        self.listKey = listKey
        self.signingKey = signingKey
        self.time = time
        self.packsPerCheckpoint = packsPerCheckpoint
        otherHeads = ledger.heads.filter { $0.signer != context.host }
        state = Mutex(State(head: Self.ownHead(in: ledger, context)))
    }

    /// Takes note of a pack that was stored, and says so in the log when there are enough of them.
    func add(_ pack: FinishedPack) throws(RepositoryError) {
        let isDue = state.withLock { state in
            state.packs.append(pack)
            return state.packs.count >= packsPerCheckpoint
        }
        if isDue { try append("checkpoint") }
    }

    /// Makes durable what is in no log yet, and the entry that names it and these snapshots; nothing, where there is
    /// nothing to name.
    ///
    /// Another run of the same host may append at the same time: then this one reads the log again and takes the next
    /// number.
    func append(_ act: String, snapshots: [LogEntry.Added] = []) throws(RepositoryError) {
        let packs = state.withLock(\.packs)
        if packs.isEmpty && snapshots.isEmpty { return }
        let indexes = try storeIndexes(of: packs)
        for _ in 0..<Self.attempts {
            let head = state.withLock(\.head)
            let entry = LogEntry(
                repository: repository.id, signer: context.host, counter: (head?.counter ?? 0) + 1,
                previous: head?.entry, writtenNanoseconds: time.wallNanoseconds(), act: act, run: context.run,
                packsAdded: packs.map { LogEntry.Added(name: $0.name, bytes: $0.sizeBytes) }, indexesAdded: indexes,
                snapshotsAdded: snapshots, heads: otherHeads)
            if let stored = try store(entry) {
                return state.withLock { state in
                    state.packs.removeFirst(packs.count)
                    state.head = stored
                }
            }
            let ledger = try Ledger(reading: repository)
            if let fault = ledger.logs.first(where: { $0.signer == context.host })?.faults.first { throw fault }
            state.withLock { $0.head = Self.ownHead(in: ledger, context) }
        }
        throw RepositoryError(
            .heldByAnother, "other runs with the same host identity keep writing its log",
            hint: "run the backup again; give each host an identity of its own with `drctl key writer`")
    }

    private func storeIndexes(of packs: [FinishedPack]) throws(RepositoryError) -> [LogEntry.Added] {
        var stored: [LogEntry.Added] = []
        var rest = packs[...]
        while !rest.isEmpty {
            let group = rest.prefix(Self.packsPerIndex)
            rest = rest.dropFirst(group.count)
            let bytes = try IndexObject.seal(
                group.map { IndexedPack($0) }, context: context, listKey: listKey, signedBy: signingKey)
            let name = Digest.of(bytes)
            try repository.storage.put(bytes, at: .index(name))
            stored.append(LogEntry.Added(name: name, bytes: bytes.count))
        }
        return stored
    }

    /// - Returns: the log's new end; nil when the entry's number was taken.
    private func store(_ entry: LogEntry) throws(RepositoryError) -> LogEntry.SeenHead? {
        let bytes = try SignedStatement.seal(entry, as: .log, signedBy: signingKey)
        do throws(RepositoryError) {
            try repository.storage.put(bytes, at: .log(context.host, entry.counter))
        } catch {
            if error.code == .alreadyStored { return nil }
            throw error
        }
        return LogEntry.SeenHead(signer: context.host, counter: entry.counter, entry: Digest.of(bytes))
    }

    private static func ownHead(in ledger: Ledger, _ context: RunContext) -> LogEntry.SeenHead? {
        ledger.logs.first { $0.signer == context.host }?.head
    }
}
