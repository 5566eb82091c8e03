import DRCrypto
import DRSystem
import Synchronization
import Testing

@testable import DRRepository

/// A backup and a prune at once: one of them is stopped at each of its storage calls in turn, the other goes on as far
/// as it can, grace periods pass, and then the stopped one goes on or never does.
@Suite struct PruneRaceTests {
    private static let old = (1...6).map { someBytes(30_000, seed: $0) }

    /// What a backup that is under way at `fixture` will refer to: a snapshot that the prune removes.
    private func fixture() throws -> PruneFixture {
        let fixture = try PruneFixture()
        try fixture.test.backUp(Self.old)
        try fixture.test.backUp([someBytes(20_000, seed: 99)])
        fixture.afterGrace()
        return fixture
    }

    private static let dead = RepositoryError(.storageFailed, "its host died")

    /// - Parameters:
    ///   - stops: what happens at which call.
    ///   - killedAt: every call from this one on fails.
    /// - Returns: the snapshot if it was acknowledged, and how many calls there were.
    private func backUp(
        _ fixture: PruneFixture, stops: [Int: @Sendable () throws -> Void], killedAt: Int = .max
    ) -> (snapshot: Snapshot?, calls: Int) {
        let hooked = HookedStorage(fixture.storage) { call throws(RepositoryError) in
            do { try stops[call]?() } catch { Issue.record(error) }
            if call >= killedAt { throw Self.dead }
        }
        let snapshot = try? fixture.test.backUp(Self.old, dataset: "again", through: hooked)
        return (snapshot, hooked.callCount)
    }

    private func expectSafe(_ fixture: PruneFixture, _ acknowledged: Snapshot?, _ comment: Comment) throws {
        try fixture.expectWhole(comment)
        if let acknowledged { #expect(try fixture.snapshots().contains(acknowledged.id), comment) }
        for _ in 0..<2 {
            fixture.afterGrace()
            try fixture.prune(last: 1)
        }
        try fixture.expectWhole(comment)
        if let acknowledged { #expect(try fixture.snapshots().contains(acknowledged.id), comment) }
    }

    private func calls() throws -> Int { backUp(try fixture(), stops: [:]).calls }

    @Test func aBackupThatIsStoppedWhileItsPacksAreCondemnedAndDeleted() throws {
        let calls = try calls()
        var acknowledged = 0
        for stop in 1...calls {
            let fixture = try fixture()
            let outcome = backUp(
                fixture,
                stops: [
                    stop: {
                        try fixture.prune(last: 1)
                        fixture.afterGrace()
                        try fixture.prune(last: 1)
                    }
                ])
            acknowledged += outcome.snapshot == nil ? 0 : 1
            try expectSafe(fixture, outcome.snapshot, "stopped at call \(stop) of \(calls)")
        }
        // Where the backup began after the prune, or was in the log before it.
        #expect(acknowledged > 0 && acknowledged < calls)
    }

    @Test func aBackupThatIsStoppedTwice() throws {
        let calls = try calls()
        for first in stride(from: 1, through: calls, by: 2) {
            for second in stride(from: first + 1, through: calls, by: 2) {
                let fixture = try fixture()
                let outcome = backUp(
                    fixture,
                    stops: [
                        first: { try fixture.prune(last: 1) },
                        second: {
                            fixture.afterGrace()
                            try fixture.prune(last: 1)
                        },
                    ])
                try expectSafe(fixture, outcome.snapshot, "stopped at calls \(first) and \(second)")
            }
        }
    }

    @Test func aBackupThatNeverGoesOn() throws {
        let calls = try calls()
        for first in stride(from: 1, through: calls, by: 3) {
            for death in first...calls {
                let fixture = try fixture()
                let outcome = backUp(fixture, stops: [first: { try fixture.prune(last: 1) }], killedAt: death)
                fixture.afterGrace()
                try fixture.prune(last: 1)
                try expectSafe(fixture, outcome.snapshot, "prune at call \(first), dead at call \(death)")
            }
        }
    }

    /// The other way round: what a prune decided is carried out although a whole backup came in between.
    @Test(arguments: [false, true])
    func aPruneThatIsStoppedWhileABackupIsMade(isSecond: Bool) throws {
        func attempt(_ stop: Int) throws -> (calls: Int, snapshot: Snapshot?, fixture: PruneFixture) {
            let fixture = try fixture()
            if isSecond {
                try fixture.prune(last: 1)
                fixture.afterGrace()
            }
            let made = Mutex<Snapshot?>(nil)
            let hooked = HookedStorage(fixture.storage) { call throws(RepositoryError) in
                guard call == stop else { return }
                do {
                    let snapshot = try fixture.test.backUp(Self.old, dataset: "again")
                    made.withLock { $0 = snapshot }
                } catch { Issue.record(error, "stopped at call \(stop)") }
            }
            try fixture.prune(last: 1, through: hooked)
            return (hooked.callCount, made.withLock { $0 }, fixture)
        }
        let calls = try attempt(0).calls
        for stop in 1...calls {
            let outcome = try attempt(stop)
            // Objects go into packs at random, so one prune makes a call more than another.
            guard outcome.calls >= stop else { continue }
            #expect(outcome.snapshot != nil, "a prune stopped a backup at call \(stop)")
            try expectSafe(outcome.fixture, outcome.snapshot, "the prune stopped at call \(stop) of \(calls)")
        }
    }

    /// A prune that is ended anywhere loses nothing, and the next one goes on.
    @Test(arguments: [false, true])
    func aPruneThatIsKilled(isSecond: Bool) throws {
        func attempt(_ death: Int) throws -> (calls: Int, fixture: PruneFixture) {
            let fixture = try fixture()
            if isSecond {
                try fixture.prune(last: 1)
                fixture.afterGrace()
            }
            let hooked = HookedStorage(fixture.storage) { call throws(RepositoryError) in
                if call >= death { throw Self.dead }
            }
            _ = try? fixture.prune(last: 1, through: hooked)
            return (hooked.callCount, fixture)
        }
        let calls = try attempt(.max).calls
        for death in 1...calls {
            let fixture = try attempt(death).fixture
            try expectSafe(fixture, nil, "killed at call \(death) of \(calls)")
            #expect(try fixture.snapshots().count == 1)
            let left = try Ledger(reading: try fixture.test.reopened().repository)
            #expect(Set(fixture.storage.names(in: .packs)) == Set(left.packs.map { "packs/\($0.name.hex)" }))
        }
    }

    /// A prune deletes and moves packs while everything is read: what is gone by its leave is no damage.
    @Test(arguments: [VerificationLevel.stored, .content])
    func aVerificationThatIsStoppedWhileAPruneDeletes(level: VerificationLevel) throws {
        func attempt(_ stop: Int) throws -> (calls: Int, verification: Verification) {
            let fixture = try fixture()
            try fixture.prune(last: 1)
            fixture.afterGrace()
            let hooked = HookedStorage(fixture.storage) { call throws(RepositoryError) in
                if call == stop { _ = try? fixture.prune(last: 1) }
            }
            let repository = try Repository(opening: hooked, pinned: fixture.test.repository.id)
            let keys = try repository.unlock(try Identity.parse(fixture.test.identityFile))
            let verification = repository.verify(VerificationRequest(level: level, keys: keys))
            return (hooked.callCount, verification)
        }
        let calls = try attempt(0).calls
        for stop in 1...calls {
            let verification = try attempt(stop).verification
            #expect(verification.findings.map(\.error.description) == [], "stopped at call \(stop)")
            #expect(verification.snapshots.allSatisfy { $0.verdict == .holds })
        }
    }
}
