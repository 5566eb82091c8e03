import DREngine
import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import DRTestSupport
import Glibc
import Synchronization
import SystemPackage
import Testing

@Suite struct RunnerTests {
    let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    @Test func `a run goes to its end, and the journal alone tells it again`() async throws {
        let scene = try RunnerScene.make(
            [RunnerScene.step("a"), RunnerScene.step("b", needs: ["a"], effect: .unsafe)], in: folder.path)
        let supervisors = try scene.supervisors()
        let told = Mutex<[JournaledEvent]>([])
        let ending = try await scene.runner(supervisors) { events in told.withLock { $0 += events } }.run()
        guard case .closed(let head) = ending else {
            Issue.record("the run is not closed: \(ending)")
            return
        }
        let contents = try scene.contents()
        #expect(contents.head == head)
        #expect(contents.isClosed)
        #expect(told.withLock { $0 } == Array(contents.events.dropFirst()))
        let state = try scene.state()
        #expect(state.status == .closed(.succeeded, reason: state.closingReason))
        #expect(state.steps["a"]?.phase == .succeeded)
        #expect(state.steps["b"]?.phase == .succeeded)
        #expect(try supervisors.effects().map(\.step) == ["a", "b"])
        // Again: nothing to do, and nothing is done.
        guard case .closed(head) = try await scene.runner(supervisors).run() else {
            Issue.record("a closed run was taken up again")
            return
        }
        #expect(try scene.contents().head == head)
    }

    @Test func `no effect before its intent is durable`() async throws {
        let scene = try RunnerScene.make([RunnerScene.step("a"), RunnerScene.step("b")], in: folder.path)
        let path = scene.directory.journal
        let early = Mutex<[AttemptID]>([])
        let supervisors = try scene.supervisors(
            .init(result: { spec in
                let events = (try? JournalReader.read(at: path).events) ?? []
                if !events.contains(where: { $0.event == .attemptIntended(spec) }) {
                    early.withLock { $0.append(spec.attempt) }
                }
                return .exited(0)
            }))
        _ = try await scene.runner(supervisors).run()
        #expect(early.withLock { $0 }.isEmpty)
        #expect(try supervisors.effects().count == 2)
    }

    @Test func `a second runner is refused while the first lives`() async throws {
        let scene = try RunnerScene.make([RunnerScene.step("a")], in: folder.path)
        let supervisors = try scene.supervisors()
        let first = try await scene.runner(supervisors)
        await #expect(throws: JournalError.self) { _ = try await scene.runner(supervisors) }
        _ = try await first.run()
    }

    @Test func `what comes together is committed together`() async throws {
        let ids = (0..<60).map { StepID("s\($0)") }
        let scene = try RunnerScene.make(ids.map { RunnerScene.step($0) }, in: folder.path, width: 60)
        let supervisors = try scene.supervisors(.init(endsTogether: 60))
        _ = try await scene.runner(supervisors).run()
        let contents = try scene.contents()
        let ends = contents.events.filter { if case .attemptEnded = $0.event { true } else { false } }
        #expect(ends.count == 60)
        // Every report came at once: were each committed alone, there would be more commits than reports.
        #expect(contents.commits.count < 60, "\(contents.commits.count) commits")
    }

    @Test func `a dead supervisor is replaced while the runner lives`() async throws {
        let scene = try RunnerScene.make([RunnerScene.step("a", effect: .idempotent)], in: folder.path)
        let supervisors = try scene.supervisors(
            .init(result: { $0.attempt.number == 1 ? nil : .exited(0) }))
        let runner = try await scene.runner(supervisors) { events in
            // The first attempt is under way and will never end by itself.
            if events.contains(where: {
                if case .attemptStarted(let id, _) = $0.event { id.number == 1 } else { false }
            }) {
                supervisors.die()
            }
        }
        _ = try await runner.run()
        let state = try scene.state()
        #expect(state.steps["a"]?.phase == .succeeded)
        #expect(state.steps["a"]?.attempts.count == 2)
        let lost = try scene.contents().events.contains { if case .supervisorLost = $0.event { true } else { false } }
        #expect(lost)
    }

    @Test func `requests are journaled and removed, forged ones refused and removed`() async throws {
        let scene = try RunnerScene.make([RunnerScene.step("a")], in: folder.path)
        let supervisors = try scene.supervisors(.init(result: { _ in nil }))
        let box = RequestBox(of: scene.directory)
        try scene.ask(.note(text: "hello"))
        let forged = Request(
            id: String(repeating: "f", count: 32), run: "r1", uid: Host.effectiveUID + 1, ask: .note(text: "forged"))
        try DurableFile.replace(
            at: scene.directory.requests.appending(forged.id), with: try RequestBox.encode(forged), mode: 0o640)
        let runner = try await scene.runner(supervisors) { events in
            let isRefusal = events.contains { if case .requestRefused = $0.event { true } else { false } }
            if isRefusal { try? scene.ask(.cancel(reason: "enough")) }
        }
        _ = try await runner.run()
        let events = try scene.contents().events.map(\.event)
        #expect(events.contains(.noted(uid: Host.effectiveUID, text: "hello")))
        #expect(!events.contains(.noted(uid: Host.effectiveUID + 1, text: "forged")))
        #expect(try scene.state().status == .closed(.cancelled, reason: scene.state().closingReason))
        // Removing is not waited for.
        for _ in 0..<500 where try !box.pending().isEmpty { try await Task.sleep(for: .milliseconds(10)) }
        #expect(try box.pending().isEmpty)
    }

    @Test func `secrets reach the supervisor and no file of the run`() async throws {
        let secret = "hunter2-hunter2-hunter2"
        let file = folder.appending("secret")
        try DurableFile.replace(at: file, with: Array(secret.utf8))
        let scene = try RunnerScene.make(
            [RunnerScene.step("a", env: ["TOKEN": .secret("token")])], in: folder.path,
            secrets: ["token": .file(file.string)])
        let supervisors = try scene.supervisors()
        _ = try await scene.runner(supervisors).run()
        let given = supervisors.secrets(of: AttemptID(step: "a", number: 1))?["token"]
        #expect(given == "aHVudGVyMi1odW50ZXIyLWh1bnRlcjI=")
        for path in [scene.directory.journal, scene.directory.plan] {
            let text = String(decoding: try DurableFile.read(at: path, limit: 1 << 20), as: UTF8.self)
            #expect(!text.contains("hunter2"))
            #expect(!text.contains("aHVudGVy"))
        }
    }

    @Test func `a secret that cannot be read fails the attempt, with its name and without its value`() async throws {
        let scene = try RunnerScene.make(
            [RunnerScene.step("a", env: ["TOKEN": .secret("token")])], in: folder.path,
            secrets: ["token": .file("/nowhere/token")])
        let supervisors = try scene.supervisors()
        let runner = try await scene.runner(supervisors) { events in
            let isHeld = events.contains { if case .stepHeld = $0.event { true } else { false } }
            if isHeld { try? scene.ask(.cancel(reason: "seen")) }
        }
        _ = try await runner.run()
        #expect(try supervisors.effects().isEmpty)
        let end = try #require(try scene.state().steps["a"]?.attempts.first?.end)
        guard case .couldNotStart(let reason) = end.result else {
            Issue.record("it ended as \(end.result)")
            return
        }
        #expect(reason.contains("token") && reason.contains("/nowhere/token"))
    }

    @Test func `letting go leaves a run that another runner finishes`() async throws {
        let scene = try RunnerScene.make(
            [RunnerScene.step("a"), RunnerScene.step("b", needs: ["a"])], in: folder.path)
        let slow = try scene.supervisors(.init(result: { $0.attempt.step == "b" ? nil : .exited(0) }))
        let box = Mutex<Runner?>(nil)
        let first = try await scene.runner(slow) { events in
            let isB = events.contains {
                if case .attemptStarted(let id, _) = $0.event { id.step == "b" } else { false }
            }
            if isB { box.withLock { $0 }?.detach() }
        }
        box.withLock { $0 = first }
        guard case .detached = try await first.run() else {
            Issue.record("it did not let go")
            return
        }
        box.withLock { $0 = nil }
        #expect(try !scene.contents().isClosed)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a run that closes ends whichever supervisor lives`() async throws {
        let scene = try RunnerScene.make([RunnerScene.step("a")], in: folder.path)
        let supervisors = try scene.supervisors()
        try await runUntilClosing(scene, supervisors)
        // The journal knows generation 1.
        try supervisors.replace()
        try await resume(scene, supervisors)
        #expect(try scene.contents().isClosed)
    }

    /// Runs until nothing is left but to end the supervisors, and lets go; the runner is gone on return.
    private func runUntilClosing(_ scene: RunnerScene, _ supervisors: FakeSupervisors) async throws {
        let runner = try await scene.runner(supervisors)
        supervisors.insteadOfFinishing { runner.detach() }
        let ending = try await runner.run()
        supervisors.insteadOfFinishing(nil)
        guard case .detached = ending else {
            Issue.record("it did not let go")
            return
        }
    }

    /// Runs until the end with a runner of its own.
    private func resume(_ scene: RunnerScene, _ supervisors: FakeSupervisors) async throws {
        // The first runner lets go of the journal's lock with its last reference, which may take a moment.
        for _ in 0..<100 where try RunnerLock.holder(of: scene.directory) != nil {
            try await Task.sleep(for: .milliseconds(10))
        }
        _ = try await scene.runner(supervisors).run()
    }

    @Test func `a plan that is not the one of event 1 is refused`() async throws {
        let scene = try RunnerScene.make([RunnerScene.step("a")], in: folder.path)
        let bytes = try DurableFile.read(at: scene.directory.plan, limit: 1 << 20)
        try DurableFile.replace(at: scene.directory.plan, with: bytes + [0x20])
        let supervisors = try scene.supervisors()
        let error = await #expect(throws: JournalError.self) { _ = try await scene.runner(supervisors) }
        #expect(error?.code == .notAuthentic)
        #expect(error?.events == 1...1)
    }
}

extension RunState {
    /// The reason that a closed run gives, whatever it is.
    fileprivate var closingReason: String {
        if case .closed(_, let reason) = status { reason } else { "not closed" }
    }
}

/// What happens to a drill while its supervisors are only just coming.
@Suite struct RunnerIsolationTests {
    let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    /// The inside dies the first time it is probed, and is isolated the second time.
    private struct DyingOnce: IsolationProbing {
        let supervisors: FakeSupervisors

        func check(
            _ isolation: PlannedIsolation, inside: any SupervisorConnection, generation: Int
        ) async throws -> IsolationReport {
            if generation == 1 {
                supervisors.die()
                throw EngineError(.connectionLost, "it died")
            }
            return IsolationReport(generation: generation, verdict: .demonstrated, probes: [])
        }
    }

    /// No inside can be had, and the outside takes its time to come.
    private struct SlowOutside: SupervisorAccess {
        let supervisors: FakeSupervisors

        func connect(_ place: Place) async throws(EngineError) -> any SupervisorConnection {
            guard place == .outside else { throw EngineError(.cannotIsolate, "no namespaces here") }
            try? await Task.sleep(for: .milliseconds(300))
            return try await supervisors.connect(place)
        }

        func reach(_ place: Place) async throws(EngineError) -> (any SupervisorConnection)? {
            try await supervisors.reach(place)
        }
    }

    @Test func `an inside that dies while it is probed is replaced and probed again`() async throws {
        let scene = try RunnerScene.make([RunnerScene.step("a")], in: folder.path, mode: .drill)
        let supervisors = try scene.supervisors()
        let probe = DyingOnce(supervisors: supervisors)
        _ = try await scene.runner(access: supervisors, probe: probe).run()
        let state = try scene.state()
        #expect(state.status == .closed(.succeeded, reason: state.closingReason))
        #expect(try supervisors.effects().map(\.step) == ["a"])
    }

    @Test func `a drill that is refused leaves no supervisor behind`() async throws {
        let scene = try RunnerScene.make([RunnerScene.step("a")], in: folder.path, mode: .drill)
        let supervisors = try scene.supervisors()
        _ = try await scene.runner(access: SlowOutside(supervisors: supervisors), probe: NoIsolation()).run()
        let state = try scene.state()
        #expect(state.status == .closed(.refused, reason: state.closingReason))
        let living = try await supervisors.reach(.outside)
        #expect(living == nil)
    }
}
