import DRCrypto
import DRSystem
import Testing

@testable import DRRepository

/// A repository with a second domain, a writer and a pruner in it.
struct DomainFixture {
    let fixture: PruneFixture
    let slots = MemoryStorage { 0 }
    let reader: Identity
    let writerIdentity: Identity
    let prunerIdentity: Identity
    static let name = "customer-7"

    init(isShreddable: Bool = false) throws {
        fixture = try PruneFixture()
        let test = fixture.test
        let identity = try AgeIdentity.generate()
        let domain = try Repository(opening: test.storage, pinned: test.repository.id).addingDomain(
            Self.name, slots: isShreddable ? slots : nil,
            readers: [.recipient(try #require(identity.recipient?.text))], ownerFile: test.ownerFile, time: test.time)
        reader = try Identity.parse(try domain.identityFile(of: identity))
        let keys = try domain.unlock(reader)
        let writer = try domain.addingHost(
            "writer-7", keys: keys, ownerFile: test.ownerFile, time: test.time, keep: { _ in })
        writerIdentity = try Identity.parse(writer.writerFile)
        let pruner = try writer.repository.addingHost(
            "pruner-7", roles: [.pruner], keys: keys, ownerFile: test.ownerFile, time: test.time, keep: { _ in })
        prunerIdentity = try Identity.parse(pruner.writerFile)
    }

    var test: TestRepository { fixture.test }
    var storage: MemoryStorage { test.storage }

    func opened() throws -> Repository { try Repository(opening: storage, pinned: test.repository.id) }

    func domain(_ identity: Identity) throws -> Repository {
        try opened().keepingSlots(in: slots).choosing(domain: nil, for: identity)
    }

    @discardableResult
    func backUp(_ contents: [[UInt8]]) throws -> Snapshot {
        try test.backUp(
            contents, keys: try domain(writerIdentity).unlock(writerIdentity), domain: Self.name)
    }

    func prune(_ identity: Identity, last: Int) throws -> PruneResult {
        var request = PruneRequest()
        request.policy.last = last
        let repository = try domain(identity)
        return try repository.prune(request, keys: try repository.unlock(identity), time: test.time)
    }

    /// Every snapshot of a domain is whole.
    func expectWhole(_ identity: Identity, snapshots: Int, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let repository = try domain(identity)
        let verification = repository.verify(
            VerificationRequest(level: .content, keys: try repository.unlock(identity)))
        #expect(verification.findings.map(\.error.description) == [], sourceLocation: sourceLocation)
        #expect(verification.snapshots.count == snapshots, sourceLocation: sourceLocation)
        #expect(verification.snapshots.allSatisfy { $0.verdict == .holds }, sourceLocation: sourceLocation)
    }
}

@Suite struct DomainTests {
    private func contents(_ seeds: ClosedRange<UInt64>) -> [[UInt8]] { seeds.map { someBytes(30_000, seed: $0) } }
    private func firstReader(_ fixture: DomainFixture) throws -> Identity {
        try Identity.parse(fixture.test.identityFile)
    }

    @Test func domainsShareNothing() throws {
        let fixture = try DomainFixture()
        let one = try fixture.test.backUp(contents(1...5))
        let first = fixture.storage.names(in: .packs)
        let other = try fixture.backUp(contents(1...5))
        // The same content has another name, and is stored again: in one pack or two, as it falls.
        #expect(one.manifest.root.id != other.manifest.root.id)
        let packs = fixture.storage.names(in: .packs)
        #expect(packs.count > first.count)
        // Six of eight bits are random: no coder makes less of them.
        #expect(other.manifest.counts.bytesStored >= 5 * 30_000 * 6 / 8)
        try fixture.expectWhole(try firstReader(fixture), snapshots: 1)
        try fixture.expectWhole(fixture.reader, snapshots: 1)
        for (identity, name) in [(try firstReader(fixture), DomainFixture.name), (fixture.reader, "default")] {
            let repository = try fixture.opened().choosing(domain: name)
            #expect(#expect(throws: RepositoryError.self) { try repository.unlock(identity) }?.code == .wrongKey)
        }
        // Without a key it is about all of them.
        let all = try fixture.opened()
        #expect(all.isAboutAllDomains)
        let verification = all.verify(VerificationRequest(level: .stored))
        #expect(verification.findings.isEmpty)
        #expect(verification.coverage.packsExpected == packs.count)
        #expect(verification.coverage.packsUnlogged == 0)
    }

    @Test func aHostServesItsOwnDomainAlone() throws {
        let fixture = try DomainFixture()
        let keys = try fixture.domain(fixture.writerIdentity).unlock(fixture.writerIdentity)
        let error = #expect(throws: RepositoryError.self) { try fixture.test.backUp([[1]], keys: keys) }
        #expect(error?.code == .wrongKey)
        #expect(error?.message.contains("belongs to domain customer-7") == true)
        let named = #expect(throws: RepositoryError.self) {
            try fixture.opened().choosing(domain: "default", for: fixture.writerIdentity)
        }
        #expect(named?.code == .wrongKey)
        #expect(try fixture.domain(fixture.writerIdentity).domainName == DomainFixture.name)
    }

    @Test func aPruneLeavesOtherDomainsAlone() throws {
        let fixture = try DomainFixture()
        try fixture.test.backUp(contents(1...5))
        try fixture.test.backUp(contents(11...15))
        try fixture.backUp(contents(1...5))
        try fixture.backUp(contents(11...15))
        // Stored, and in no log yet: a backup of the other domain that runs.
        let underway = try fixture.domain(fixture.writerIdentity)
        let session = try WriteSession(
            underway, keys: try underway.unlock(fixture.writerIdentity), targetObjectBytes: 64 << 10,
            packsPerCheckpoint: 1000, time: fixture.test.time)
        for content in contents(21...40) {
            try session.sink.put(NewObject(chunk: content, id: session.sink.naming.chunkID(of: content.span)))
        }
        fixture.fixture.afterGrace()
        let first = try fixture.prune(fixture.fixture.prunerIdentity, last: 1)
        #expect(first.removed.count == 1)
        fixture.fixture.afterGrace()
        let second = try fixture.prune(fixture.fixture.prunerIdentity, last: 1)
        #expect(second.deleted.files == first.condemned.files && second.deleted.files > 0)
        try session.checkpoint()
        try fixture.expectWhole(try firstReader(fixture), snapshots: 1)
        try fixture.expectWhole(fixture.reader, snapshots: 2)
        #expect(try fixture.prune(fixture.prunerIdentity, last: 1).removed.count == 1)
        fixture.fixture.afterGrace()
        #expect(try fixture.prune(fixture.prunerIdentity, last: 1).deleted.files > 0)
        try fixture.expectWhole(try firstReader(fixture), snapshots: 1)
        try fixture.expectWhole(fixture.reader, snapshots: 1)
    }

    @Test func whatAPrunerSaysOfAnotherDomainIsNotBelieved() throws {
        let fixture = try DomainFixture()
        let snapshot = try fixture.test.backUp(contents(1...5))
        let repository = try fixture.domain(fixture.prunerIdentity)
        let keys = try repository.unlock(fixture.prunerIdentity)
        let names = fixture.storage.names(in: .packs).compactMap { path in
            path.split(separator: "/").last.flatMap { Digest(hex: String($0)) }
        }
        let log = try repository.prunerLog(keys, time: fixture.test.time)
        var acts = LogEntry.Prune()
        acts.snapshotsRemoved = [LogEntry.Reasoned(snapshot: snapshot.id, reason: "malice")]
        acts.condemned = names
        _ = try log.append("prune", run: try RunID(), after: try Ledger(reading: repository)) { $0.prune = acts }
        try fixture.expectWhole(try firstReader(fixture), snapshots: 1)
        let ledger = try Ledger(reading: try fixture.opened().choosing(domain: "default"))
        #expect(ledger.removals.condemned.isEmpty && ledger.removals.removed.isEmpty)
        // A backup that relies on these packs is not overtaken.
        try fixture.test.backUp(contents(1...5))
    }

    @Test func aDestroyedDomainTakesNothingElseWithIt() throws {
        let fixture = try DomainFixture(isShreddable: true)
        try fixture.test.backUp(contents(1...5))
        try fixture.backUp(contents(1...5))
        try fixture.expectWhole(fixture.reader, snapshots: 1)
        #expect(fixture.storage.names(in: .domains).allSatisfy { !$0.contains(DomainFixture.name) })
        #expect(fixture.slots.names(in: .domains).count == 4)
        // Without its slots' place nothing opens it, and nothing is said to be lost.
        let blind = try fixture.opened().choosing(domain: DomainFixture.name)
        #expect(#expect(throws: RepositoryError.self) { try blind.unlock(fixture.reader) }?.code == .missingKey)
        #expect(try fixture.opened().verify(VerificationRequest(level: .stored)).findings.isEmpty)
        let refused = #expect(throws: RepositoryError.self) {
            try blind.destroyingDomain(reason: nil, ownerFile: fixture.test.ownerFile, time: fixture.test.time)
        }
        #expect(refused?.code == .invalidArgument)
        let done = try blind.keepingSlots(in: fixture.slots).destroyingDomain(
            reason: "the contract ended", ownerFile: fixture.test.ownerFile, time: fixture.test.time)
        #expect(done.destruction.removed == 4 && done.destruction.left.isEmpty)
        #expect(fixture.slots.names(in: .domains).isEmpty)
        let error = #expect(throws: RepositoryError.self) {
            let repository = try fixture.domain(fixture.writerIdentity)
            _ = try repository.unlock(fixture.writerIdentity)
        }
        #expect(error?.code == .wrongKey)
        try fixture.test.backUp(contents(1...5))
        try fixture.expectWhole(try firstReader(fixture), snapshots: 2)
        let again = #expect(throws: RepositoryError.self) {
            try fixture.opened().addingDomain(
                DomainFixture.name, readers: [.recipient(try #require(AgeIdentity.generate().recipient?.text))],
                ownerFile: fixture.test.ownerFile, time: fixture.test.time)
        }
        #expect(again?.code == .invalidArgument)
    }

    /// Hosts of a domain that was given up can still sign: they can be revoked, and the chain stays one that opens.
    @Test func aHostOfADestroyedDomainIsRevoked() throws {
        let fixture = try DomainFixture()
        try fixture.test.backUp(contents(1...3))
        let destroyed = try fixture.opened().choosing(domain: DomainFixture.name).destroyingDomain(
            reason: nil, ownerFile: fixture.test.ownerFile, time: fixture.test.time
        ).repository
        _ = try destroyed.revokingHost(
            "writer-7", reason: "gone", ownerFile: fixture.test.ownerFile, time: fixture.test.time)
        try fixture.expectWhole(try firstReader(fixture), snapshots: 1)
        #expect(try fixture.opened().config.hosts.count == 4)
    }

    /// What the chain does not take is refused before it is stored: stored, it would lock everybody out.
    @Test func whatDoesNotFitIsNotStored() throws {
        let fixture = try DomainFixture()
        let repository = try fixture.opened()
        let owner = try repository.owner(fixture.test.ownerFile)
        let entries = fixture.storage.names(in: .config)
        let slot = try #require(repository.slots.first)
        for act in [
            ConfigAct.domainDestroyed(DomainDestruction(domain: "none", reason: nil)),
            .slotRemoved(SlotRemoval(domain: DomainFixture.name, file: slot.file, label: "", reason: nil)),
        ] {
            let error = #expect(throws: RepositoryError.self) { try repository.adding(act, owner, fixture.test.time) }
            #expect(error?.code == .internalFault)
            #expect(fixture.storage.names(in: .config) == entries)
        }
        #expect(try fixture.opened().config.head.number == UInt64(entries.count))
    }

    @Test func aReaderOfSeveralDomainsIsAskedWhich() throws {
        let fixture = try DomainFixture()
        let identity = try AgeIdentity.generate()
        let recipient = try #require(identity.recipient?.text)
        for name in ["second", "third"] {
            _ = try fixture.opened().addingDomain(
                name, readers: [.recipient(recipient)], ownerFile: fixture.test.ownerFile, time: fixture.test.time)
        }
        let both = try Identity.parse(try fixture.opened().identityFile(of: identity))
        let error = #expect(throws: RepositoryError.self) { try fixture.opened().choosing(domain: nil, for: both) }
        #expect(error?.message.hasSuffix("second, third") == true)
        #expect(try fixture.opened().choosing(domain: "third", for: both).domainName == "third")
        let unknown = #expect(throws: RepositoryError.self) { try fixture.opened().choosing(domain: "no", for: both) }
        #expect(unknown?.hint.contains("customer-7") == true)
        // Nobody's: every domain says why.
        let nobody = try Identity.parse(try fixture.opened().identityFile(of: try AgeIdentity.generate()))
        let none = #expect(throws: RepositoryError.self) { try fixture.opened().choosing(domain: nil, for: nobody) }
        #expect(none?.code == .wrongKey)
        #expect(["default:", "customer-7:", "second:"].allSatisfy { none?.message.contains($0) == true })
    }

    @Test(arguments: ["", "Upper", "a/b", "..", "-x", "a b", "é", String(repeating: "x", count: 65)])
    func whatIsNoNameIsRefused(name: String) throws {
        let test = try TestRepository()
        let error = #expect(throws: RepositoryError.self) {
            try test.repository.addingDomain(
                name, readers: [.recipient(try #require(AgeIdentity.generate().recipient?.text))],
                ownerFile: test.ownerFile, time: test.time)
        }
        #expect(error?.code == .invalidArgument)
        #expect(test.storage.names(in: .config).count == 3)
    }
}
