package import DRCrypto
package import DRSystem

/// What verifiers say in their logs.
extension Repository {
    /// What an identity opens, or nil for a host whose roles need no keys: a verifier reads bytes, and signs.
    /// - Throws: as `unlock`, which it is for everybody else.
    package func unlockIfKeyed(_ identity: Identity) throws(RepositoryError) -> RepositoryKeys? {
        if identity.pinnedRepository == id, let signer = identity.signer, config.hostFile(of: signer) == nil,
            !identity.opensContent, config.hosts.contains(where: { $0.signer == signer })
        {
            try refuseRevoked(signer)
            return nil
        }
        return try unlock(identity)
    }

    /// Whether what an identity's host verifies counts.
    package func isVerifier(_ identity: Identity) -> Bool {
        guard let signer = identity.signer else { return false }
        return self.signer(signer, has: .verifier) && config.revocation(of: signer) == nil
    }

    /// Records what a verification read. Durable on return.
    /// - Returns: the entry, and the logs with it.
    /// - Throws: `missingKey` for who is no verifier, `heldByAnother`, `storageFailed`.
    func record(
        _ verification: Verification, by recorder: Identity, after ledger: Ledger, _ time: any TimeSource
    ) throws(RepositoryError) -> (LogEntry.SeenHead, Ledger) {
        let whole = verification.snapshots.filter { $0.verdict == .holds }.map(\.snapshot.id).sorted()
        return try record(
            LogEntry.Verified(
                level: verification.level.rawValue, snapshots: whole, packs: verification.read?.packs ?? [],
                startedNanoseconds: verification.startedNanoseconds ?? time.wallNanoseconds()),
            by: recorder, after: ledger, time)
    }

    /// Records that snapshots were restored, compared and probed. Durable on return.
    /// - Throws: `missingKey` for who is no verifier, `heldByAnother`, `storageFailed`.
    package func recordRehearsal(
        of snapshots: [Digest], startedNanoseconds: Int64, by recorder: Identity, time: any TimeSource
    ) throws(RepositoryError) -> LogEntry.SeenHead {
        try record(
            LogEntry.Verified(
                level: "rehearse", snapshots: snapshots, packs: [], startedNanoseconds: startedNanoseconds),
            by: recorder, after: try Ledger(reading: self), time
        ).0
    }

    private func record(
        _ verified: LogEntry.Verified, by recorder: Identity, after ledger: Ledger, _ time: any TimeSource
    ) throws(RepositoryError) -> (LogEntry.SeenHead, Ledger) {
        guard let key = recorder.signingKey, isVerifier(recorder) else {
            throw RepositoryError(
                .missingKey, "what this identity verifies does not count: it is no verifier's",
                hint: "enrol one with `drctl key host --role verifier`, on a machine that backs nothing up")
        }
        let log = LogWriter(repository: self, key: key, time: time)
        let run = try RunID()
        var ledger = ledger
        for _ in 0..<16 {
            let head = try log.append("verify", run: run, after: ledger) { $0.verified = verified }
            ledger = try ledger.refreshed(self)
            if let head { return (head, ledger) }
        }
        throw RepositoryError(
            .heldByAnother, "others write with the same identity", hint: "let them end, and run it again")
    }
}

extension Identity {
    /// The host that it signs as; nil where it signs nothing.
    package var signer: SignerID? { signingKey.map { SignerID(of: $0.publicKey) } }
}
