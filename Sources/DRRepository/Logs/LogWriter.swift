internal import DRCrypto
internal import DRSystem

/// Appends to the log of one signer.
struct LogWriter: Sendable {
    let repository: Repository
    let key: Ed25519.PrivateKey
    let time: any TimeSource

    var signer: SignerID { SignerID(of: key.publicKey) }

    /// Writes the next entry after what a ledger shows of the signer's log, with the heads of the other logs that it
    /// shows. Durable on return.
    /// - Parameter fill: adds what the entry says.
    /// - Returns: the log's new end; nil when somebody else with the same key wrote this entry first: nothing was
    ///   written, and what was decided on that ledger has to be decided again.
    func append(
        _ act: String, run: RunID, after ledger: Ledger, _ fill: (inout LogEntry) -> Void
    ) throws(RepositoryError) -> LogEntry.SeenHead? {
        let log = ledger.logs.first { $0.signer == signer }
        // Nothing may be built on a log that is broken.
        if let fault = log?.faults.first { throw fault }
        var entry = LogEntry(
            repository: repository.id, signer: signer, counter: (log?.head?.counter ?? 0) + 1,
            previous: log?.head?.entry, writtenNanoseconds: time.wallNanoseconds(), act: act, run: run)
        entry.heads = ledger.heads.filter { $0.signer != signer }
        fill(&entry)
        let bytes = try SignedStatement.seal(entry, as: .log, signedBy: key)
        do throws(RepositoryError) {
            try repository.storage.put(bytes, at: .log(signer, entry.counter))
        } catch {
            if error.code == .alreadyStored { return nil }
            throw error
        }
        return LogEntry.SeenHead(signer: signer, counter: entry.counter, entry: Digest.of(bytes))
    }
}
