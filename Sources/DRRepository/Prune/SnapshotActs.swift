package import DRCrypto
package import DRSystem

/// What a pruner says of single snapshots.
extension Repository {
    /// Takes a snapshot out of those that count, also one that does not open any longer. What it alone needed goes with
    /// the prunes that follow. Durable on return.
    /// - Parameter id: a snapshot that a log names.
    /// - Throws: `missingKey` for who is no pruner; `noSuchSnapshot`; `invalidArgument` for one that is pinned.
    package func removeSnapshot(
        _ id: Digest, reason: String, keys: RepositoryKeys, time: any TimeSource
    ) throws(RepositoryError) {
        try say("remove", keys, time) { ledger throws(RepositoryError) in
            try Self.requireSnapshot(id, in: ledger)
            if let pin = ledger.removals.pinned[id]?.first {
                throw RepositoryError(
                    .invalidArgument, "snapshot \(id.hex.prefix(16)) is pinned: \(pin)",
                    hint: "`drctl repo unpin` releases it, with a reason that stays in the log")
            }
            var acts = LogEntry.Prune()
            acts.snapshotsRemoved = [LogEntry.Reasoned(snapshot: id, reason: reason)]
            return { $0.prune = acts }
        }
        try storage.remove(.snapshot(id))
    }

    /// Keeps a snapshot whatever the retention says, until it is released. Durable on return.
    /// - Throws: `missingKey` for who is no pruner; `noSuchSnapshot`.
    package func pinSnapshot(
        _ id: Digest, reason: String, keys: RepositoryKeys, time: any TimeSource
    ) throws(RepositoryError) {
        try say("pin", keys, time) { ledger throws(RepositoryError) in
            try Self.requireSnapshot(id, in: ledger)
            var holds = LogEntry.Holds()
            holds.pinned = [LogEntry.Reasoned(snapshot: id, reason: reason)]
            return { $0.holds = holds }
        }
    }

    /// Releases every pin of a snapshot. Durable on return.
    /// - Throws: `missingKey` for who is no pruner; `invalidArgument` for one that is not pinned.
    package func unpinSnapshot(
        _ id: Digest, reason: String, keys: RepositoryKeys, time: any TimeSource
    ) throws(RepositoryError) {
        try say("unpin", keys, time) { ledger throws(RepositoryError) in
            guard ledger.removals.pinned[id] != nil else {
                throw RepositoryError(.invalidArgument, "snapshot \(id.hex.prefix(16)) is not pinned")
            }
            var holds = LogEntry.Holds()
            holds.released = [LogEntry.Reasoned(snapshot: id, reason: reason)]
            return { $0.holds = holds }
        }
    }

    private func say(
        _ act: String, _ keys: RepositoryKeys, _ time: any TimeSource,
        _ decide: (Ledger) throws(RepositoryError) -> (inout LogEntry) -> Void
    ) throws(RepositoryError) {
        let log = try prunerLog(keys, time: time)
        let run = try RunID()
        for _ in 0..<16 {
            let ledger = try Ledger(reading: self)
            if try log.append(act, run: run, after: ledger, try decide(ledger)) != nil { return }
        }
        throw RepositoryError(
            .heldByAnother, "others write with the same identity", hint: "let them end, and run it again")
    }

    private static func requireSnapshot(_ id: Digest, in ledger: Ledger) throws(RepositoryError) {
        guard ledger.snapshots.contains(where: { $0.name == id }) else {
            throw RepositoryError(
                .noSuchSnapshot, "no log names a snapshot \(id.hex.prefix(16))", hint: "`drctl snapshots` lists them")
        }
    }
}
