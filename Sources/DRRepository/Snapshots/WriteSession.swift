internal import DRCrypto
package import DRSystem

/// One backup run's way into the repository. Write order: packs, index, snapshot, log entry; a crash before the log
/// entry leaves files that nothing refers to, and what was acknowledged is named in the log.
package final class WriteSession: Sendable {
    package let run: RunID
    /// Takes the run's objects.
    package let sink: PackPipeline
    /// What is wrong with this writer's own index objects. Their packs' chunks are stored again, nothing is lost.
    package let indexFaults: [RepositoryError]
    private let repository: Repository
    private let keys: RepositoryKeys
    private let signingKey: Ed25519.PrivateKey
    private let context: RunContext
    private let time: any TimeSource
    private let log: RunLog

    /// Draws the run's key and starts the pipeline. The session must be ended, by `publish`, `checkpoint` or `cancel`.
    /// - Parameters:
    ///   - packsPerCheckpoint: after so many packs the log says what is stored; more than that is never lost.
    ///   - known: what was read of the logs already: of that nothing is read again.
    ///   - local: where the host keeps a file of what it stored; nil reads all index objects into memory.
    /// - Throws: `missingKey` when the keys cannot sign; `wrongKey` when the signer is not enrolled as a writer, or was
    ///   revoked; `notAuthentic` when its own log is broken: nothing may be built on that.
    package init(
        _ repository: Repository, keys: RepositoryKeys, after known: Ledger? = nil, level: Int = 3,
        targetObjectBytes: Int = PackLayout.targetObjectBytes, packsPerCheckpoint: Int = 32, local: LocalIndex? = nil,
        time: any TimeSource
    ) throws(RepositoryError) {
        guard let signingKey = keys.signingKey else {
            throw RepositoryError(
                .missingKey, "this identity reads, but names no host that may write",
                hint: "use the identity that `repo init` wrote, or enrol this host with `drctl key writer`")
        }
        let signer = SignerID(of: signingKey.publicKey)
        try repository.refuseRevoked(signer)
        guard repository.signer(signer, has: .writer) else {
            throw RepositoryError(
                .wrongKey, "this identity's host is not enrolled as a writer of repository \(repository.id)",
                hint: "enrol it with `drctl key writer`")
        }
        try repository.refuseOtherDomain(signer)
        let ledger = if let known { try known.refreshed(repository) } else { try Ledger(reading: repository) }
        if let fault = ledger.logs.first(where: { $0.signer == signer })?.faults.first { throw fault }
        // Chunks of a pack that got lost are stored again: a backup heals what it still has the source of. So are those
        // of condemned packs, which may be gone tomorrow.
        let packs = try repository.storage.list(StorageFolder.packs.path)
        var present = Dictionary(packs.map { ($0.name, $0.sizeBytes) }) { first, _ in first }
        for doomed in ledger.removals.condemned.keys { present[doomed.hex] = nil }
        let (places, faults) = ObjectPlaces.load(
            repository, ledger: ledger, listKey: keys.listKey, idKey: try keys.idKey, scope: .signer(signer),
            present: present, local: local)
        run = try RunID()
        let domain = repository.domain
        context = RunContext(
            repository: repository.id, domain: domain.name, epoch: try repository.config.newest.number, run: run,
            host: signer)
        let log = RunLog(
            repository, context: context, listKey: keys.listKey, signingKey: signingKey, ledger: ledger,
            packsPerCheckpoint: packsPerCheckpoint, time: time)
        let runKey = RunKey(try randomSecret(RunKey.byteCount), context: context)
        sink = try PackPipeline(
            PackPipeline.Settings(
                storage: repository.storage, naming: keys.idKey, listKey: keys.listKey, runKey: runKey,
                sealedRunKey: try RunKeyring.seal(runKey, to: keys.recipient), level: level,
                targetObjectBytes: targetObjectBytes),
            known: places, stored: { pack throws(RepositoryError) in try log.add(pack) })
        self.log = log
        indexFaults = faults
        self.repository = repository
        self.keys = keys
        self.signingKey = signingKey
        self.time = time
    }

    /// The logs as the session read them last: after `publish`, with what was published.
    package var ledger: Ledger { log.ledger }

    /// The newest complete snapshot of a dataset that this signer made; the parent of the next one.
    package func parent(of dataset: String) -> Snapshot? {
        SnapshotCatalog.newest(
            of: dataset, by: context.host, in: repository, ledger: ledger, listKey: keys.listKey)
    }

    /// Stores what is open and publishes the snapshot. On return everything it refers to, the snapshot itself and the
    /// log entry that names it are durable, and no prune deletes any of it while the snapshot is there.
    /// - Parameter manifest: the run's `bytesStored` is filled in here, and `endedNanoseconds`.
    /// - Throws: `overtaken` where a prune condemned meanwhile what the snapshot relies on: make the backup again, in a
    ///   new session, which stores that again.
    package func publish(_ manifest: SnapshotManifest) throws(RepositoryError) -> Snapshot {
        try sink.finish()
        var manifest = manifest
        manifest.counts.bytesStored = sink.storedBytes
        manifest.endedNanoseconds = time.wallNanoseconds()
        let bytes = try SnapshotObject.seal(
            manifest, context: context, listKey: keys.listKey, signedBy: signingKey)
        let id = Digest.of(bytes)
        try repository.storage.put(bytes, at: .snapshot(id))
        let used = try sink.reliedPacks()
        try log.publish(LogEntry.Added(name: id, bytes: bytes.count)) { ledger throws(RepositoryError) in
            let doomed =
                used.union(log.stored).count { ledger.removals.isDoomed($0) } + (ledger.removals.isDoomed(id) ? 1 : 0)
            guard doomed == 0 else {
                throw RepositoryError(
                    .overtaken, "a prune condemned \(doomed) packs that this backup relies on while it ran",
                    hint: "run the backup again; a prune leaves alone what is younger than its grace period")
            }
        }
        return Snapshot(id: id, signer: context.host, run: run, manifest: manifest)
    }

    /// Ends a run that publishes nothing: what is sealed is stored and logged, so that a rerun finds it.
    package func checkpoint() throws(RepositoryError) {
        try sink.finish()
        try log.checkpoint()
    }

    /// Ends a run that put nothing into the sink, and leaves no trace of it.
    package func abandon() { sink.cancel(RepositoryError(.cancelled, "the backup was only tried")) }

    /// Ends a run at once, after an error; of what is stored the log says as much as can still be written.
    package func cancel() {
        sink.cancel(RepositoryError(.cancelled, "the backup was cancelled"))
        // The run failed already, and that is what is reported.
        try? log.checkpoint()
    }
}
