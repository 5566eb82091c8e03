import DRCrypto
import DRRepository
import DRSystem
import SystemPackage

/// A restore, and the comparison of what the disk then holds with the snapshot.
struct RestoreJob: Sendable {
    struct Result: Encodable, Sendable {
        var snapshot: String
        var dataset: String
        /// The snapshot is of a source that could not be read whole.
        var snapshotPartial: Bool
        /// Of the same dataset, and passed over because they are partial; 0 where the snapshot was named.
        var newerPartialSnapshots: Int
        var path: String
        var files: Int
        var bytes: Int64
        /// Whether the target was read back and compared.
        var verified: Bool
        var filesCompared: Int
        /// Entries of the target that differ from the manifest.
        var mismatches: Int
        /// Entries that could not be compared.
        var unknown: Int
        var failures: [String]
        var failureCount: Int
        var resumed: Bool
        /// Whether owners were given back, and compared.
        var withOwners: Bool
        /// Files and links that were in the way, and stayed.
        var leftAlone: Int
        /// Fifos and devices, which are made only when asked for.
        var specialFilesSkipped: Int
        /// Files that lost set-user-id or set-group-id, because their owner was not given back.
        var setIDBitsDropped: Int
        /// Attributes and flags that take a privilege, left out because owners were not given back.
        var privilegedMetadataSkipped: Int
        /// `true`: every entry is as the manifest says. `false`: some differ. Null: not asked, or not established.
        var equal: Bool?
        /// What the repository could not give, and why.
        var losses: Set<RepositoryCondition>

        private enum CodingKeys: String, CodingKey {
            case snapshot, dataset, snapshotPartial, newerPartialSnapshots, path, files, bytes, verified
            case filesCompared, mismatches, unknown, failures, failureCount, resumed, withOwners, leftAlone
            case specialFilesSkipped
            case setIDBitsDropped, privilegedMetadataSkipped, equal
        }
    }

    var repository: Repository
    var identity: Identity
    /// What was read of the repository's logs already; nil where nothing was.
    var ledger: Ledger?
    var dataset: String?
    /// An id, its beginning, or `latest`.
    var snapshot: String
    var target: FilePath
    /// `latest` is the newest that began then or before, in nanoseconds since 1970.
    var before: Int64?
    /// Of the snapshot, as it was on the host or relative to the only source; with `patterns` none means everything.
    var paths: [String] = []
    var patterns: [PathPattern] = []
    var overwrite = RestoreRequest.Overwrite.refuse
    /// Read the target back and compare it.
    var verifies = true
    var restoresOwners = false
    var restoresSpecialFiles = false
    /// Where a file of the repository's indexes is kept; nil for none.
    var local: LocalIndex?

    /// What is to be restored, opened.
    struct Prepared {
        var found: Snapshot
        var catalog: SnapshotCatalog
        var source: any ObjectSource
        var request: RestoreRequest
    }

    /// Blocks; run it on a thread of its own. What was restored is durable on return.
    func run(
        isCancelled: @escaping @Sendable () -> Bool,
        progress: @escaping @Sendable (RestoreProgress, _ expectedBytes: Int64?) -> Void
    ) throws -> Result {
        let prepared = try prepare()
        let (found, request) = (prepared.found, prepared.request)
        let expected = request.selection == nil ? Int64(found.manifest.counts.sourceBytes) : nil
        let restored = try Restore(from: prepared.source).run(request, isCancelled: isCancelled) {
            progress($0, expected)
        }
        let check = verifies ? try RestoreCheck(against: prepared.source).run(request, isCancelled: isCancelled) : nil
        let differences = (check?.mismatches ?? []) + (check?.unknown ?? [])
        return Result(
            snapshot: found.id.hex, dataset: found.manifest.dataset, snapshotPartial: found.manifest.isPartial,
            newerPartialSnapshots: snapshot == "latest"
                ? prepared.catalog.newerThan(found).count {
                    $0.manifest.isPartial && $0.manifest.startedNanoseconds <= before ?? .max
                } : 0,
            path: target.string, files: restored.counts.files, bytes: restored.counts.bytes, verified: verifies,
            filesCompared: check?.filesCompared ?? 0, mismatches: check?.mismatchCount ?? 0,
            unknown: check?.unknownCount ?? 0,
            failures: (restored.failures + differences).map(\.message),
            failureCount: restored.counts.failureCount, resumed: restored.wasResumed,
            withOwners: restoresOwners, leftAlone: restored.counts.leftAlone,
            specialFilesSkipped: restored.counts.specialFilesSkipped,
            setIDBitsDropped: restored.counts.setIDBitsDropped,
            privilegedMetadataSkipped: restored.counts.privilegedMetadataSkipped, equal: check?.isEqual,
            losses: restored.conditions)
    }

    /// Finds the snapshot and what of it is asked for. Blocks.
    /// - Throws: where there is no such snapshot, or it has nothing at a path or for the patterns.
    func prepare() throws -> Prepared {
        let keys = try repository.unlock(identity)
        let ledger = try ledger ?? Ledger(reading: repository)
        let catalog = repository.snapshots(keys, ledger: ledger)
        let found = try catalog.find(snapshot, dataset: dataset, before: before)
        let (source, _) = try repository.reader(keys, ledger: ledger, local: local)
        let request = RestoreRequest(
            root: found.manifest.root, target: target, overwrite: overwrite,
            selection: try selection(SnapshotBrowser(source: source), found),
            restoresOwners: restoresOwners, restoresSpecialFiles: restoresSpecialFiles)
        return Prepared(found: found, catalog: catalog, source: source, request: request)
    }

    private func selection(_ browser: SnapshotBrowser, _ found: Snapshot) throws -> RestoreSelection? {
        if paths.isEmpty, patterns.isEmpty { return nil }
        let root = found.manifest.root
        var selected = try paths.map { path in
            guard let item = try browser.item(at: Array(path.utf8), in: root) else {
                throw OpenedSnapshot.nothing(at: path, in: found)
            }
            return item.path
        }
        if !patterns.isEmpty { selected += try browser.paths(matching: patterns, in: root) }
        guard !selected.isEmpty else {
            throw Failure(
                exit: .usage, code: "snapshot.noMatch",
                message: "nothing in snapshot \(found.id.hex.prefix(16)) matches", hint: "`drctl find` tries a pattern")
        }
        return RestoreSelection(paths: selected)
    }
}
