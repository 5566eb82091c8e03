internal import DRCrypto
internal import DRSystem
internal import Synchronization

extension Repository {
    /// Reads the repository back and says everything that is wrong with it. Blocks; backups can go on meanwhile: what
    /// they add after the start is not part of it. Nothing is changed but the log of the host that is to record what
    /// was read; that entry is durable on return.
    package func verify(_ request: VerificationRequest) -> Verification {
        var run = VerificationRun(repository: self, request: request)
        run.run()
        return run.result
    }
}

/// One verification under way.
struct VerificationRun {
    private static let mostRounds = 4

    let repository: Repository
    let request: VerificationRequest
    var result: Verification
    /// Of every signer's objects; empty without keys.
    private(set) var index = ObjectIndex()
    private(set) var indexFaults: [RepositoryError] = []
    /// With the list key.
    private(set) var catalog: SnapshotCatalog?
    /// What the snapshots need that were asked about.
    private var inScope: [Ledger.Expected] = []
    /// Packs that were found good.
    private var good: [Digest: PackCheck] = [:]
    /// Read in all rounds.
    private var bytesRead = 0
    /// Stopped before everything was read.
    private var isStopped = false

    init(repository: Repository, request: VerificationRequest) {
        self.repository = repository
        self.request = request
        result = Verification(level: request.level, authenticity: repository.authenticity)
    }

    /// Where something is missing and a prune went on meanwhile, the logs say more than they said: then this is done
    /// again by them, and only packs that were not found good are read once more.
    mutating func run() {
        let started = request.series?.time.wallNanoseconds()
        let bootStart = request.series?.time.bootNanoseconds() ?? 0
        var last: (ledger: Ledger, before: Stored)?
        for _ in 0..<Self.mostRounds {
            result = Verification(level: request.level, authenticity: repository.authenticity)
            result.startedNanoseconds = started
            (index, indexFaults, catalog) = (ObjectIndex(), [], nil)
            last = runOnce(bootStart)
            guard let (ledger, _) = last, !result.findings.isEmpty, !isStopped,
                let now = try? ledger.refreshed(repository), now.removals.count != ledger.removals.count
            else { break }
        }
        result.endedNanoseconds = request.series?.time.wallNanoseconds()
        if let (ledger, before) = last { conclude(ledger, stored: before.received) }
    }

    /// - Returns: the logs that this went by, and what was stored before; nil where they could not be read.
    private mutating func runOnce(_ bootStart: Int64) -> (Ledger, Stored)? {
        let ledger: Ledger
        let before: Stored
        do throws(RepositoryError) {
            // Listed before the logs are read, so that what a backup adds meanwhile is in neither.
            before = try Stored(repository)
            ledger = try Ledger(reading: repository)
        } catch {
            note(error)
            return nil
        }
        checkKeysGiven()
        result.findings += ledger.faults.map { VerificationFinding($0) }
        checkHistory(ledger)
        checkSmallFiles(ledger)
        openListing(ledger)
        inScope = packsInScope(ledger)
        let checks = checkPacks(inScope, ledger, stored: before.received, bootStart)
        checkUnlogged(before, ledger)
        if let keys = request.keys, !isStopped {
            judge(checks, ledger, keys)
        } else {
            for check in checks { result.findings += check.findings }
        }
        return (ledger, before)
    }

    mutating func note(_ error: RepositoryError) { result.findings.append(VerificationFinding(error)) }

    private mutating func checkKeysGiven() {
        if request.level == .content, request.keys?.opensContent != true {
            note(
                RepositoryError(
                    .missingKey, "level content needs the identity of a reader",
                    hint: "give one, or verify at level stored"))
        }
        guard request.keys == nil else { return }
        if request.level == .structure {
            note(
                RepositoryError(
                    .missingKey, "level structure needs the list key",
                    hint: "give the identity of a lister, a writer or a reader, or verify at level stored"))
        }
        if !request.scope.isEverything {
            note(
                RepositoryError(
                    .missingKey, "which packs some snapshots need is known only with the list key; all were read",
                    hint: "give the identity of a lister, a writer or a reader, or leave the choice out"))
        }
    }

    private mutating func checkHistory(_ ledger: Ledger) {
        result.anchor = Anchor(of: repository, ledger: ledger)
        let verdicts = request.anchors.map { $0.verdict(on: repository, ledger: ledger) }
        for verdict in verdicts {
            guard case .doesNotHold(let reason) = verdict else { continue }
            result.history = verdict
            return note(
                RepositoryError(
                    .rolledBack, reason, hint: "restore the storage's newest state; back up nothing to it as it is"))
        }
        if let first = verdicts.first { result.history = first }
    }

    /// Indexes, snapshots and key files: each is small, and the first two are named by their digest as packs are.
    private mutating func checkSmallFiles(_ ledger: Ledger) {
        let verifier = PackVerifier(storage: repository.storage, keys: nil)
        for expected in ledger.indexes {
            result.findings += verifier.checkStored(expected, at: .index(expected.name)).findings.map {
                VerificationFinding($0.error)
            }
        }
        for expected in ledger.snapshots {
            // A snapshot that a log names and that is gone is a deletion; one that changed is damage.
            result.findings += verifier.checkStored(expected, at: .snapshot(expected.name)).findings.map {
                VerificationFinding($0.error, condition: $0.error.code == .missingPack ? .notAuthentic : nil)
            }
        }
        result.findings += repository.keyFileFaults().map { VerificationFinding($0) }
    }

    /// With the list key: where objects lie, and which snapshots there are.
    private mutating func openListing(_ ledger: Ledger) {
        guard let keys = request.keys else { return }
        let loaded = ObjectIndex.load(repository, ledger: ledger, listKey: keys.listKey, scope: .everybody)
        index = loaded.index
        // Index objects whose bytes are wrong were reported with the small files.
        indexFaults = loaded.faults
        result.findings += loaded.faults.filter { $0.code != .damaged && $0.code != .missingObject }.map {
            VerificationFinding($0)
        }
        catalog = repository.snapshots(keys, ledger: ledger)
    }

    /// Everything, or what the snapshots need that were asked about.
    private mutating func packsInScope(_ ledger: Ledger) -> [Ledger.Expected] {
        guard !request.scope.isEverything, let keys = request.keys, let catalog else { return ledger.packs }
        let chosen = catalog.snapshots.filter { request.scope.contains($0) }
        if chosen.isEmpty {
            note(
                RepositoryError(
                    .noSuchSnapshot, "no snapshot is as was asked, so nothing was verified",
                    hint: "`drctl snapshots` lists them"))
        }
        var walk = ScopeWalk(repository, index: index, keys: keys)
        for snapshot in chosen { walk.follow(snapshot) }
        for fault in walk.faults { note(fault) }
        let packs = walk.packs
        return ledger.packs.filter { packs.contains($0.name) }
    }

    /// What is stored and in no log: interrupted backups leave packs, and rarely a snapshot; both are counted. But where
    /// there is no log at all, nothing says what should be there, and nothing was checked.
    private mutating func checkUnlogged(_ before: Stored, _ ledger: Ledger) {
        let packs = Set(ledger.packs.map(\.name)).union(ledger.filesOfOtherDomains)
        let snapshots = Set(ledger.snapshots.map(\.name.hex)).union(ledger.filesOfOtherDomains.map(\.hex))
        result.coverage.packsUnlogged = before.received.keys.count { !packs.contains($0) }
        result.coverage.snapshotsUnlogged = before.snapshots.count { !snapshots.contains($0) }
        let coverage = result.coverage
        guard ledger.heads.isEmpty, coverage.packsUnlogged + coverage.snapshotsUnlogged > 0 else { return }
        note(
            RepositoryError(
                .notLogged, "no log says what should be stored here, and something is",
                hint: "a first backup that runs or was stopped leaves that: let one end; otherwise the logs are lost"))
    }

    // MARK: Packs

    private mutating func checkPacks(
        _ packs: [Ledger.Expected], _ ledger: Ledger, stored: [Digest: Int64], _ bootStart: Int64
    ) -> [PackCheck] {
        let total = packs.reduce(0) { $0 + $1.bytes }
        result.coverage.packsExpected = packs.count
        result.coverage.bytesExpected = total
        let verifier = PackVerifier(
            storage: repository.storage, keys: packKeys(), index: request.level == .structure ? index : nil)
        let (request, good) = (request, good)
        let done = Mutex(bytesRead)
        let checks = ParallelWork.map(inOrder(packs, ledger, stored: stored)) {
            expected throws(RepositoryError) -> PackCheck? in
            guard !request.isCancelled() else {
                throw RepositoryError(.cancelled, "the verification was stopped")
            }
            if let known = good[expected.name] { return known }
            guard !request.isSpent(bytes: done.withLock { $0 }, since: bootStart) else { return nil }
            let check = verifier.check(expected, request.level)
            let read = done.withLock { done in
                done += check.bytesRead
                return done
            }
            request.progress(read, total)
            return check
        }
        bytesRead = done.withLock { $0 }
        return count(checks)
    }

    private func inOrder(
        _ packs: [Ledger.Expected], _ ledger: Ledger, stored: [Digest: Int64]
    ) -> [Ledger.Expected] {
        guard let series = request.series else { return packs }
        var history = ReadHistory(ledger, of: repository)
        let numbers = PackNumbers(ledger)
        for record in series.unrecorded { history.add(record, numbers) }
        return ReadingOrder(
            history, stored: Self.storedTimes(ledger, stored), now: series.time.wallNanoseconds(),
            rereadNanoseconds: series.rereadNanoseconds)(packs)
    }

    /// When each pack was stored: as its log says or as storage says, whichever is earlier.
    static func storedTimes(_ ledger: Ledger, _ received: [Digest: Int64]) -> [Digest: Int64] {
        var times = received
        for entry in ledger.logs.flatMap(\.entries) {
            for pack in entry.packsAdded {
                times[pack.name] = min(times[pack.name] ?? .max, entry.writtenNanoseconds)
            }
        }
        return times
    }

    private mutating func count(_ checks: [Result<PackCheck?, RepositoryError>]) -> [PackCheck] {
        var finished: [PackCheck] = []
        var left = 0
        for check in checks {
            switch check {
            case .success(let check?):
                finished.append(check)
                if check.isGood { good[check.pack] = check }
            case .success(nil):
                result.isBudgetSpent = true
                left += 1
            case .failure(let error):
                if !isStopped { note(error) }
                isStopped = true
                left += 1
            }
        }
        for check in finished {
            result.coverage.packsRead += check.bytesRead > 0 ? 1 : 0
            result.coverage.bytesRead += check.bytesRead
            result.coverage.objectsOpened += check.objectsOpened
            result.coverage.bodyBytes += check.bodyBytes
        }
        let coverage = result.coverage
        result.coverage.isComplete =
            left == 0 && coverage.packsRead == coverage.packsExpected
            && (!request.level.readsBytes || coverage.bytesRead == coverage.bytesExpected)
        return finished
    }

    func packKeys() -> PackVerifier.Keys? {
        request.keys.map { keys in
            PackVerifier.Keys(keys: keys, keyring: try? repository.keyring(keys))
        }
    }

    // MARK: The end

    /// Says in the log what was read, and reckons what verifiers have read in all.
    private mutating func conclude(_ ledger: Ledger, stored: [Digest: Int64]) {
        guard let series = request.series, let started = result.startedNanoseconds else { return }
        if request.level.readsBytes {
            result.read = ReadRecord(
                startedNanoseconds: started, packs: PackNumbers(ledger).ranges(of: Set(good.keys)))
        }
        var ledger = ledger
        if let recorder = series.recorder {
            do throws(RepositoryError) {
                (result.record, ledger) = try repository.record(result, by: recorder, after: ledger, series.time)
            } catch { note(error) }
        }
        result.readCoverage = ReadCoverage(
            of: inScope, ReadHistory(ledger, of: repository), stored: Self.storedTimes(ledger, stored),
            now: series.time.wallNanoseconds())
    }
}

extension VerificationRequest {
    /// Whether the budget is used up.
    fileprivate func isSpent(bytes: Int, since bootStart: Int64) -> Bool {
        guard let series, bytes > 0 else { return false }
        return switch series.budget {
        case .bytes(let limit): bytes >= limit
        case .nanoseconds(let limit): series.time.bootNanoseconds() - bootStart >= limit
        case nil: false
        }
    }
}

/// What storage holds, by name.
struct Stored {
    /// Packs, with the time at which storage took them.
    let received: [Digest: Int64]
    let snapshots: [String]

    init(_ repository: Repository) throws(RepositoryError) {
        var received: [Digest: Int64] = [:]
        for entry in try repository.storage.list(StorageFolder.packs.path) where !entry.isFolder {
            if let name = Digest(hex: entry.name) { received[name] = entry.receivedNanoseconds }
        }
        self.received = received
        snapshots = try repository.storage.list(StorageFolder.snapshots.path).filter { !$0.isFolder }.map(\.name)
    }
}
