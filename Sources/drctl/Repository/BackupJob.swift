import DRCrypto
import DRRepository
import DRSystem
import SystemPackage

/// A backup of one dataset, as `drctl backup` and the step kind `backup` make it.
struct BackupJob: Sendable {
    /// What is backed up.
    enum Input: Sendable {
        case paths([FilePath])
        /// One file of this name, from a descriptor that the job closes. `confirm` is asked when it has ended, and
        /// throws where what came must not become a snapshot: the command that wrote it failed.
        case stream(descriptor: Int32, name: FileName, confirm: @Sendable () throws -> Void)
        /// What a tar archive holds, from a descriptor that the job closes.
        case archive(descriptor: Int32, limits: ArchiveImport.Limits)

        /// Nil where only the input itself tells.
        var paths: [String]? {
            switch self {
            case .paths(let paths): paths.map(\.string)
            case .stream(_, let name, _): ["/" + String(decoding: name.bytes, as: UTF8.self)]
            case .archive: nil
            }
        }
    }

    struct Result: Encodable, Sendable {
        /// Null where the backup was only tried.
        var snapshot: String?
        var dataset: String
        var repository: String
        /// False where something could not be read: the snapshot is partial, and never `latest`.
        var complete: Bool
        var filesRead: Int
        var filesTrusted: Int
        var bytesRead: Int64
        var bytesSource: Int64
        /// What the repository's packs grew by; where the backup was only tried, what it would store, before
        /// compression.
        var bytesStored: Int64
        /// Sockets, which are in no backup: nobody can restore who listens.
        var socketsSkipped: Int
        /// Names that rules left out, and mount points of which the folder alone is kept.
        var leftOut: Int
        var mountPointsKeptEmpty: Int
        var problems: [String]
        var problemCount: Int
        /// The repository as it is now; `--anchor` compares with it later.
        var anchor: Anchor
        /// `false` where the repository's id was not known beforehand.
        var pinned: Bool
    }

    var repository: Repository
    var identity: Identity
    /// What was read of the repository's logs already; nil where nothing was.
    var ledger: Ledger?
    var dataset: String
    var input: Input
    var tag: String?
    var rules = CaptureRules()
    /// Read everything, store nothing.
    var isTrial = false
    /// Where unchanged files are remembered; nil rereads everything.
    var cache: FilePath?
    /// For how long a file is trusted by its status.
    var mostTrustNanoseconds = FileCache.defaultTrustNanoseconds
    /// Where a file of what this host stored is kept; nil for none.
    var local: LocalIndex?

    /// A prune has to condemn something this often while one backup runs, before that gives up.
    private static let mostTries = 3

    /// Blocks; run it on a thread of its own. The snapshot is durable and in the log on return.
    ///
    /// Where a prune condemns meanwhile what the snapshot relies on, the sources are read once more and that is stored
    /// again; a stream cannot be read twice.
    func run(
        isCancelled: @escaping @Sendable () -> Bool,
        progress: @escaping @Sendable (CaptureProgress, _ expectedBytes: Int64?) -> Void
    ) throws -> Result {
        for _ in 1..<Self.mostTries {
            do {
                return try runOnce(isCancelled: isCancelled, progress: progress)
            } catch let error as RepositoryError where error.code == .overtaken {
                guard case .paths = input else { throw error }
            }
        }
        return try runOnce(isCancelled: isCancelled, progress: progress)
    }

    private func runOnce(
        isCancelled: @escaping @Sendable () -> Bool,
        progress: @escaping @Sendable (CaptureProgress, _ expectedBytes: Int64?) -> Void
    ) throws -> Result {
        let time = try SystemTimeSource()
        let started = time.wallNanoseconds()
        let keys = try repository.unlock(identity)
        let session = try WriteSession(repository, keys: keys, after: ledger, local: local, time: time)
        let parent = session.parent(of: dataset)
        let request = CaptureRequest(
            sources: sources, rules: rules, cache: try fileCache(session.sink.naming, hasParent: parent != nil),
            time: time)
        let trial = isTrial ? TrialSink(insteadOf: session.sink) : nil
        let captured: CaptureResult
        let snapshot: Snapshot
        do {
            captured = try capture(into: trial ?? session.sink, request, isCancelled) {
                progress($0, (parent?.manifest.counts.sourceBytes).map(Int64.init))
            }
            if let trial {
                session.abandon()
                return result(nil, captured, stored: trial.newBytes, session.ledger)
            }
            snapshot = try session.publish(
                SnapshotManifest(
                    dataset: dataset, host: Host.name,
                    paths: input.paths ?? captured.sources.map { String(decoding: $0, as: UTF8.self) }, tag: tag,
                    root: captured.root,
                    startedNanoseconds: started, endedNanoseconds: started,
                    parent: captured.counts.filesUnchanged > 0 ? parent?.id : nil, isPartial: !captured.isComplete,
                    counts: Self.counts(captured.counts)))
        } catch {
            // What is stored already is kept for the next try.
            if isTrial {
                session.abandon()
            } else if (error as? RepositoryError)?.code == .cancelled {
                try session.checkpoint()
            } else {
                session.cancel()
            }
            throw error
        }
        // A cache that could not be saved costs time, not correctness.
        try? captured.cache?.save()
        return result(
            snapshot, captured, stored: Int64(snapshot.manifest.counts.bytesStored), session.ledger)
    }

    private var sources: [FilePath] {
        if case .paths(let paths) = input { paths } else { [] }
    }

    private func capture(
        into sink: any ObjectSink, _ request: CaptureRequest, _ isCancelled: @Sendable () -> Bool,
        _ progress: (CaptureProgress) -> Void
    ) throws -> CaptureResult {
        switch input {
        case .paths: return try Capture(into: sink).run(request, isCancelled: isCancelled, progress: progress)
        case .stream(let descriptor, let name, let confirm):
            let captured = try Capture(into: sink).run(
                stream: OpenFile(takingOver: descriptor), as: name, request, isCancelled: isCancelled,
                progress: progress)
            try confirm()
            return captured
        case .archive(let descriptor, let limits):
            defer { try? FileDescriptor(rawValue: descriptor).close() }
            return try ArchiveImport(into: sink).run(
                descriptor: descriptor, limits: limits, request, isCancelled: isCancelled, progress: progress)
        }
    }

    /// A cache counts only while the snapshot that it grew with is there.
    private func fileCache(_ naming: any ObjectNaming, hasParent: Bool) throws -> FileCache? {
        guard let cache, case .paths = input, !isTrial else { return nil }
        try DurableFile.makeDirectory(at: cache.removingLastComponent(), mode: 0o700)
        if !hasParent, try FileStatus.ifPresent(at: cache) != nil { try DurableFile.remove(cache) }
        let scope = ([dataset] + sources.map(\.string)).joined(separator: "\0")
        return FileCache(
            at: cache, naming: naming, chunker: .standard, scope: Array(scope.utf8),
            mostTrustNanoseconds: mostTrustNanoseconds)
    }

    private func result(
        _ snapshot: Snapshot?, _ captured: CaptureResult, stored: Int64, _ ledger: Ledger
    ) -> Result {
        Result(
            snapshot: snapshot?.id.hex, dataset: dataset, repository: repository.id.hex, complete: captured.isComplete,
            filesRead: captured.counts.filesRead, filesTrusted: captured.counts.filesUnchanged,
            bytesRead: captured.counts.bytesRead,
            bytesSource: captured.counts.bytesRead + captured.counts.bytesUnchanged,
            bytesStored: stored, socketsSkipped: captured.counts.socketsSkipped, leftOut: captured.counts.leftOut,
            mountPointsKeptEmpty: captured.counts.mountPointsKeptEmpty,
            problems: captured.problems.map(\.message),
            problemCount: captured.counts.problemCount,
            anchor: Anchor(of: repository, ledger: ledger), pinned: repository.isPinned)
    }

    private static func counts(_ seen: CaptureProgress) -> SnapshotManifest.Counts {
        var counts = SnapshotManifest.Counts()
        counts.files = seen.filesRead + seen.filesUnchanged
        counts.directories = seen.directories
        counts.otherEntries = seen.otherEntries
        counts.sourceBytes = Int(seen.bytesRead + seen.bytesUnchanged)
        counts.filesRead = seen.filesRead
        counts.bytesRead = Int(seen.bytesRead)
        counts.filesTrusted = seen.filesUnchanged
        counts.unreadable = seen.problemCount
        counts.leftOut = seen.leftOut + seen.mountPointsKeptEmpty
        return counts
    }
}
