internal import DRCrypto

extension Repository {
    /// Where a pruner's new objects of a host go: packs of it say of themselves whose they are.
    /// - Parameters:
    ///   - host: whose objects they count as.
    ///   - keys: of a reader.
    ///   - stored: told of each pack that is durable.
    func pipeline(
        for host: SignerID, run: RunID, keys: RepositoryKeys,
        stored: @escaping @Sendable (FinishedPack) throws(RepositoryError) -> Void
    ) throws(RepositoryError) -> PackPipeline {
        let context = RunContext(
            repository: id, domain: domainName, epoch: try config.newest.number, run: run, host: host)
        let runKey = RunKey(try randomSecret(RunKey.byteCount), context: context)
        return try PackPipeline(
            PackPipeline.Settings(
                storage: storage, naming: try keys.idKey, listKey: keys.listKey, runKey: runKey,
                sealedRunKey: try RunKeyring.seal(runKey, to: keys.recipient)),
            known: ObjectPlaces(), stored: stored)
    }
}

/// Makes what a pruner stored count, in one entry of its log: new packs and snapshots; what they were made from is
/// condemned.
struct PackReplacement {
    private static let attempts = 16

    let repository: Repository
    let listKey: ListKey
    let log: LogWriter
    let run: RunID

    /// What the pruner signs.
    var context: RunContext {
        get throws(RepositoryError) {
            RunContext(
                repository: repository.id, domain: repository.domainName, epoch: try repository.config.newest.number,
                run: run, host: log.signer)
        }
    }

    /// Durable on return.
    /// - Parameters:
    ///   - act: what the entry says was done.
    ///   - moved: stored already; each with whose objects it holds.
    ///   - emptied: of which everything that is needed lies in those now.
    ///   - snapshots: stored already.
    ///   - check: asked with what the logs say, before each try, whether it can still be published.
    /// - Throws: `heldByAnother`, `noSpace`, `storageFailed`, and what `check` throws.
    func publish(
        _ act: String, _ moved: [IndexedPack], emptied: [Digest] = [], snapshots: [LogEntry.Added] = [],
        check: (Ledger) throws(RepositoryError) -> Void = { (_: Ledger) throws(RepositoryError) in }
    ) throws(RepositoryError) {
        guard !moved.isEmpty || !emptied.isEmpty || !snapshots.isEmpty else { return }
        let indexes =
            moved.isEmpty
            ? []
            : try IndexObject.store(
                moved, context: context, listKey: listKey, signedBy: log.key, in: repository.storage)
        var replaced = LogEntry.Prune()
        replaced.condemned = emptied
        for _ in 0..<Self.attempts {
            let ledger = try Ledger(reading: repository)
            try check(ledger)
            let stored = try log.append(act, run: run, after: ledger) { entry in
                entry.packsAdded = moved.map { LogEntry.Added(name: $0.name, bytes: $0.sizeBytes) }
                entry.indexesAdded = indexes
                entry.snapshotsAdded = snapshots
                entry.prune = replaced.isEmpty ? nil : replaced
            }
            if stored != nil { return }
        }
        throw RepositoryError(
            .heldByAnother, "others write with the same identity", hint: "let them end, and run it again")
    }
}
