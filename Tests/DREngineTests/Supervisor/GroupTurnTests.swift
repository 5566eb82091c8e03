import DREngine
import DRMachine
import DRRunbook
import DRSystem
import SystemPackage
import Testing

/// Attempts that share a group with those of other runs.
@Suite struct GroupTurnTests {
    private let turn = GroupTurn(group: "restores", limit: 1)

    private func scene() throws -> RunScene {
        let scene = try RunScene()
        try GroupTurns(runDirectory: scene.directory).prepare([turn])
        return scene
    }

    private func spec(_ scene: RunScene, _ step: StepID, place: Place = .outside) -> AttemptSpec {
        var spec = scene.spec(step: step, .script("until test -e \(step).go; do sleep 0.02; done"), place: place)
        spec.turn = turn
        return spec
    }

    /// The first has the group's only place.
    private func oneUnderWayAndOneThatWaits() async throws -> (RunScene, Line, AttemptSpec, AttemptSpec) {
        let scene = try scene()
        let line = try await scene.connect()
        let (first, second) = (spec(scene, "first"), spec(scene, "second"))
        try await line.start(first)
        _ = try await line.started(first.attempt)
        try await line.start(second)
        return (scene, line, first, second)
    }

    private func letGo(_ step: StepID, in scene: RunScene) throws {
        try DurableFile.create(at: scene.work.appending("\(step).go"), with: [])
    }

    @Test func oneStartsWhenAnotherHasEnded() async throws {
        let (scene, line, first, second) = try await oneUnderWayAndOneThatWaits()
        try letGo("first", in: scene)
        #expect(try await line.ended(first.attempt).result == .exited(0))
        _ = try await line.started(second.attempt)
        try letGo("second", in: scene)
        #expect(try await line.ended(second.attempt).result == .exited(0))
        let order = try scene.spool().split(separator: "\n").filter { $0.contains("starting") || $0.contains("ended") }
        #expect(order.count == 4)
        #expect(order.map { $0.contains("second") } == [false, false, true, true])
    }

    @Test func manyMayPrepareAGroupAtOnce() async throws {
        let scene = try RunScene()
        let turns = [GroupTurn(group: "restores", limit: 20)]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { try GroupTurns(runDirectory: scene.directory).prepare(turns) }
            }
            try await group.waitForAll()
        }
    }

    @Test func whatIsStoppedWhileItWaitsWasNeverStarted() async throws {
        let (scene, line, first, second) = try await oneUnderWayAndOneThatWaits()
        try await line.connection.stop(second.attempt)
        #expect(try await line.ended(second.attempt).result == .stopped)
        try letGo("first", in: scene)
        #expect(try await line.ended(first.attempt).result == .exited(0))
        let third = spec(scene, "third")
        try letGo("third", in: scene)
        try await line.start(third)
        #expect(try await line.ended(third.attempt).result == .exited(0))
        #expect(try scene.spool().contains("second#1") == true)
        #expect(
            try scene.spool().split(separator: "\n").filter { $0.contains("second") && $0.contains("starting") }.isEmpty
        )
    }

    @Test func aSupervisorThatDiesHasStartedNothingThatWaited() async throws {
        let (scene, _, _, second) = try await oneUnderWayAndOneThatWaits()
        scene.killSupervisor()
        let again = try await scene.connect(epoch: 2)
        #expect(!again.greeting.attempts.contains { $0.attempt == second.attempt })
        try letGo("second", in: scene)
        try await again.start(second)
        #expect(try await again.ended(second.attempt).result == .exited(0))
    }

    @Test func theInsideOfADrillTakesTurnsWithTheOutside() async throws {
        let scene = try scene()
        guard await isolates() else { return }
        let (outside, inside) = (try await scene.connect(), try await scene.connect(.inside))
        let (first, second) = (spec(scene, "first"), spec(scene, "second", place: .inside))
        try await outside.start(first)
        _ = try await outside.started(first.attempt)
        try await inside.start(second)
        try letGo("first", in: scene)
        #expect(try await outside.ended(first.attempt).result == .exited(0))
        try letGo("second", in: scene)
        #expect(try await inside.ended(second.attempt).result == .exited(0))
    }

    private func isolates() async -> Bool {
        do {
            try await Isolation.checkAvailable()
            return true
        } catch {
            print("skipped: \(error)")
            return false
        }
    }

    @Test func aGroupThatCannotBeLockedIsSaidToBe() async throws {
        let scene = try RunScene()
        let line = try await scene.connect()
        let spec = spec(scene, "first")
        try await line.start(spec)
        guard case .couldNotStart(let reason) = try await line.ended(spec.attempt).result else {
            throw EngineError(.system, "it started")
        }
        #expect(reason.hasPrefix("its turn in the group restores cannot be had: "))
    }
}
