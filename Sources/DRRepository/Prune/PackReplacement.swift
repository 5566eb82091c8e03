internal import DRCrypto

/// Puts new packs in the place of others: in one entry of a pruner's log they begin to count, and what they were made
/// from is condemned.
struct PackReplacement {
    private static let attempts = 16

    let repository: Repository
    let listKey: ListKey
    let log: LogWriter
    let run: RunID

    /// Durable on return.
    /// - Parameters:
    ///   - act: what the entry says was done.
    ///   - moved: stored already; each with whose objects it holds.
    ///   - emptied: of which everything that is needed lies in those now.
    /// - Throws: `heldByAnother`, `noSpace`, `storageFailed`.
    func publish(_ act: String, _ moved: [IndexedPack], emptied: [Digest]) throws(RepositoryError) {
        guard !moved.isEmpty || !emptied.isEmpty else { return }
        let context = RunContext(
            repository: repository.id, domain: repository.domain.name, epoch: try repository.config.newest.number,
            run: run, host: log.signer)
        let indexes =
            moved.isEmpty
            ? []
            : try IndexObject.store(
                moved, context: context, listKey: listKey, signedBy: log.key, in: repository.storage)
        var replaced = LogEntry.Prune()
        replaced.condemned = emptied
        for _ in 0..<Self.attempts {
            let ledger = try Ledger(reading: repository)
            let stored = try log.append(act, run: run, after: ledger) { entry in
                entry.packsAdded = moved.map { LogEntry.Added(name: $0.name, bytes: $0.sizeBytes) }
                entry.indexesAdded = indexes
                entry.prune = replaced
            }
            if stored != nil { return }
        }
        throw RepositoryError(
            .heldByAnother, "others write with the same identity", hint: "let them end, and run it again")
    }
}
