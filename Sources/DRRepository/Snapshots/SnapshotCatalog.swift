package import DRCrypto

/// A snapshot that is in a log and could be opened.
package struct Snapshot: Hashable, Sendable {
    /// SHA-256 of its file.
    package let id: Digest
    /// Whose objects it is made of: who backed it up, also where a pruner rewrote it.
    package let signer: SignerID
    package let run: RunID
    package let manifest: SnapshotManifest
}

/// The snapshots of a repository, oldest first.
package struct SnapshotCatalog: Sendable {
    package let snapshots: [Snapshot]
    /// Why the list may lack snapshots: faults of the logs, and snapshots that could not be opened.
    package let faults: [RepositoryError]

    /// Opens every snapshot that a log names.
    /// - Parameter left: names of snapshots to leave out.
    package init(
        reading repository: Repository, ledger: Ledger, listKey: ListKey, without left: Set<Digest> = []
    ) {
        var found: [Snapshot] = []
        var faults = ledger.faults
        let opened = ParallelWork.map(ledger.snapshots.filter { !left.contains($0.name) }) {
            expected throws(RepositoryError) in try Self.read(expected, repository, listKey)
        }
        for result in opened {
            do throws(RepositoryError) { found.append(try result.get()) } catch { faults.append(error) }
        }
        snapshots = found.sorted {
            ($0.manifest.startedNanoseconds, $0.id) < ($1.manifest.startedNanoseconds, $1.id)
        }
        self.faults = faults
    }

    /// The newest complete snapshot of a dataset that a signer made. Logs are read from their ends, so that this costs
    /// the same however long they are; snapshots that do not open are passed over.
    static func newest(
        of dataset: String, by signer: SignerID, in repository: Repository, ledger: Ledger, listKey: ListKey
    ) -> Snapshot? {
        let own = ledger.snapshots.filter { $0.signer == signer }
        // A pruner's log names those that it rewrote.
        let rewritten = ledger.snapshots.filter { $0.signer != signer && repository.signer($0.signer, has: .pruner) }
        for expected in own.reversed() + rewritten.reversed() {
            guard let snapshot = try? read(expected, repository, listKey) else { continue }
            if snapshot.signer == signer, snapshot.manifest.dataset == dataset, !snapshot.manifest.isPartial {
                return snapshot
            }
        }
        return nil
    }

    /// The names of all datasets, sorted.
    package var datasets: [String] { Set(snapshots.map(\.manifest.dataset)).sorted() }

    /// The snapshot that a person means: `latest`, or an id, or the first digits of one (at least 4).
    /// - Parameters:
    ///   - dataset: limits the choice; without it `latest` needs the repository to have one dataset only.
    ///   - limit: `latest` is the newest one that began then or before, in nanoseconds since 1970.
    /// - Throws: `noSuchSnapshot`; `ambiguousSnapshot` listing the candidates; where snapshots may be missing from the
    ///   list, the worst reason instead of `noSuchSnapshot`, and of any `latest`.
    package func find(
        _ text: String, dataset: String?, before limit: Int64? = nil
    ) throws(RepositoryError) -> Snapshot {
        if text == "latest" { return try latest(dataset, before: limit) }
        let candidates = snapshots.filter {
            text.utf8.count >= 4 && $0.id.hex.hasPrefix(text) && (dataset == nil || $0.manifest.dataset == dataset)
        }
        guard let first = candidates.first else {
            if let fault = worstFault {
                throw Self.obstructed("snapshot \(text) is not among those that opened", fault)
            }
            throw RepositoryError(
                .noSuchSnapshot, "there is no snapshot \(text)\(dataset.map { " of dataset \($0)" } ?? "")",
                hint: "`drctl snapshots` lists them")
        }
        guard candidates.count == 1 else {
            throw RepositoryError(
                .ambiguousSnapshot,
                "\(text) could be \(candidates.map { String($0.id.hex.prefix(16)) }.joined(separator: " or "))",
                hint: "give more digits")
        }
        return first
    }

    /// The newest complete snapshot of a dataset. Not what merely looks like it: with a fault in the logs a newer one
    /// may be missing from the list, and an older one would pass for the newest.
    package func latest(_ dataset: String?, before limit: Int64? = nil) throws(RepositoryError) -> Snapshot {
        if let fault = worstFault { throw Self.obstructed("which snapshot is the newest cannot be established", fault) }
        let names = datasets
        guard let dataset = dataset ?? (names.count == 1 ? names[0] : nil) else {
            throw RepositoryError(
                names.isEmpty ? .noSuchSnapshot : .ambiguousSnapshot,
                names.isEmpty
                    ? "the repository has no snapshots"
                    : "the repository has \(names.count) datasets: \(names.joined(separator: ", "))",
                hint: names.isEmpty ? "make one with `drctl backup`" : "say which with --dataset")
        }
        let own = snapshots.filter {
            $0.manifest.dataset == dataset && $0.manifest.startedNanoseconds <= limit ?? .max
        }
        if let newest = own.last(where: { !$0.manifest.isPartial }) { return newest }
        let partial =
            switch own.count {
            case 0: ""
            case 1: "; its only snapshot is partial and can be named by id"
            default: "; its \(own.count) snapshots are partial and can be named by id"
            }
        throw RepositoryError(
            .noSuchSnapshot,
            "dataset \(dataset) has no complete snapshot\(limit == nil ? "" : " of that time or before")\(partial)",
            hint: names.isEmpty ? "make one with `drctl backup`" : "datasets: \(names.joined(separator: ", "))")
    }

    /// The snapshots of the same dataset that began later.
    package func newerThan(_ snapshot: Snapshot) -> [Snapshot] {
        snapshots.drop { $0 != snapshot }.dropFirst().filter { $0.manifest.dataset == snapshot.manifest.dataset }
    }

    private var worstFault: RepositoryError? {
        faults.min { RepositoryCondition($0) < RepositoryCondition($1) }
    }

    private static func obstructed(_ what: String, _ fault: RepositoryError) -> RepositoryError {
        RepositoryError(
            fault.code, "\(what): \(fault.message)",
            hint: "`drctl verify` says what is wrong; a snapshot that `drctl snapshots` lists can be named by its id",
            cause: fault.cause)
    }

    private static func read(
        _ expected: Ledger.Expected, _ repository: Repository, _ listKey: ListKey
    ) throws(RepositoryError) -> Snapshot {
        let path = StoragePath.snapshot(expected.name)
        guard let bytes = try repository.storage.readAll(path, limitBytes: SnapshotObject.maximumBytes) else {
            throw RepositoryError(
                .rolledBack,
                "snapshot \(expected.name), which \(repository.hostName(of: expected.signer)) published, is gone",
                hint: "bring \(path) back from a copy of the repository")
        }
        // Only the signer whose log names it may have signed it.
        let keys = repository.keys(having: HostRole.storing).filter { SignerID(of: $0) == expected.signer }
        let opened = try SnapshotObject.open(
            bytes, name: expected.name, repository: repository.id, listKey: listKey, trusting: keys)
        guard let rewritten = opened.manifest.rewritten else {
            return Snapshot(id: expected.name, signer: opened.signer, run: opened.run, manifest: opened.manifest)
        }
        guard repository.signer(opened.signer, has: .pruner), repository.isAbout(rewritten.host) else {
            throw RepositoryError(
                .notAuthentic,
                "snapshot \(expected.name) says that it stands for another, and only a pruner can say so",
                hint: "\(repository.hostName(of: opened.signer)) signed it: find out who holds its key")
        }
        return Snapshot(id: expected.name, signer: rewritten.host, run: opened.run, manifest: opened.manifest)
    }
}
