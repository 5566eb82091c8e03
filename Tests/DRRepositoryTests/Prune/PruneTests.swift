import DRCrypto
import DRSystem
import Testing

@testable import DRRepository

/// A repository with a pruner, and what is asked of it.
struct PruneFixture {
    let test: TestRepository
    let pruner: RepositoryKeys
    let prunerIdentity: Identity

    static let graceHours: Int64 = 24

    init() throws {
        test = try TestRepository()
        let enrolled = try test.repository.addingHost(
            "pruner", roles: [.pruner], keys: test.keys, ownerFile: test.ownerFile, time: test.time, keep: { _ in })
        prunerIdentity = try Identity.parse(enrolled.writerFile)
        pruner = try enrolled.repository.unlock(prunerIdentity)
    }

    var storage: MemoryStorage { test.storage }

    /// - Parameter last: how many snapshots of each dataset are kept; nil keeps all.
    @discardableResult
    func prune(
        last: Int? = nil, through other: (any Storage)? = nil, change: (inout PruneRequest) -> Void = { _ in }
    ) throws -> PruneResult {
        var request = PruneRequest()
        if let last { request.policy.last = last }
        change(&request)
        let repository = try Repository(opening: other ?? storage, pinned: test.repository.id)
        return try repository.prune(request, keys: try repository.unlock(prunerIdentity), time: test.time)
    }

    func afterGrace() { test.time.advance(hours: Self.graceHours + 1) }

    /// Everything that a snapshot counts as is there, to the last byte.
    func expectWhole(_ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let (repository, keys) = try test.reopened()
        let verification = repository.verify(VerificationRequest(level: .content, keys: keys))
        #expect(
            verification.findings.map(\.error.description) == [], comment, sourceLocation: sourceLocation)
        #expect(
            verification.snapshots.allSatisfy { $0.verdict == .holds }, comment, sourceLocation: sourceLocation)
    }

    func snapshots() throws -> [Digest] {
        let (repository, keys) = try test.reopened()
        return repository.snapshots(keys, ledger: try Ledger(reading: repository)).snapshots.map(\.id)
    }
}

@Suite struct PruneTests {
    private func contents(_ seeds: ClosedRange<UInt64>, bytes: Int = 40_000) -> [[UInt8]] {
        seeds.map { someBytes(bytes, seed: $0) }
    }

    @Test func whatKilledCommandsLeftHalfWrittenGoesAfterADay() throws {
        let fixture = try PruneFixture()
        try fixture.test.backUp(contents(1...3))
        let left = ["packs/.a1.2.tmp", "indexes/.b1.2.tmp", "snapshots/.c1.2.tmp"]
        for name in left { try fixture.storage.put([1, 2, 3], at: StoragePath(name)) }
        #expect(try fixture.prune { $0.graceNanoseconds = 1 }.unfinished.files == 0)
        fixture.afterGrace()
        try fixture.storage.put([4], at: StoragePath("packs/.being-written.tmp"))
        // A longer grace period is kept to.
        #expect(try fixture.prune { $0.graceNanoseconds = .max }.unfinished.files == 0)
        let trial = try fixture.prune {
            $0.graceNanoseconds = 1
            $0.isTrial = true
        }
        #expect(trial.unfinished.files == 3)
        #expect(Set(left).isSubset(of: fixture.storage.names))
        let result = try fixture.prune { $0.graceNanoseconds = 1 }
        #expect(result.unfinished.files == 3)
        #expect(result.unfinished.bytes == 9)
        #expect(fixture.storage.names.filter { $0.contains("/.") } == ["packs/.being-written.tmp"])
        try fixture.expectWhole()
    }

    @Test func whatARemovedSnapshotNeededGoesAfterTheGracePeriod() throws {
        let fixture = try PruneFixture()
        try fixture.test.backUp(contents(1...10))
        let kept = try fixture.test.backUp(contents(100...110))
        fixture.afterGrace()
        let packs = fixture.storage.names(in: .packs).count
        let first = try fixture.prune(last: 1)
        #expect(first.removed.count == 1 && first.condemned.files > 0 && first.deleted.files == 0)
        #expect(fixture.storage.names(in: .packs).count == packs)
        #expect(try fixture.snapshots() == [kept.id])
        // Not before its time.
        #expect(try fixture.prune(last: 1).deleted.files == 0)
        fixture.afterGrace()
        let second = try fixture.prune(last: 1)
        #expect(second.deleted.files == first.condemned.files && second.condemned.files == 0)
        #expect(fixture.storage.names(in: .packs).count == packs - first.condemned.files)
        #expect(fixture.storage.names(in: .snapshots).count == 1)
        try fixture.expectWhole()
        #expect(try fixture.prune(last: 1).deleted.files == 0)
    }

    @Test func whatIsStillSharedStays() throws {
        let fixture = try PruneFixture()
        try fixture.test.backUp(contents(1...10))
        let kept = try fixture.test.backUp(contents(1...9) + contents(50...50))
        for _ in 0..<4 {
            fixture.afterGrace()
            try fixture.prune(last: 1)
        }
        #expect(try fixture.snapshots() == [kept.id])
        try fixture.expectWhole()
    }

    /// A pack with little of use in it is rewritten without being opened, and its host goes on using what was moved.
    @Test func sparsePacksAreRewritten() throws {
        let fixture = try PruneFixture()
        try fixture.test.backUp(contents(1...40))
        let kept = try fixture.test.backUp(contents(1...3))
        fixture.afterGrace()
        let result = try fixture.prune(last: 1)
        #expect(result.rewritten.files > 0 && result.rewrittenInto.bytes < result.rewritten.bytes)
        fixture.afterGrace()
        try fixture.prune(last: 1)
        try fixture.expectWhole()
        #expect(try fixture.snapshots() == [kept.id])
        let packs = fixture.storage.names(in: .packs).count
        let again = try fixture.test.backUp(contents(1...3))
        #expect(again.manifest.root == kept.manifest.root)
        #expect(fixture.storage.names(in: .packs).count == packs)
    }

    /// What another host stores under the same ids replaces nothing, even where it comes first.
    @Test func anotherHostsCopyReplacesNothing() throws {
        let fixture = try PruneFixture()
        let enrolled = try fixture.test.reopened().repository.addingHost(
            "beta", keys: fixture.test.keys, ownerFile: fixture.test.ownerFile, time: fixture.test.time, keep: { _ in })
        let beta = try enrolled.repository.unlock(try Identity.parse(enrolled.writerFile))
        try fixture.test.backUp(contents(1...10), dataset: "beta", keys: beta)
        try fixture.test.backUp(contents(1...10), dataset: "alpha")
        for _ in 0..<3 {
            fixture.afterGrace()
            try fixture.prune(last: 1)
        }
        let (repository, _) = try fixture.test.reopened()
        let ledger = try Ledger(reading: repository)
        #expect(Set(ledger.packs.map(\.signer)).count == 2, "each host keeps its own")
        try fixture.expectWhole()
    }

    @Test func whatNoLogNamesGoesToo() throws {
        let fixture = try PruneFixture()
        try fixture.test.backUp(contents(1...3))
        for folder in [StorageFolder.packs, .indexes, .snapshots] {
            let bytes = someBytes(70_000, seed: 7)
            fixture.storage["\(folder.rawValue)/\(Digest.of(bytes + Array(folder.rawValue.utf8)).hex)"] = bytes
        }
        fixture.afterGrace()
        #expect(try fixture.prune().condemned.files == 3)
        fixture.afterGrace()
        #expect(try fixture.prune().deleted.files == 3)
        #expect(fixture.storage.names(in: .snapshots).count == 1)
        try fixture.expectWhole()
    }

    @Test func aTrialChangesNothing() throws {
        let fixture = try PruneFixture()
        try fixture.test.backUp(contents(1...10))
        try fixture.test.backUp(contents(20...30))
        fixture.afterGrace()
        let before = fixture.storage.names
        let trial = try fixture.prune(last: 1) { $0.isTrial = true }
        #expect(trial.removed.count == 1 && trial.condemned.files > 0)
        #expect(fixture.storage.names == before)
        #expect(try fixture.prune(last: 1).condemned == trial.condemned)
    }

    /// Never a failed listing for an empty one, never something broken for something unneeded.
    @Test(arguments: ["packs", "indexes", "snapshots", "logs", "directory", "index", "snapshot", "log"])
    func nothingIsPrunedOfWhatIsNotWhole(what: String) throws {
        let fixture = try PruneFixture()
        try fixture.test.backUp(contents(1...10))
        try fixture.test.backUp(contents(20...30))
        fixture.afterGrace()
        switch what {
        case "packs", "indexes", "snapshots", "logs": fixture.storage.makeUnlistable(what)
        case "directory": fixture.storage[fixture.storage.names(in: .packs)[0]]?.removeLast()
        case "index": fixture.storage[fixture.storage.names(in: .indexes)[0]] = nil
        case "snapshot": fixture.storage[fixture.storage.names(in: .snapshots)[0]]?[20] ^= 1
        default: fixture.storage[fixture.storage.names(in: .logs)[0]] = nil
        }
        let before = fixture.storage.names
        #expect(throws: RepositoryError.self) { try fixture.prune(last: 1) }
        #expect(fixture.storage.names == before)
    }

    @Test func onlyAPrunerPrunes() throws {
        let fixture = try PruneFixture()
        try fixture.test.backUp(contents(1...3))
        let error = #expect(throws: RepositoryError.self) {
            _ = try fixture.test.repository.prune(PruneRequest(), keys: fixture.test.keys, time: fixture.test.time)
        }
        #expect(error?.code == .missingKey)
        // And a writer's entry that says so anyway is not believed.
        let (repository, keys) = try fixture.test.reopened()
        let log = LogWriter(repository: repository, key: try #require(keys.signingKey), time: fixture.test.time)
        var acts = LogEntry.Prune()
        acts.snapshotsRemoved = [LogEntry.Reasoned(snapshot: try fixture.snapshots()[0], reason: "mine")]
        _ = try log.append("prune", run: try RunID(), after: try Ledger(reading: repository)) { $0.prune = acts }
        let ledger = try Ledger(reading: repository)
        #expect(ledger.faults.map(\.code) == [.notAuthentic])
        #expect(ledger.snapshots.count == 1)
    }

    /// A pruner opens no content: the epoch's key is nowhere in what it holds.
    @Test func aPrunerOpensNoContent() throws {
        let fixture = try PruneFixture()
        try fixture.test.backUp(contents(1...3))
        #expect(!fixture.pruner.opensContent)
        let (repository, _) = try fixture.test.reopened()
        let error = #expect(throws: RepositoryError.self) {
            _ = try repository.reader(fixture.pruner, ledger: try Ledger(reading: repository))
        }
        #expect(error?.code == .missingKey)
    }

    @Test func aPinnedSnapshotStaysUntilItIsReleased() throws {
        let fixture = try PruneFixture()
        let old = try fixture.test.backUp(contents(1...3))
        try fixture.test.backUp(contents(20...23))
        fixture.afterGrace()
        let repository = try Repository(opening: fixture.storage, pinned: fixture.test.repository.id)
        let (pruner, time) = (fixture.pruner, fixture.test.time)
        try repository.pinSnapshot(old.id, reason: "case 7", keys: pruner, time: time)
        #expect(try fixture.prune(last: 1).removed == [])
        let error = #expect(throws: RepositoryError.self) {
            try repository.removeSnapshot(old.id, reason: "no", keys: pruner, time: time)
        }
        #expect(error?.message.contains("case 7") == true)
        try repository.unpinSnapshot(old.id, reason: "closed", keys: pruner, time: time)
        #expect(try fixture.prune(last: 1).removed == [old.id])
    }

    /// What is lost for good stands in the way of a prune until somebody removes it.
    @Test func aSnapshotThatDoesNotOpenCanBeRemoved() throws {
        let fixture = try PruneFixture()
        let broken = try fixture.test.backUp(contents(1...3))
        let kept = try fixture.test.backUp(contents(20...23))
        fixture.storage["snapshots/\(broken.id.hex)"] = nil
        #expect(throws: RepositoryError.self) { try fixture.prune() }
        let repository = try Repository(opening: fixture.storage, pinned: fixture.test.repository.id)
        try repository.removeSnapshot(broken.id, reason: "lost", keys: fixture.pruner, time: fixture.test.time)
        fixture.afterGrace()
        #expect(try fixture.prune().condemned.files > 0)
        #expect(try fixture.snapshots() == [kept.id])
    }

    /// A restore that is under way finds what was moved, and is told of what was removed: neither is damage.
    @Test func aReaderRereadsTheLogsBeforeItCallsAPackLost() throws {
        let fixture = try PruneFixture()
        let removed = try fixture.test.backUp(contents(1...40))
        let kept = try fixture.test.backUp(contents(1...3))
        let reader = try fixture.test.reader()
        fixture.afterGrace()
        #expect(try fixture.prune(last: 1).rewritten.files > 0)
        fixture.afterGrace()
        #expect(try fixture.prune(last: 1).deleted.files > 0)
        let root = try reader.read(kept.manifest.root)
        for link in root.links { #expect(throws: Never.self) { try reader.read(link) } }
        let error = #expect(throws: RepositoryError.self) {
            try fixture.test.reader().read(removed.manifest.root)
        }
        #expect(error?.code == .missingObject)
    }

    @Test func aReaderOfWhatWasRemovedMeanwhileIsToldSo() throws {
        let fixture = try PruneFixture()
        let removed = try fixture.test.backUp(contents(1...40))
        try fixture.test.backUp(contents(50...90))
        let reader = try fixture.test.reader()
        fixture.afterGrace()
        try fixture.prune(last: 1)
        fixture.afterGrace()
        #expect(try fixture.prune(last: 1).deleted.files > 0)
        let error = #expect(throws: RepositoryError.self) { try reader.read(removed.manifest.root) }
        #expect(error?.code == .overtaken)
    }
}
