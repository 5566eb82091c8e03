internal import DRCrypto
package import DRSystem
internal import Synchronization

/// One backup run's way into the repository. Write order: packs, index, snapshot, log entry; a crash before the log
/// entry leaves files that nothing refers to, and what was acknowledged is named in the log.
package final class WriteSession: Sendable {
    private struct State {
        var packs: [LogEntry.Added] = []
        var indexes: [LogEntry.Added] = []
    }

    /// How many packs an index object names at most, so that neither it nor the memory for it grows with the run.
    private static let packsPerIndex = 256
    private static let logAttempts = 16

    package let run: RunID
    /// Takes the run's objects.
    package let sink: PackPipeline
    /// What is wrong with this writer's own index objects. Their packs' chunks are stored again, nothing is lost.
    package let indexFaults: [RepositoryError]
    private let repository: Repository
    private let keys: RepositoryKeys
    private let signingKey: Ed25519.PrivateKey
    private let context: RunContext
    private let ledger: Ledger
    private let time: any TimeSource
    private let state = Mutex(State())

    /// Draws the run's key and starts the pipeline. The session must be ended, by `publish`, `checkpoint` or `cancel`.
    /// - Throws: `missingKey` when the keys cannot sign; `notAuthentic` when the signer is not enrolled, or its own
    ///   log is broken: nothing may be built on that.
    package init(
        _ repository: Repository, keys: RepositoryKeys, level: Int = 3,
        targetObjectBytes: Int = PackLayout.targetObjectBytes, time: any TimeSource
    ) throws(RepositoryError) {
        guard let signingKey = keys.signingKey else {
            throw RepositoryError(
                .missingKey, "this identity reads, but names no host that may write",
                hint: "use the identity that `repo init` wrote, or enrol this host with `drctl key writer`")
        }
        let signer = SignerID(of: signingKey.publicKey)
        guard repository.writerKeys.contains(signingKey.publicKey) else {
            throw RepositoryError(
                .notAuthentic, "this identity's host is not enrolled as a writer of repository \(repository.id)",
                hint: "enrol it with `drctl key writer`")
        }
        let ledger = try Ledger(reading: repository)
        if let fault = ledger.logs.first(where: { $0.signer == signer })?.faults.first { throw fault }
        // Chunks of a pack that got lost are stored again: a backup heals what it still has the source of.
        let packs = try repository.storage.list(StorageFolder.packs.path)
        let present = Dictionary(packs.map { ($0.name, $0.sizeBytes) }) { first, _ in first }
        let (index, faults) = ObjectIndex.load(
            repository, ledger: ledger, listKey: keys.listKey, scope: .signer(signer), present: present)
        run = try RunID()
        let domain = repository.domain
        context = RunContext(
            repository: repository.id, domain: domain.name, epoch: domain.epoch.number, run: run, host: signer)
        let runKey = RunKey(try randomSecret(RunKey.byteCount), context: context)
        sink = try PackPipeline(
            PackPipeline.Settings(
                storage: repository.storage, naming: keys.idKey, listKey: keys.listKey, runKey: runKey,
                sealedRunKey: try RunKeyring.seal(runKey, to: keys.recipient), level: level,
                targetObjectBytes: targetObjectBytes),
            known: index)
        indexFaults = faults
        self.repository = repository
        self.keys = keys
        self.signingKey = signingKey
        self.ledger = ledger
        self.time = time
    }

    /// The newest complete snapshot of a dataset that this signer made; the parent of the next one.
    package func parent(of dataset: String) -> Snapshot? {
        SnapshotCatalog(reading: repository, ledger: ledger, listKey: keys.listKey).snapshots.last {
            $0.manifest.dataset == dataset && $0.signer == context.host && !$0.manifest.isPartial
        }
    }

    /// Stores what is open and publishes the snapshot. On return everything it refers to, the snapshot itself and the
    /// log entry that names it are durable.
    /// - Parameter manifest: the run's `bytesStored` is filled in here, and `endedNanoseconds`.
    package func publish(_ manifest: SnapshotManifest) throws(RepositoryError) -> Snapshot {
        try storeIndex(of: try sink.finish())
        var manifest = manifest
        manifest.counts.bytesStored = sink.storedBytes
        manifest.endedNanoseconds = time.wallNanoseconds()
        let bytes = try SnapshotObject.seal(
            manifest, context: context, listKey: keys.listKey, signedBy: signingKey)
        let id = Digest.of(bytes)
        try repository.storage.put(bytes, at: .snapshot(id))
        try appendToLog(act: "backup", snapshots: [LogEntry.Added(name: id, bytes: bytes.count)])
        return Snapshot(id: id, signer: context.host, run: run, manifest: manifest)
    }

    /// Ends a run that publishes nothing: what is sealed is stored and logged, so that a rerun finds it.
    package func checkpoint() throws(RepositoryError) {
        try storeIndex(of: try sink.finish())
        guard state.withLock({ !$0.packs.isEmpty }) else { return }
        try appendToLog(act: "checkpoint", snapshots: [])
    }

    /// Ends a run at once, leaving what was not logged.
    package func cancel() {
        sink.cancel(RepositoryError(.cancelled, "the backup was cancelled"))
    }

    private func storeIndex(of packs: [FinishedPack]) throws(RepositoryError) {
        var rest = packs[...]
        while !rest.isEmpty {
            let group = rest.prefix(Self.packsPerIndex)
            rest = rest.dropFirst(group.count)
            let bytes = try IndexObject.seal(
                group.map { IndexedPack($0) }, context: context, listKey: keys.listKey, signedBy: signingKey)
            let name = Digest.of(bytes)
            try repository.storage.put(bytes, at: .index(name))
            state.withLock { state in
                state.packs += group.map { LogEntry.Added(name: $0.name, bytes: $0.sizeBytes) }
                state.indexes.append(LogEntry.Added(name: name, bytes: bytes.count))
            }
        }
    }

    /// Appends to the signer's log. Another run of the same host may append at the same time: then this one reads the
    /// log again and takes the next number.
    private func appendToLog(act: String, snapshots: [LogEntry.Added]) throws(RepositoryError) {
        var ledger = ledger
        for _ in 0..<Self.logAttempts {
            if try append(act: act, snapshots: snapshots, after: ledger) { return }
            ledger = try Ledger(reading: repository)
            if let fault = ledger.logs.first(where: { $0.signer == context.host })?.faults.first { throw fault }
        }
        throw RepositoryError(
            .heldByAnother, "other runs with the same host identity keep writing its log",
            hint: "run the backup again; give each host an identity of its own with `drctl key writer`")
    }

    /// - Returns: false when the entry's number was taken.
    private func append(
        act: String, snapshots: [LogEntry.Added], after ledger: Ledger
    ) throws(RepositoryError) -> Bool {
        let (packs, indexes) = state.withLock { ($0.packs, $0.indexes) }
        let own = ledger.logs.first { $0.signer == context.host }?.head
        let entry = LogEntry(
            repository: repository.id, signer: context.host, counter: (own?.counter ?? 0) + 1, previous: own?.entry,
            writtenNanoseconds: time.wallNanoseconds(), act: act, run: run, packsAdded: packs, indexesAdded: indexes,
            snapshotsAdded: snapshots, heads: ledger.heads.filter { $0.signer != context.host })
        let bytes = try SignedStatement.seal(entry, as: .log, signedBy: signingKey)
        do throws(RepositoryError) {
            try repository.storage.put(bytes, at: .log(context.host, entry.counter))
            return true
        } catch {
            if error.code == .alreadyStored { return false }
            throw error
        }
    }
}
