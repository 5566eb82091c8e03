internal import DRCrypto
internal import Synchronization

extension Repository {
    /// Reads the repository back and says everything that is wrong with it. Blocks; nothing is changed, and backups can
    /// go on meanwhile: what they add after the start is not part of it.
    package func verify(_ request: VerificationRequest) -> Verification {
        var run = VerificationRun(repository: self, request: request)
        run.run()
        return run.result
    }
}

/// One verification under way.
struct VerificationRun {
    private static let mostRounds = 4

    private let repository: Repository
    private let request: VerificationRequest
    private(set) var result: Verification
    private var index = ObjectIndex()
    /// Packs that were found good.
    private var good: [Digest: PackCheck] = [:]
    /// Stopped before everything was read.
    private var isStopped = false
    /// Packs whose bytes could not be read: nothing is known about what is in them.
    private var hasUnread = false

    init(repository: Repository, request: VerificationRequest) {
        self.repository = repository
        self.request = request
        result = Verification(level: request.level, authenticity: repository.authenticity)
    }

    /// Where something is missing and a prune went on meanwhile, the logs say more than they said: then this is done
    /// again by them, and only packs that were not found good are read once more.
    mutating func run() {
        for _ in 0..<Self.mostRounds {
            result = Verification(level: request.level, authenticity: repository.authenticity)
            (index, hasUnread) = (ObjectIndex(), false)
            guard let ledger = runOnce(), !result.findings.isEmpty, !isStopped,
                let now = try? ledger.refreshed(repository), now.removals.count != ledger.removals.count
            else { return }
        }
    }

    /// - Returns: the logs that this went by; nil where they could not be read.
    private mutating func runOnce() -> Ledger? {
        let ledger: Ledger
        let before: Stored
        do throws(RepositoryError) {
            // Listed before the logs are read, so that what a backup adds meanwhile is in neither.
            before = try Stored(repository)
            ledger = try Ledger(reading: repository)
        } catch {
            result.findings.append(VerificationFinding(error))
            return nil
        }
        if request.level == .content, request.keys?.opensContent != true {
            result.findings.append(
                VerificationFinding(
                    RepositoryError(
                        .missingKey, "level content needs the identity of a reader",
                        hint: "give one, or verify at level stored")))
        }
        result.findings += ledger.faults.map { VerificationFinding($0) }
        checkHistory(ledger)
        checkSmallFiles(ledger)
        let checks = checkPacks(ledger.packs)
        checkUnlogged(before, ledger)
        guard let keys = request.keys, !isStopped else {
            for check in checks { result.findings += check.findings }
            return ledger
        }
        judge(checks, ledger, keys)
        return ledger
    }

    private mutating func checkHistory(_ ledger: Ledger) {
        result.anchor = Anchor(of: repository, ledger: ledger)
        guard let anchor = request.anchor else { return }
        result.history = anchor.verdict(on: repository, ledger: ledger)
        if case .doesNotHold(let reason) = result.history {
            result.findings.append(
                VerificationFinding(
                    RepositoryError(
                        .rolledBack, reason, hint: "restore the storage's newest state; back up nothing to it as it is")
                ))
        }
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
        checkKeyFiles()
    }

    private mutating func checkKeyFiles() {
        result.findings += repository.keyFileFaults().map { VerificationFinding($0) }
    }

    /// What is stored and in no log: interrupted backups leave packs, and rarely a snapshot; both are counted. But where
    /// there is no log at all, nothing says what should be there, and nothing was checked.
    private mutating func checkUnlogged(_ before: Stored, _ ledger: Ledger) {
        let packs = Set(ledger.packs.map(\.name.hex))
        let snapshots = Set(ledger.snapshots.map(\.name.hex))
        result.coverage.packsUnlogged = before.packs.count { !packs.contains($0) }
        result.coverage.snapshotsUnlogged = before.snapshots.count { !snapshots.contains($0) }
        let coverage = result.coverage
        guard ledger.heads.isEmpty, coverage.packsUnlogged + coverage.snapshotsUnlogged > 0 else { return }
        result.findings.append(
            VerificationFinding(
                RepositoryError(
                    .notLogged, "no log says what should be stored here, and something is",
                    hint:
                        "a first backup that runs or was stopped leaves that: let one end; otherwise the logs are lost")
            )
        )
    }

    private mutating func checkPacks(_ packs: [Ledger.Expected]) -> [PackCheck] {
        result.coverage.packsExpected = packs.count
        result.coverage.bytesExpected = packs.reduce(0) { $0 + $1.bytes }
        let verifier = PackVerifier(storage: repository.storage, keys: packKeys())
        let isDeep = request.level == .content
        let total = result.coverage.bytesExpected
        let done = Mutex(0)
        let request = request
        let good = good
        let checks = ParallelWork.map(packs) { expected throws(RepositoryError) in
            guard !request.isCancelled() else {
                throw RepositoryError(.cancelled, "the verification was stopped")
            }
            let check =
                good[expected.name]
                ?? (isDeep
                    ? verifier.checkContent(expected) : verifier.checkStored(expected, at: .pack(expected.name)))
            let read = done.withLock { done in
                done += check.bytesRead
                return done
            }
            request.progress(read, total)
            return check
        }
        var finished: [PackCheck] = []
        for check in checks {
            switch check {
            case .success(let check):
                finished.append(check)
                if check.isGood { self.good[check.pack] = check }
            case .failure(let error):
                if !isStopped { result.findings.append(VerificationFinding(error)) }
                isStopped = true
            }
        }
        for check in finished {
            result.coverage.packsRead += check.bytesRead > 0 ? 1 : 0
            result.coverage.bytesRead += check.bytesRead
            result.coverage.objectsOpened += check.objectsOpened
            result.coverage.bodyBytes += check.bodyBytes
        }
        return finished
    }

    private func packKeys() -> PackVerifier.Keys? {
        guard let keys = request.keys, let keyring = try? repository.keyring(keys), let idKey = try? keys.idKey else {
            return nil
        }
        return PackVerifier.Keys(idKey: idKey, listKey: keys.listKey, keyring: keyring)
    }

    /// With keys: what the damage hits, whether there are copies, and whether each snapshot is whole.
    private mutating func judge(_ checks: [PackCheck], _ ledger: Ledger, _ keys: RepositoryKeys) {
        let loaded = ObjectIndex.load(repository, ledger: ledger, listKey: keys.listKey, scope: .everybody)
        // Index objects whose bytes are wrong were reported with the small files.
        result.findings += loaded.faults.filter { $0.code != .damaged && $0.code != .missingObject }.map {
            VerificationFinding($0)
        }
        index = loaded.index
        let damaged = checks.filter { !$0.isGood }
        let precise = lookCloser(damaged)
        let lostPacks = Set(precise.filter { $0.isOpaque && !$0.isUnread }.map(\.pack))
        var lost = Set<ObjectID>()
        for check in precise {
            if check.isUnread {
                hasUnread = true
                result.findings += check.findings
                continue
            }
            let here = check.isOpaque ? Set(index.objects(in: check.pack)) : check.lost
            let gone = here.filter { !hasCopy($0, outside: check.pack, lostPacks) }
            lost.formUnion(gone)
            let hasCopies =
                !check.isOpaque && !here.isEmpty && gone.isEmpty
                || check.isOpaque && index.knows(check.pack) && gone.isEmpty
            result.findings += check.findings.map {
                VerificationFinding(
                    $0.error, pack: check.pack,
                    condition: hasCopies && $0.condition == .damaged ? .damagedWithCopy : $0.condition)
            }
        }
        judgeSnapshots(lost: lost, checks, ledger, keys)
    }

    /// A pack whose bytes changed is opened object by object, to tell which of them that hurts.
    private func lookCloser(_ damaged: [PackCheck]) -> [PackCheck] {
        guard request.level == .stored, let keys = packKeys() else { return damaged }
        let verifier = PackVerifier(storage: repository.storage, keys: keys)
        return damaged.map { verifier.lookCloser($0) }
    }

    private func hasCopy(_ id: ObjectID, outside pack: Digest, _ lostPacks: Set<Digest>) -> Bool {
        index.locations(of: id).contains { $0.pack != pack && !lostPacks.contains($0.pack) }
    }

    private mutating func judgeSnapshots(
        lost: Set<ObjectID>, _ checks: [PackCheck], _ ledger: Ledger, _ keys: RepositoryKeys
    ) {
        let catalog = repository.snapshots(keys, ledger: ledger)
        result.isJudged = true
        let reported = Set(result.findings.map(\.error.message))
        result.findings += catalog.faults.filter { !reported.contains($0.message) && $0.code != .damaged }.map {
            VerificationFinding($0)
        }
        let reader = try? repository.reader(keys, ledger: ledger).source
        var tracer = reader.map { DamageTracer(source: $0, lost: lost) }
        var good: [ObjectID: [ObjectLink]] = [:]
        if request.level == .content {
            for check in checks { good.merge(check.good) { first, _ in first } }
        }
        for snapshot in catalog.snapshots.reversed() {
            let verdict = judge(snapshot, lost: lost, good: good, &tracer)
            result.snapshots.append(Verification.SnapshotState(snapshot: snapshot, verdict: verdict))
        }
        if let tracer {
            result.hurt = tracer.hurt
            result.hurtCount = tracer.hurtCount
            result.findings += tracer.obstacles.map { VerificationFinding($0) }
        }
    }

    private mutating func judge(
        _ snapshot: Snapshot, lost: Set<ObjectID>, good: [ObjectID: [ObjectLink]], _ tracer: inout DamageTracer?
    ) -> Verdict {
        if request.level == .content, request.keys?.opensContent == true {
            return judgeContent(of: snapshot, hasLost: !lost.isEmpty, good: good, &tracer)
        }
        guard !lost.isEmpty else {
            return result.findings.isEmpty
                ? .holds : .notEstablished("not everything could be read")
        }
        guard tracer != nil else {
            return .notEstablished("only a reader can tell whether the damage hurts it")
        }
        let hurt = tracer?.trace(snapshot) ?? 0
        if hurt > 0 { return .doesNotHold("\(hurt) files or directories are hurt") }
        return hasUnread ? .notEstablished("not everything could be read") : .holds
    }

    private mutating func judgeContent(
        of snapshot: Snapshot, hasLost: Bool, good: [ObjectID: [ObjectLink]], _ tracer: inout DamageTracer?
    ) -> Verdict {
        let missing = Self.unreachable(from: snapshot.manifest.root, good: good)
        if missing == 0 { return .holds }
        let hurt = hasLost ? tracer?.trace(snapshot) ?? 0 : 0
        if hasUnread && hurt == 0 {
            return .notEstablished("\(missing) of its objects, or what they lead to, could not be read")
        }
        if !hasLost {
            result.findings.append(
                VerificationFinding(
                    RepositoryError(
                        .missingObject, "snapshot \(snapshot.id) refers to \(missing) objects that no pack holds",
                        hint: "an index, a log or a pack is missing: compare with a copy of the repository")))
        }
        return .doesNotHold("\(missing) of its objects do not open; \(hurt) files or directories are hurt")
    }

    /// How many objects a root reaches that did not come out right.
    private static func unreachable(from root: ObjectLink, good: [ObjectID: [ObjectLink]]) -> Int {
        var seen: Set<ObjectID> = [root.id]
        var open = [root]
        var missing = 0
        while let next = open.popLast() {
            guard let links = good[next.id] else {
                missing += 1
                continue
            }
            for link in links where seen.insert(link.id).inserted { open.append(link) }
        }
        return missing
    }
}

/// The names of what storage holds.
private struct Stored {
    let packs: [String]
    let snapshots: [String]

    init(_ repository: Repository) throws(RepositoryError) {
        packs = try repository.storage.list(StorageFolder.packs.path).filter { !$0.isFolder }.map(\.name)
        snapshots = try repository.storage.list(StorageFolder.snapshots.path).filter { !$0.isFolder }.map(\.name)
    }
}
