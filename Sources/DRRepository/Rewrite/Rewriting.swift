package import DRCrypto
package import DRSystem
internal import Synchronization

/// What is to be taken out of snapshots that are there.
package struct RewriteRequest: Sendable {
    /// Absolute, as it was on the host; with everything below.
    package var paths: [[UInt8]]
    /// Only snapshots of this dataset; nil for all.
    package var dataset: String?
    /// Only these; empty for all.
    package var snapshots: Set<Digest>
    /// Why; it stays in the signed log, in clear: it should not repeat what is taken out.
    package var reason: String
    /// Only say what would be done.
    package var isTrial: Bool

    package init(
        paths: [[UInt8]], dataset: String? = nil, snapshots: Set<Digest> = [], reason: String, isTrial: Bool = false
    ) {
        self.paths = paths
        self.dataset = dataset
        self.snapshots = snapshots
        self.reason = reason
        self.isTrial = isTrial
    }
}

/// What was taken out.
package struct RewriteResult: Sendable {
    /// A snapshot that held something of it.
    package struct Rewritten: Sendable {
        package let old: Snapshot
        /// What stands for it now; nil where nothing was left of it, or the rewriting was only tried.
        package internal(set) var new: Digest?
        package let isEmptied: Bool
        package let files: Int
        package let bytes: Int64
        package let otherEntries: Int
    }

    package internal(set) var rewritten: [Rewritten] = []
    /// Snapshots that were looked into.
    package internal(set) var examined = 0
    /// Snapshots that hold something of it and are pinned, with the pins' reasons: they stay as they are.
    package internal(set) var pinned: [(snapshot: Snapshot, reason: String)] = []
}

extension Repository {
    /// Puts snapshots without some paths in the place of those that have them. A pruner signs the new ones; they count as
    /// the host's whose objects they are made of, with its times. First the new one is durable and in the log, then the
    /// old one is removed, so that a rerun goes on where this was stopped. What only the old ones needed goes with the
    /// prunes that follow.
    /// - Parameters:
    ///   - reader: opens the trees.
    ///   - pruner: of a host with the role `pruner`.
    /// - Throws: `missingKey`; where a snapshot or a directory cannot be read: what it holds of the paths is not known;
    ///   `noSpace`, `storageFailed`, `cancelled`.
    package func rewriting(
        _ request: RewriteRequest, reader: RepositoryKeys, pruner: RepositoryKeys, time: any TimeSource,
        isCancelled: () -> Bool = { false }
    ) throws(RepositoryError) -> RewriteResult {
        var run = try RewriteRun(self, request, reader: reader, pruner: pruner, time: time)
        try run.perform(isCancelled: isCancelled)
        return run.result
    }
}

/// One rewriting under way.
private struct RewriteRun {
    private let repository: Repository
    private let request: RewriteRequest
    private let keys: RepositoryKeys
    private let pruner: RepositoryKeys
    private let log: LogWriter
    private let runID: RunID
    private let time: any TimeSource
    private(set) var result = RewriteResult()

    init(
        _ repository: Repository, _ request: RewriteRequest, reader: RepositoryKeys, pruner: RepositoryKeys,
        time: any TimeSource
    ) throws(RepositoryError) {
        log = try repository.prunerLog(pruner, time: time)
        // Whether it opens content is known before anything is done.
        _ = try repository.keyring(reader)
        keys = reader
        runID = try RunID()
        self.repository = repository
        self.request = request
        self.pruner = pruner
        self.time = time
    }

    mutating func perform(isCancelled: () -> Bool) throws(RepositoryError) {
        let ledger = try Ledger(reading: repository)
        let catalog = repository.snapshots(keys, ledger: ledger)
        // A snapshot that does not open may hold what is to go.
        if let fault = catalog.faults.first { throw fault }
        let (source, faults) = try repository.reader(keys, ledger: ledger)
        if let fault = faults.first { throw fault }
        let wanted = catalog.snapshots.filter {
            (request.dataset == nil || $0.manifest.dataset == request.dataset)
                && (request.snapshots.isEmpty || request.snapshots.contains($0.id)
                    // Made by a run that was stopped, of one that was asked for: it may hold other paths.
                    || ($0.manifest.rewritten.map { request.snapshots.contains($0.snapshot) } ?? false))
        }
        let replaced = Dictionary(
            catalog.snapshots.compactMap { new in new.manifest.rewritten.map { ($0.snapshot, new.id) } }
        ) { first, _ in first }
        for snapshot in wanted {
            if isCancelled() {
                throw RepositoryError(.cancelled, "interrupted", hint: "run it again: it goes on where it ended")
            }
            result.examined += 1
            try rewrite(snapshot, source, ledger, replacedBy: replaced[snapshot.id])
        }
    }

    private mutating func rewrite(
        _ snapshot: Snapshot, _ source: any ObjectSource, _ ledger: Ledger, replacedBy made: Digest?
    ) throws(RepositoryError) {
        let pin = ledger.removals.pinned[snapshot.id]?.first
        let finished = Mutex<[FinishedPack]>([])
        let stores = !request.isTrial && pin == nil && made == nil
        let pipeline =
            stores
            ? try repository.pipeline(for: snapshot.signer, run: runID, keys: keys) { pack in
                finished.withLock { $0.append(pack) }
            } : nil
        let naming = try keys.idKey
        let sink: any ObjectSink = pipeline ?? DiscardingSink(naming: naming)
        var rewriter = TreeRewriter(from: source, into: sink, without: RestoreSelection(paths: request.paths))
        let outcome: TreeRewriter.Outcome
        do throws(RepositoryError) {
            outcome = try rewriter.rewrite(snapshot.manifest.root)
            try pipeline?.finish()
        } catch {
            pipeline?.cancel(error)
            throw error
        }
        let taken = rewriter.taken
        var done = RewriteResult.Rewritten(
            old: snapshot, isEmptied: { if case .emptied = outcome { true } else { false } }(),
            files: taken.filesRead, bytes: taken.bytesRead, otherEntries: taken.otherEntries + taken.directories)
        if case .unchanged = outcome { return }
        if let pin {
            result.pinned.append((snapshot, pin))
            return
        }
        if !request.isTrial {
            if case .rewritten(let root) = outcome {
                // A run that was stopped made it, and did not come to removing the old one.
                if let made {
                    done.new = made
                } else {
                    done.new = try publish(snapshot, root, taken, finished.withLock(\.self))
                }
            }
            try repository.removeSnapshot(snapshot.id, reason: request.reason, keys: pruner, time: time)
        }
        result.rewritten.append(done)
    }

    /// Stores the new snapshot, and names it in the log together with the packs that hold its directories.
    private func publish(
        _ old: Snapshot, _ root: ObjectLink, _ taken: CaptureProgress, _ packs: [FinishedPack]
    ) throws(RepositoryError) -> Digest {
        var manifest = old.manifest
        manifest.root = root
        manifest.parent = nil
        manifest.counts.files -= taken.filesRead
        manifest.counts.directories -= taken.directories
        manifest.counts.otherEntries -= taken.otherEntries
        manifest.counts.sourceBytes -= Int(taken.bytesRead)
        manifest.rewritten = SnapshotManifest.Rewritten(
            snapshot: old.id, original: old.manifest.rewritten?.original ?? old.id, host: old.signer)
        let publication = PackReplacement(repository: repository, listKey: keys.listKey, log: log, run: runID)
        let bytes = try SnapshotObject.seal(
            manifest, context: publication.context, listKey: keys.listKey, signedBy: log.key)
        let id = Digest.of(bytes)
        try repository.storage.put(bytes, at: .snapshot(id))
        try publication.publish(
            "rewrite", packs.map { IndexedPack($0, host: old.signer) },
            snapshots: [LogEntry.Added(name: id, bytes: bytes.count)]
        ) { ledger throws(RepositoryError) in
            // While the old one counts, no prune condemns what it needs, and the new one needs nothing else that is old.
            guard ledger.snapshots.contains(where: { $0.name == old.id }) else {
                throw RepositoryError(
                    .overtaken, "snapshot \(old.id.hex.prefix(16)) was removed while it was rewritten",
                    hint: "run it again")
            }
        }
        return id
    }
}

/// Takes objects and keeps none.
private struct DiscardingSink: ObjectSink {
    let naming: any ObjectNaming

    func contains(_ id: ObjectID) -> Bool { false }
    func put(_ object: consuming NewObject) throws(RepositoryError) -> Bool { true }
}
