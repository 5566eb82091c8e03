internal import DRCrypto

/// What the state of the packs means for snapshots and their files.
extension VerificationRun {
    /// With keys: what the damage hits, whether there are copies, and whether each snapshot is whole.
    mutating func judge(_ checks: [PackCheck], _ ledger: Ledger, _ keys: RepositoryKeys) {
        if request.level == .structure { compareWithIndex(checks) }
        let precise = lookCloser(checks.filter { !$0.isGood })
        let lostPacks = Set(precise.filter { $0.isOpaque && !$0.isUnread }.map(\.pack))
        var lost = Set<ObjectID>()
        for check in precise {
            if check.isUnread {
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

    /// A reader finds objects by the index alone: it has to say what the packs' directories say.
    private mutating func compareWithIndex(_ checks: [PackCheck]) {
        // What an index object that is damaged would say is missing, and that was reported.
        guard indexFaults.isEmpty else { return }
        let indexed = Set(index.packs.map { IndexedBytes(pack: $0.name, bytes: $0.storedBytes) })
        for check in checks where check.isGood {
            let isWhole = indexed.contains(IndexedBytes(pack: check.pack, bytes: check.directoryBytes))
            guard check.objectsUnindexed > 0 || !isWhole else { continue }
            note(
                RepositoryError(
                    .damaged, "no index says what the directory of pack \(check.pack) says",
                    hint: "the pack itself is whole: its index has to be written anew from the directory"))
        }
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
        guard let catalog else { return }
        result.isJudged = true
        let reported = Set(result.findings.map(\.error.message))
        result.findings += catalog.faults.filter { !reported.contains($0.message) && $0.code != .damaged }.map {
            VerificationFinding($0)
        }
        let reader = try? repository.reader(keys, ledger: ledger).source
        var judge = SnapshotJudge(
            lost: lost, tracer: reader.map { DamageTracer(source: $0, lost: lost) },
            isWhole: result.findings.isEmpty && !result.isBudgetSpent,
            isReadWhole: !result.isBudgetSpent && !checks.contains(where: \.isUnread),
            readPacks: Set(checks.filter { !$0.isUnread }.map(\.pack)),
            isIndexUnread: indexFaults.contains { RepositoryCondition($0) == .notEstablished })
        if request.level.followsLinks {
            for check in checks { judge.good.merge(check.good) { first, _ in first } }
        }
        let follows = request.level == .structure || request.level == .content && keys.opensContent
        for snapshot in catalog.snapshots.reversed() where request.scope.contains(snapshot) {
            let (verdict, finding) = follows ? judge.byLinks(snapshot, index) : (judge.byPacks(snapshot), nil)
            if let finding { note(finding) }
            result.snapshots.append(Verification.SnapshotState(snapshot: snapshot, verdict: verdict))
        }
        if let tracer = judge.tracer {
            result.hurt = tracer.hurt
            result.hurtCount = tracer.hurtCount
            result.findings += tracer.obstacles.map { VerificationFinding($0) }
        }
    }
}

private struct IndexedBytes: Hashable {
    let pack: Digest
    let bytes: Int
}

/// Tells of snapshots whether everything that they need is there.
private struct SnapshotJudge {
    /// Objects that damage took, and that have no other place.
    let lost: Set<ObjectID>
    var tracer: DamageTracer?
    /// Everything was read, and nothing was found.
    let isWhole: Bool
    /// Every pack was read, damaged or not.
    let isReadWhole: Bool
    let readPacks: Set<Digest>
    /// A part of the index could not be read: what nothing names may lie there.
    let isIndexUnread: Bool
    /// Objects that are as they should be, with their links.
    var good: [ObjectID: [ObjectLink]] = [:]

    /// Where only whole packs were looked at.
    mutating func byPacks(_ snapshot: Snapshot) -> Verdict {
        if lost.isEmpty { return isWhole ? .holds : .notEstablished("not everything was read") }
        guard tracer != nil else {
            return .notEstablished("only a reader can tell whether the damage hurts it")
        }
        if let hurt = hurt(snapshot) { return .doesNotHold("\(hurt) files or directories are hurt") }
        return isReadWhole ? .holds : .notEstablished("not everything was read")
    }

    /// Where objects were looked at: from the root along the links.
    /// - Returns: the verdict; and a finding where objects are missing that no damage explains.
    mutating func byLinks(_ snapshot: Snapshot, _ index: ObjectIndex) -> (Verdict, RepositoryError?) {
        let (missing, unread) = reach(from: snapshot.manifest.root, index)
        if missing + unread == 0 { return (.holds, nil) }
        let hurt = lost.isEmpty ? nil : hurt(snapshot)
        guard missing > 0 || hurt != nil else {
            return (.notEstablished("\(unread) of its objects, or what they lead to, were not read"), nil)
        }
        let verdict = Verdict.doesNotHold(
            "\(missing) of its objects do not open; \(hurt ?? 0) files or directories are hurt")
        guard lost.isEmpty else { return (verdict, nil) }
        return (
            verdict,
            RepositoryError(
                .missingObject, "snapshot \(snapshot.id) refers to \(missing) objects that no pack holds",
                hint: "an index, a log or a pack is missing: compare with a copy of the repository")
        )
    }

    /// How much of a snapshot is hurt; nil for nothing.
    private mutating func hurt(_ snapshot: Snapshot) -> Int? {
        let count = tracer?.trace(snapshot) ?? 0
        return count > 0 ? count : nil
    }

    /// How many objects a root reaches that are not as they should be, and how many of which nothing is known.
    private func reach(from root: ObjectLink, _ index: ObjectIndex) -> (missing: Int, unread: Int) {
        var seen: Set<ObjectID> = [root.id]
        var open = [root]
        var (missing, unread) = (0, 0)
        while let next = open.popLast() {
            guard let links = good[next.id] else {
                let places = index.locations(of: next.id)
                let mayBeThere = places.isEmpty ? isIndexUnread : places.contains { !readPacks.contains($0.pack) }
                if mayBeThere { unread += 1 } else { missing += 1 }
                continue
            }
            for link in links where seen.insert(link.id).inserted { open.append(link) }
        }
        return (missing, unread)
    }
}
