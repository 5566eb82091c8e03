import DRCrypto
import Testing

@testable import DRRepository

/// What verification must say about each way in which a repository can be wrong.
@Suite struct VerificationTests {
    /// The levels that read every byte.
    static let readingLevels: [VerificationLevel] = [.stored, .content]

    static let contents = [someBytes(40_000, seed: 1), someBytes(30_000, seed: 2), someBytes(9, seed: 3)]

    static func verify(
        _ test: TestRepository, _ storage: MemoryStorage, level: VerificationLevel, withKeys: Bool = true,
        anchor: Anchor? = nil
    ) throws -> Verification {
        let (repository, keys) = try test.reopened(storage)
        return repository.verify(
            VerificationRequest(level: level, keys: withKeys ? keys : nil, anchors: anchor.map { [$0] } ?? []))
    }

    @Test(arguments: VerificationLevel.allCases)
    func aWholeRepositoryHolds(level: VerificationLevel) throws {
        let test = try TestRepository()
        try test.backUp(Self.contents)
        let found = try Self.verify(test, test.storage, level: level)
        #expect(found.verdict == .holds)
        #expect(found.findings.isEmpty)
        #expect(found.coverage.isComplete)
        #expect(found.coverage.packsExpected == test.storage.names(in: .packs).count)
        #expect(found.snapshots.map(\.verdict) == [.holds])
        #expect(found.coverage.objectsOpened == (level == .content ? 4 : 0))
        #expect(found.authenticity == .holds)
    }

    @Test func withoutAPinAuthenticityIsNotEstablished() throws {
        let test = try TestRepository()
        let repository = try Repository(opening: test.storage, pinned: nil)
        guard case .notEstablished = repository.authenticity else {
            Issue.record("said \(repository.authenticity)")
            return
        }
    }

    @Test(arguments: VerificationTests.readingLevels)
    func storedNeedsNoKeyAndContentSaysThatItDoes(level: VerificationLevel) throws {
        let test = try TestRepository()
        try test.backUp(Self.contents)
        let found = try Self.verify(test, test.storage, level: level, withKeys: false)
        #expect(found.conditions == (level == .stored ? [] : [.keyMissing]))
        #expect(found.coverage.isComplete)
    }

    /// One flipped bit in each region of a pack, and in each kind of file, is found at both levels.
    @Test(arguments: VerificationTests.readingLevels)
    func aFlippedBitAnywhereIsFound(level: VerificationLevel) throws {
        let test = try TestRepository()
        try test.backUp(Self.contents)
        var flips = 0
        for name in test.storage.names {
            let bytes = try #require(test.storage[name])
            // Every region of a pack is longer than 997 bytes or at an end.
            let offsets = Set(stride(from: 0, to: bytes.count, by: 997)).union([bytes.count - 1, bytes.count - 17])
            for offset in offsets where offset >= 0 {
                let copy = test.storage.copy()
                var changed = bytes
                changed[offset] ^= 0x10
                copy[name] = changed
                flips += 1
                do {
                    let found = try Self.verify(test, copy, level: level)
                    #expect(found.verdict != .holds, "\(name) at \(offset)")
                } catch let error as RepositoryError {
                    // The chain and the keys are checked on opening.
                    #expect(name.hasPrefix("config/") || name.hasPrefix("domains/"), "\(name) at \(offset): \(error)")
                    #expect([.damaged, .notAuthentic, .wrongKey, .unsupportedFormat].contains(error.code), "\(error)")
                }
            }
        }
        print("flipped bits, all found at level \(level.rawValue): \(flips)")
    }

    @Test(arguments: VerificationTests.readingLevels)
    func aDamagedChunkIsNamedAndOthersAreNot(level: VerificationLevel) throws {
        let test = try TestRepository()
        let snapshot = try test.backUp(Self.contents)
        let source = try test.reader()
        let link = try source.read(snapshot.manifest.root).links[0]
        let place = try #require(try source.location(of: link))
        let copy = test.storage.copy()
        copy["packs/\(place.pack)"]?[place.offsetBytes + 5] ^= 1
        let found = try Self.verify(test, copy, level: level)
        #expect(found.conditions == [.damaged])
        #expect(found.findings.allSatisfy { $0.pack == place.pack })
        #expect(found.findings.contains { $0.error.message.contains(link.id.description) })
        #expect(found.snapshots.count == 1)
        #expect(
            found.hurt == [HurtFile(snapshot: snapshot.id, path: Array("/data/1000".utf8), isWholeDirectory: false)])
        let damaged = try test.reader(copy)
        let error = #expect(throws: RepositoryError.self) { try damaged.read(link) }
        #expect(error?.code == .damaged)
        for other in try damaged.read(snapshot.manifest.root).links.dropFirst() {
            #expect(throws: Never.self) { try damaged.read(other) }
        }
    }

    @Test func damageWithAnotherCopyIsItsOwnCondition() throws {
        let test = try TestRepository()
        try test.backUp(Self.contents)
        // Another host stores the same content again: it refers to nothing that the first one stored.
        let (repository, keys) = try test.reopened()
        let enrolled = try repository.addingHost(
            "beta", keys: keys, ownerFile: test.ownerFile, time: test.time, keep: { _ in })
        let beta = try enrolled.repository.unlock(try Identity.parse(enrolled.writerFile))
        let before = try test.reader()
        let snapshot = try test.backUp(Self.contents, keys: beta)
        for link in try before.read(snapshot.manifest.root).links {
            let place = try #require(try before.location(of: link))
            let copy = test.storage.copy()
            copy["packs/\(place.pack)"]?[place.offsetBytes] ^= 1
            let found = try Self.verify(test, copy, level: .content)
            #expect(found.conditions == [.damagedWithCopy])
            #expect(found.snapshots.map(\.verdict) == [.holds, .holds])
            #expect(try test.reader(copy).read(link).link == link)
        }
    }

    @Test(arguments: VerificationTests.readingLevels)
    func missingTruncatedAndSwappedPacksAreFound(level: VerificationLevel) throws {
        let test = try TestRepository()
        try test.backUp(try (0..<12).map { _ in try randomBytes(60_000) })
        let names = test.storage.names(in: .packs)
        try #require(names.count >= 2)
        let missing = test.storage.copy()
        missing[names[0]] = nil
        #expect(try Self.verify(test, missing, level: level).conditions == [.damaged])
        let truncated = test.storage.copy()
        truncated[names[0]]?.removeLast(65536)
        #expect(try Self.verify(test, truncated, level: level).conditions == [.damaged])
        let swapped = test.storage.copy()
        swapped[names[0]] = test.storage[names[1]]
        swapped[names[1]] = test.storage[names[0]]
        let found = try Self.verify(test, swapped, level: level)
        #expect(found.conditions == [.damaged])
        // Every inconsistency, not the first.
        #expect(Set(found.findings.compactMap(\.pack)).count == 2)
    }

    @Test func anotherBackupHealsALostPack() throws {
        let test = try TestRepository()
        let first = try test.backUp(Self.contents)
        // What the hint of a damaged pack says: move it away, back up again.
        for name in test.storage.names(in: .packs) { test.storage[name] = nil }
        #expect(try Self.verify(test, test.storage, level: .stored).conditions == [.damaged])
        try test.backUp(Self.contents)
        let found = try Self.verify(test, test.storage, level: .content)
        #expect(found.conditions == [.damagedWithCopy])
        #expect(found.snapshots.map(\.verdict) == [.holds, .holds])
        #expect(try test.reader().read(first.manifest.root).links.count == Self.contents.count)
    }

    @Test(arguments: VerificationTests.readingLevels)
    func whatCannotBeReadIsNeitherFineNorDamaged(level: VerificationLevel) throws {
        let test = try TestRepository()
        try test.backUp(Self.contents)
        let unreadable = test.storage.copy()
        unreadable.makeUnreadable(try #require(test.storage.names(in: .packs).first))
        let found = try Self.verify(test, unreadable, level: level)
        #expect(found.conditions == [.notEstablished])
        #expect(found.verdict.isNotEstablished)
        #expect(found.snapshots.allSatisfy { $0.verdict.isNotEstablished })
        let unlistable = test.storage.copy()
        unlistable.makeUnlistable("logs")
        #expect(try Self.verify(test, unlistable, level: .stored).conditions == [.notEstablished])
    }

    @Test(arguments: VerificationTests.readingLevels)
    func aStoppedVerificationHasFoundNoDamage(level: VerificationLevel) throws {
        let test = try TestRepository()
        try test.backUp(Self.contents)
        let (repository, keys) = try test.reopened()
        let found = repository.verify(VerificationRequest(level: level, keys: keys, isCancelled: { true }))
        #expect(found.conditions == [.notEstablished])
        #expect(found.verdict.isNotEstablished)
    }

    /// Without a log nothing says what should be there: that must not look like a repository with nothing in it.
    @Test(arguments: [true, false])
    func filesThatNoLogNamesAreNotAnEmptyRepository(leavingPacks: Bool) throws {
        let test = try TestRepository()
        try test.backUp(Self.contents)
        let robbed = test.storage.copy()
        for name in test.storage.names(in: .logs) { robbed[name] = nil }
        for name in test.storage.names(in: leavingPacks ? .snapshots : .packs) { robbed[name] = nil }
        let found = try Self.verify(test, robbed, level: .stored)
        #expect(found.conditions == [.notEstablished])
        #expect(found.findings.map(\.error.code) == [.notLogged])
    }

    @Test(arguments: VerificationTests.readingLevels)
    func keyFilesThatAreGoneAreDamage(level: VerificationLevel) throws {
        let test = try TestRepository()
        try test.backUp(Self.contents)
        for name in test.storage.names(in: .domains) {
            let robbed = test.storage.copy()
            robbed[name] = nil
            let repository = try Repository(opening: robbed, pinned: test.repository.id)
            let found = repository.verify(VerificationRequest(level: level, keys: test.keys))
            #expect(found.conditions == [.damaged], "\(name)")
        }
    }

    @Test func aDeletedNewestSnapshotShowsAgainstAnAnchorAndNotWithout() throws {
        let test = try TestRepository()
        try test.backUp(Self.contents)
        let old = test.storage.copy()
        try test.backUp([someBytes(10, seed: 9)])
        let anchor = try #require(try Self.verify(test, test.storage, level: .stored).anchor)
        let rolledBack = try Self.verify(test, old, level: .stored, anchor: anchor)
        #expect(rolledBack.conditions == [.notAuthentic])
        let without = try Self.verify(test, old, level: .stored)
        #expect(without.verdict == .holds)
        guard case .notEstablished = without.history else {
            Issue.record("said \(without.history)")
            return
        }
        #expect(try Self.verify(test, test.storage, level: .stored, anchor: anchor).history == .holds)
    }
}

extension Verdict {
    fileprivate var isNotEstablished: Bool { if case .notEstablished = self { true } else { false } }
}
