import DRCrypto
import DRSystem
import Testing

@testable import DRRepository

/// What compromised epochs' keys open is sealed to the newest, and nothing else changes.
@Suite struct ResealingTests {
    private func contents(_ seeds: ClosedRange<UInt64>) -> [[UInt8]] { seeds.map { someBytes(40_000, seed: $0) } }

    /// A repository whose first epoch is compromised, with snapshots of before and after.
    private func compromised() throws -> (fixture: PruneFixture, snapshots: [Snapshot]) {
        let fixture = try PruneFixture()
        let test = fixture.test
        let first = try test.backUp(contents(1...12))
        let second = try test.backUp(contents(8...20))
        let (now, reader) = try test.reopened()
        _ = try now.compromising(
            epoch: nil, reason: "stolen", keys: reader, ownerFile: test.ownerFile, time: test.time)
        let (_, keys) = try test.reopened()
        let third = try test.backUp(contents(15...30), keys: keys)
        return (fixture, [first, second, third])
    }

    private func reseal(
        _ fixture: PruneFixture, in storage: (any Storage)? = nil,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws -> ResealResult {
        let repository = try Repository(opening: storage ?? fixture.storage, pinned: fixture.test.repository.id)
        let identity = try Identity.parse(fixture.test.identityFile)
        let pruner = try repository.unlock(fixture.prunerIdentity)
        return try repository.resealing(
            reader: try repository.unlock(identity), pruner: pruner, time: fixture.test.time, isCancelled: isCancelled)
    }

    /// Packs of the logs whose objects an identity of the first epoch would open.
    private func exposed(_ fixture: PruneFixture) throws -> Int {
        let (repository, _) = try fixture.test.reopened()
        let ledger = try Ledger(reading: repository)
        let doomed = Set(ledger.removals.condemned.keys)
        return try ledger.packs.filter { !doomed.contains($0.name) }.count {
            try PackHead(reading: $0.name, from: fixture.storage).origins.contains { $0.epoch == 1 }
        }
    }

    @Test func everythingNeededIsSealedAnewAndTheRestGoes() throws {
        let (fixture, snapshots) = try compromised()
        #expect(try exposed(fixture) > 1)
        fixture.afterGrace()
        let done = try reseal(fixture)
        #expect(done.resealed.files > 1 && done.left.files == 0 && done.problems.isEmpty)
        #expect(try exposed(fixture) == 0)
        try fixture.expectWhole()
        #expect(try Set(fixture.snapshots()) == Set(snapshots.map(\.id)))
        fixture.afterGrace()
        try fixture.prune()
        fixture.afterGrace()
        try fixture.prune()
        try fixture.expectWhole()
        // Nothing that is stored at all opens with the old key.
        for name in fixture.storage.names(in: .packs) {
            let pack = try #require(Digest(hex: String(name.suffix(64))))
            #expect(try PackHead(reading: pack, from: fixture.storage).origins.allSatisfy { $0.epoch == 2 })
        }
        // Names stayed: what is there is found again.
        let (_, keys) = try fixture.test.reopened()
        let packs = fixture.storage.names(in: .packs).count
        try fixture.test.backUp(contents(15...30), keys: keys)
        #expect(fixture.storage.names(in: .packs).count <= packs + 2)
        // Done is done.
        let again = try reseal(fixture)
        #expect(again.resealed.files == 0 && again.left.files == 0)
    }

    @Test func whatIsTooYoungIsLeftAndSaid() throws {
        let (fixture, _) = try compromised()
        let done = try reseal(fixture)
        #expect(done.resealed.files == 0 && done.left.files > 1)
        try fixture.expectWhole()
    }

    /// Stopped at each of its writes, the repository is whole, and a rerun finishes it.
    @Test func stoppedAnywhereItIsTakenUp() throws {
        var stops = 0
        for isStored in [false, true] {
            for number in 1... {
                let (fixture, snapshots) = try compromised()
                fixture.afterGrace()
                let failing = FailingStorage(fixture.storage, atPut: number, isStored: isStored)
                let isDone = (try? reseal(fixture, in: failing)) != nil
                try fixture.expectWhole("stopped at write \(number)")
                #expect(try Set(fixture.snapshots()) == Set(snapshots.map(\.id)))
                if isDone { break }
                stops += 1
                #expect(try reseal(fixture).left.files == 0)
                #expect(try exposed(fixture) == 0)
                try fixture.expectWhole("stopped at write \(number), and run again")
            }
        }
        #expect(stops > 4)
        print("a resealing was stopped at \(stops) writes: nothing lost")
    }

    @Test func aDamagedPackIsLeftAndNamed() throws {
        let (fixture, _) = try compromised()
        fixture.afterGrace()
        let (repository, _) = try fixture.test.reopened()
        let pack = try #require(Ledger(reading: repository).packs.first).name
        let path = StoragePath.pack(pack).text
        fixture.storage[path]?[100] ^= 1
        let done = try reseal(fixture)
        #expect(done.problems.map(\.code) == [.damaged] && done.left.files == 1)
        #expect(try exposed(fixture) == 1)
    }

    @Test func itTakesAPrunerAndAReader() throws {
        let (fixture, _) = try compromised()
        let (repository, keys) = try fixture.test.reopened()
        let pruner = try repository.unlock(fixture.prunerIdentity)
        for (reader, who) in [(keys, keys), (pruner, pruner)] {
            let refusal = #expect(throws: RepositoryError.self) {
                try repository.resealing(reader: reader, pruner: who, time: fixture.test.time)
            }
            #expect(refusal?.code == .missingKey)
        }
    }
}
