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
        /// Fifos and devices, which are made only when asked for.
        var specialFilesSkipped: Int
        /// Files that lost set-user-id or set-group-id, because their owner was not given back.
        var setIDBitsDropped: Int
        /// Attributes and flags that take a privilege, left out because owners were not given back.
        var privilegedMetadataSkipped: Int
        /// `true`: every entry is as the manifest says. `false`: some differ. Null: not established.
        var equal: Bool?
        /// What the repository could not give, and why.
        var losses: Set<RepositoryCondition>

        private enum CodingKeys: String, CodingKey {
            case snapshot, dataset, snapshotPartial, newerPartialSnapshots, path, files, bytes, filesCompared
            case mismatches, unknown, failures, failureCount, resumed, withOwners, specialFilesSkipped
            case setIDBitsDropped, privilegedMetadataSkipped, equal
        }
    }

    var repository: Repository
    var identity: Identity
    var dataset: String?
    /// An id, its beginning, or `latest`.
    var snapshot: String
    var target: FilePath
    var overwrites = false
    var restoresOwners = false
    var restoresSpecialFiles = false

    /// Blocks; run it on a thread of its own. What was restored is durable on return.
    func run(
        isCancelled: @escaping @Sendable () -> Bool, progress: @escaping @Sendable (RestoreProgress) -> Void
    ) throws -> Result {
        let keys = try repository.unlock(identity)
        let ledger = try Ledger(reading: repository)
        let catalog = repository.snapshots(keys, ledger: ledger)
        let found = try catalog.find(snapshot, dataset: dataset)
        let (source, _) = try repository.reader(keys, ledger: ledger)
        let request = RestoreRequest(
            root: found.manifest.root, target: target, overwrites: overwrites, restoresOwners: restoresOwners,
            restoresSpecialFiles: restoresSpecialFiles)
        let restored = try Restore(from: source).run(request, isCancelled: isCancelled, progress: progress)
        let check = try RestoreCheck(against: source).run(request, isCancelled: isCancelled)
        return Result(
            snapshot: found.id.hex, dataset: found.manifest.dataset, snapshotPartial: found.manifest.isPartial,
            newerPartialSnapshots: snapshot == "latest" ? catalog.newerThan(found).count { $0.manifest.isPartial } : 0,
            path: target.string, files: restored.counts.files, bytes: restored.counts.bytes,
            filesCompared: check.filesCompared, mismatches: check.mismatchCount, unknown: check.unknownCount,
            failures: (restored.failures + check.mismatches + check.unknown).map(\.message),
            failureCount: restored.counts.failureCount, resumed: restored.wasResumed,
            withOwners: restoresOwners, specialFilesSkipped: restored.counts.specialFilesSkipped,
            setIDBitsDropped: restored.counts.setIDBitsDropped,
            privilegedMetadataSkipped: restored.counts.privilegedMetadataSkipped, equal: check.isEqual,
            losses: restored.conditions)
    }
}
