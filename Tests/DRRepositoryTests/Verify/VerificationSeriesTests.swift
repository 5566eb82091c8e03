import DRCrypto
import DRSystem
import SystemPackage
import Testing

@testable import DRRepository

/// A repository of several packs, with a verifier that has no keys.
struct VerifierFixture {
    let test: TestRepository
    let verifier: Identity

    init() throws {
        test = try TestRepository()
        let enrolled = try test.repository.addingHost(
            "auditor", roles: [.verifier], keys: test.keys, ownerFile: test.ownerFile, time: test.time, keep: { _ in })
        verifier = try Identity.parse(enrolled.writerFile)
    }

    /// A backup that fills at least two packs of its own.
    @discardableResult
    func backUp(_ seed: UInt64, dataset: String = "data") throws -> Snapshot {
        let snapshot = try test.backUp(
            (0..<3).map { _ in try randomBytes(300_000) }, dataset: dataset)
        test.time.advance(hours: 1)
        return snapshot
    }

    func verify(
        _ level: VerificationLevel = .stored, scope: VerificationScope = VerificationScope(),
        as recorder: Identity? = nil, withKeys: Bool = false, budget: VerificationSeries.Budget? = nil,
        reread: Int64? = nil, unrecorded: [ReadRecord] = [], in other: MemoryStorage? = nil
    ) throws -> Verification {
        let (repository, keys) = try test.reopened(other)
        return repository.verify(
            VerificationRequest(
                level: level, scope: scope, keys: withKeys ? keys : nil,
                series: VerificationSeries(
                    time: test.time, budget: budget, rereadNanoseconds: reread, recorder: recorder,
                    unrecorded: unrecorded)))
    }

    func ledger() throws -> Ledger { try Ledger(reading: try test.reopened().repository) }
}

/// Verifications one after the other: what each reads, says that it read, and leaves to the next.
@Suite struct VerificationSeriesTests {
    static let hour: Int64 = 3_600_000_000_000

    @Test func aVerifierNeedsNoKeysAndItsReadingCounts() throws {
        let fixture = try VerifierFixture()
        try fixture.backUp(1)
        let (repository, _) = try fixture.test.reopened()
        #expect(try repository.unlockIfKeyed(fixture.verifier) == nil)
        let found = try fixture.verify(as: fixture.verifier)
        #expect(found.verdict == .holds)
        let coverage = try #require(found.readCoverage)
        #expect(coverage.packsStored > 1 && coverage.packsRead == coverage.packsStored)
        #expect(coverage.bytesRead == coverage.bytesStored)
        #expect(coverage.isWithin(Self.hour))
        #expect(found.record?.counter == 1)
        // One range says it, however many packs there are.
        let verified = try #require(fixture.ledger().logs.flatMap(\.entries).compactMap(\.verified).first)
        #expect(verified.packs.map(\.count) == [coverage.packsStored])
    }

    /// The owner's machine writes, so what it reads itself counts as nothing, and is refused where it should count.
    @Test func aWritersOwnReadingDoesNotCount() throws {
        let fixture = try VerifierFixture()
        try fixture.backUp(1)
        let writer = try Identity.parse(fixture.test.identityFile)
        #expect(try fixture.verify().readCoverage?.packsRead == 0)
        let found = try fixture.verify(as: writer)
        #expect(found.conditions == [.keyMissing])
        #expect(found.readCoverage?.packsRead == 0)
        #expect(try fixture.ledger().logs.flatMap(\.entries).allSatisfy { $0.verified == nil })
    }

    /// Each run reads one pack: never one twice before all were read once, the newest first, and then on and on.
    @Test(arguments: [true, false])
    func aBudgetIsTakenUpWhereItEnded(recorded: Bool) throws {
        let fixture = try VerifierFixture()
        for seed in 1...3 { try fixture.backUp(UInt64(seed)) }
        let packs = try fixture.ledger().packs
        let entries = try fixture.ledger().logs.flatMap(\.entries)
        let newest = Set(try #require(entries.last { !$0.packsAdded.isEmpty }).packsAdded.map(\.name))
        var own: [ReadRecord] = []
        var order: [Digest] = []
        for run in 0..<(packs.count * 2) {
            fixture.test.time.advance(hours: 1)
            let found = try fixture.verify(
                as: recorded ? fixture.verifier : nil, budget: .bytes(1), unrecorded: own)
            #expect(found.findings.isEmpty && found.isBudgetSpent == (packs.count > 2))
            let record = try #require(found.read)
            if !recorded { own.append(record) }
            let numbers = PackNumbers(try fixture.ledger())
            let read = record.packs.flatMap { numbers.packs(in: $0) }
            // Two threads may begin one each before either is done.
            #expect((1...2).contains(read.count))
            order += read
            if run == 0 { #expect(Set(read).isSubset(of: newest)) }
            if !recorded { #expect(found.readCoverage?.packsRead == 0) }
        }
        let firstRound = order.prefix(packs.count)
        #expect(Set(firstRound).count >= packs.count - 1)
        #expect(Set(order).count == packs.count)
        guard recorded else { return }
        #expect(try fixture.verify(.structure, withKeys: true).readCoverage?.packsRead == packs.count)
    }

    @Test func whatIsOverdueTakesTurnsWithWhatIsNew() throws {
        let fixture = try VerifierFixture()
        try fixture.backUp(1)
        _ = try fixture.verify(as: fixture.verifier)
        fixture.test.time.advance(hours: 100)
        try fixture.backUp(2)
        let ledger = try fixture.ledger()
        let (repository, _) = try fixture.test.reopened()
        let history = ReadHistory(ledger, of: repository)
        let old = ledger.packs.filter { history.lastRead[$0.name] != nil }
        let new = ledger.packs.filter { history.lastRead[$0.name] == nil }
        #expect(old.count > 1 && new.count > 1)
        let stored = VerificationRun.storedTimes(ledger, [:])
        func order(_ reread: Int64?) -> [Bool] {
            ReadingOrder(history, stored: stored, now: fixture.test.time.now, rereadNanoseconds: reread)(ledger.packs)
                .map { pack in old.contains(pack) }
        }
        #expect(order(nil) == new.map { _ in false } + old.map { _ in true })
        #expect(order(50 * Self.hour).prefix(4) == [true, false, true, false])
        #expect(order(200 * Self.hour) == order(nil))
    }

    @Test func theOldestUnreadByteAges() throws {
        let fixture = try VerifierFixture()
        try fixture.backUp(1)
        _ = try fixture.verify(as: fixture.verifier)
        fixture.test.time.advance(hours: 10)
        let (repository, _) = try fixture.test.reopened()
        func coverage() throws -> ReadCoverage {
            let ledger = try fixture.ledger()
            return ReadCoverage(
                of: ledger.packs, ReadHistory(ledger, of: repository), stored: VerificationRun.storedTimes(ledger, [:]),
                now: fixture.test.time.now)
        }
        #expect(try coverage().isWithin(11 * Self.hour))
        #expect(try !coverage().isWithin(9 * Self.hour))
        // What is new waits since it was stored.
        try fixture.backUp(2)
        fixture.test.time.advance(hours: 2)
        #expect(try coverage().packsRead < coverage().packsStored)
        #expect(try coverage().isWithin(14 * Self.hour))
        #expect(try !coverage().isWithin(2 * Self.hour))
    }

    /// A writer whose clock runs ahead does not make what it stored look fresh.
    @Test func anAgeFromTheFutureIsNotKnown() throws {
        let fixture = try VerifierFixture()
        try fixture.backUp(1)
        let packs = try fixture.ledger().packs
        let (repository, _) = try fixture.test.reopened()
        let coverage = ReadCoverage(
            of: packs, ReadHistory(try fixture.ledger(), of: repository),
            stored: Dictionary(uniqueKeysWithValues: packs.map { ($0.name, fixture.test.time.now + Self.hour) }),
            now: fixture.test.time.now)
        #expect(coverage.packsOfUnknownAge == packs.count)
        #expect(!coverage.isWithin(.max))
    }

    @Test func whatIsDamagedIsNotRecordedAsRead() throws {
        let fixture = try VerifierFixture()
        try fixture.backUp(1)
        let packs = try fixture.ledger().packs
        var bytes = try #require(fixture.test.storage[StoragePath.pack(packs[0].name).text])
        bytes[1000] ^= 1
        fixture.test.storage[StoragePath.pack(packs[0].name).text] = bytes
        let found = try fixture.verify(as: fixture.verifier)
        #expect(found.conditions == [.damaged])
        #expect(found.readCoverage?.packsRead == packs.count - 1)
        #expect(found.record != nil)
    }

    /// Ranges go on over what is deleted, say exactly what they were given, and outlast deletions.
    @Test func packsKeepTheirNumbers() throws {
        let fixture = try PruneFixture()
        func contents() throws -> [[UInt8]] { try (0..<3).map { _ in try randomBytes(300_000) } }
        try fixture.test.backUp(try contents())
        try fixture.test.backUp(try contents())
        let (repository, _) = try fixture.test.reopened()
        let before = try Ledger(reading: repository)
        let all = before.packs.map(\.name)
        let numbers = PackNumbers(before)
        for mask in 1..<(1 << min(all.count, 8)) {
            let some = Set(all.enumerated().filter { mask >> $0.offset & 1 == 1 }.map(\.element))
            #expect(Set(numbers.ranges(of: some).flatMap { numbers.packs(in: $0) }) == some)
        }
        fixture.afterGrace()
        try fixture.prune(last: 1)
        fixture.afterGrace()
        try fixture.prune(last: 1)
        let after = try Ledger(reading: repository)
        #expect(after.packs.count < before.packs.count)
        let later = PackNumbers(after)
        let first = try #require(before.logs.first { !$0.entries.flatMap(\.packsAdded).isEmpty })
        let range = PackRange(signer: first.signer, first: 0, count: all.count)
        #expect(Array(later.packs(in: range)) == Array(numbers.packs(in: range)))
        #expect(later.packs(in: PackRange(signer: first.signer, first: -1, count: 3)).isEmpty)
        #expect(later.packs(in: PackRange(signer: first.signer, first: all.count + 1, count: 3)).isEmpty)
        #expect(later.packs(in: PackRange(signer: first.signer, first: 0, count: .max)).count >= all.count)
    }

    /// A verifier without keys makes snapshots verified, once it has read everything that they could need.
    @Test func whatAKeylessVerifierReadVerifiesSnapshots() throws {
        let fixture = try VerifierFixture()
        let first = try fixture.backUp(1)
        let (repository, _) = try fixture.test.reopened()
        func verified() throws -> Set<Digest> {
            let ledger = try fixture.ledger()
            return ReadHistory(ledger, of: repository).verifiedSnapshots(ledger, of: repository)
        }
        #expect(try verified().isEmpty)
        _ = try fixture.verify(as: fixture.verifier)
        let second = try fixture.backUp(2)
        #expect(try verified() == [first.id])
        _ = try fixture.verify(as: fixture.verifier)
        #expect(try verified() == [first.id, second.id])
    }

    // MARK: Scope and structure

    @Test(arguments: VerificationLevel.allCases)
    func aChoiceReadsWhatItNeedsAndNoMore(level: VerificationLevel) throws {
        let fixture = try VerifierFixture()
        let other = try fixture.backUp(1, dataset: "other")
        let mine = try fixture.backUp(2, dataset: "mine")
        let everything = try fixture.ledger().packs.count
        let scopes = [
            VerificationScope(dataset: "mine"), VerificationScope(snapshots: [mine.id]),
            VerificationScope(since: mine.manifest.startedNanoseconds),
        ]
        for scope in scopes {
            let found = try fixture.verify(level, scope: scope, withKeys: true)
            #expect(found.verdict == .holds)
            #expect(found.snapshots.map(\.snapshot.id) == [mine.id])
            #expect(found.coverage.packsExpected > 0 && found.coverage.packsExpected < everything)
        }
        // Damage elsewhere is not what was asked about; damage here is.
        let packs = try fixture.ledger().packs
        let copy = fixture.test.storage.copy()
        copy[StoragePath.pack(packs[0].name).text] = nil
        #expect(
            try fixture.verify(level, scope: VerificationScope(dataset: "mine"), withKeys: true, in: copy).verdict
                == .holds)
        let hit = try fixture.verify(level, scope: VerificationScope(snapshots: [other.id]), withKeys: true, in: copy)
        #expect(hit.conditions.first == .damaged)
        let none = try fixture.verify(level, scope: VerificationScope(dataset: "unknown"), withKeys: true)
        #expect(none.conditions == [.notEstablished])
        let keyless = try fixture.verify(.stored, scope: VerificationScope(dataset: "mine"))
        #expect(keyless.conditions == [.keyMissing] && keyless.coverage.packsExpected == everything)
    }

    @Test func structureFindsWhatIsMissingAndReadsNoBody() throws {
        let fixture = try VerifierFixture()
        try fixture.backUp(1)
        let whole = try fixture.verify(.structure, withKeys: true)
        #expect(whole.verdict == .holds && whole.read == nil)
        #expect(whole.coverage.bytesRead < whole.coverage.bytesExpected / 4)
        #expect(try fixture.verify(.structure).conditions == [.keyMissing])
        for pack in try fixture.ledger().packs {
            let path = StoragePath.pack(pack.name).text
            let bytes = try #require(fixture.test.storage[path])
            var changed = bytes
            changed[bytes.count - 1] ^= 1
            for harmed in [nil, Array(bytes.dropLast(64 << 10)), changed] as [[UInt8]?] {
                let copy = fixture.test.storage.copy()
                copy[path] = harmed
                let found = try fixture.verify(.structure, withKeys: true, in: copy)
                #expect(found.conditions.first == .damaged)
                #expect(!found.snapshots.contains { $0.verdict == .holds })
            }
        }
    }

    /// A pruner's or writer's index that leaves out what the directory has: nobody would find it.
    @Test func structureComparesTheIndexWithTheDirectories() throws {
        let fixture = try VerifierFixture()
        try fixture.backUp(1)
        let (repository, keys) = try fixture.test.reopened()
        var run = VerificationRun(
            repository: repository, request: VerificationRequest(level: .structure, keys: keys))
        run.run()
        #expect(run.result.findings.isEmpty)
        let pack = try #require(fixture.ledger().packs.first)
        var check = PackVerifier(
            storage: fixture.test.storage,
            keys: PackVerifier.Keys(keys: keys, keyring: nil), index: ObjectIndex()
        ).check(pack, .structure)
        #expect(check.objectsUnindexed == check.good.count && check.isGood)
        check.objectsUnindexed = 0
        check.directoryBytes -= 1
        run.judge([check], try fixture.ledger(), keys)
        #expect(run.result.findings.count { $0.error.message.contains("no index says") } == 1)
    }

    // MARK: What is kept beside the repository

    @Test func whatWasReadIsRememberedAndAnUnreadableFileIsNothing() throws {
        let tree = try TemporaryTree()
        let file = ReadRecordFile(at: tree.path.appending("state").appending("reads.json"))
        #expect(file.read() == [])
        let signer = SignerID(Digest.of([1]))
        let record = ReadRecord(
            startedNanoseconds: 5, packs: [PackRange(signer: signer, first: 0, count: 3)])
        try file.add(record)
        try file.add(record)
        #expect(file.read() == [record, record])
        for _ in 0..<500 { try file.add(record) }
        #expect(file.read().count == 400)
        try DurableFile.replace(at: file.path, with: Array("{".utf8))
        #expect(file.read() == [])
    }
}
