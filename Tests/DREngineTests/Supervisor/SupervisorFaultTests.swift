import DREngine
import DRMachine
import DRRunbook
import DRSystem
import FoundationEssentials
import SystemPackage
import Testing

/// A supervisor that dies, or whose disk is full, at every place that its promises hang on.
@Suite struct SupervisorFaultTests {
    /// Where it is killed, and whether the attempt may have had its effect by then.
    static let deaths: [(fault: String, mayHaveRun: Bool, isKnown: Bool)] = [
        ("spool.append:3:kill", false, false), ("supervisor.afterStarting:1:kill", false, true),
        ("supervisor.afterSpawn:1:kill", true, true), ("spool.append:4:kill", true, true),
        ("supervisor.afterStarted:1:kill", true, true), ("supervisor.beforeEnded:1:kill", true, true),
        ("spool.append:5:kill", true, true),
    ]

    @Test(arguments: deaths) func whatADeadSupervisorHadUnderWayIsLostOrNeverBegan(
        fault: String, mayHaveRun: Bool, isKnown: Bool
    ) async throws {
        let scene = try RunScene()
        let spec = scene.spec(.script("echo ran >> effects; sleep 0.2"))
        let first = try await scene.connect(faults: fault)
        try await first.start(spec)
        for await _ in first.connection.news {}
        let second = try await scene.connect(epoch: 2)
        if isKnown {
            _ = try await second.lost(spec.attempt)
        } else {
            // Nothing was spooled, so nothing had started: asking again is safe.
            #expect(second.greeting.attempts == [])
            #expect(try await second.run(spec).succeeded)
        }
        #expect(try processes(marked: "\(scene.run)/step#1") == [])
        let effects = (try? scene.text("work/effects")) ?? ""
        #expect(isKnown ? effects.isEmpty || (mayHaveRun && effects == "ran\n") : effects == "ran\n")
        // Lost stays lost: it is never started a second time.
        try await second.start(spec)
        _ = try await second.next { $0.attempt == spec.attempt ? true : nil }
        #expect(((try? scene.text("work/effects")) ?? "") == effects)
        #expect(try await second.run(scene.spec(number: 2, .argv(["true"]))).succeeded)
    }

    @Test func nothingStartsThatCannotBeSpooled() async throws {
        let scene = try RunScene()
        let line = try await scene.connect(faults: "spool.append:3:ENOSPC")
        let spec = scene.spec(.script("echo ran >> effects"))
        let end = try await line.run(spec)
        guard case .couldNotStart(let reason) = end.result else { throw EngineError(.system, "\(end.result)") }
        #expect(reason.contains("spool") && reason.contains("no space is left"))
        #expect((try? scene.text("work/effects")) == nil)
        #expect(try !scene.spool().contains("step#1"))
        #expect(try await line.run(scene.spec(number: 2, .argv(["true"]))).succeeded)
    }

    @Test func anEndThatCannotBeSpooledIsStillTold() async throws {
        let scene = try RunScene()
        let line = try await scene.connect(faults: "spool.append:5:ENOSPC")
        #expect(try await line.run(scene.spec(.argv(["true"]))).succeeded)
        scene.killSupervisor()
        // The next one has not heard of it, and says so.
        let second = try await scene.connect(epoch: 2)
        #expect(try await second.lost(AttemptID(step: "step", number: 1)) != nil)
    }

    @Test func anEpochThatCannotBeSpooledIsNotGranted() async throws {
        let scene = try RunScene()
        await #expect(throws: EngineError.self) { _ = try await scene.connect(faults: "spool.append:2:ENOSPC") }
        #expect(try await scene.connect().run(scene.spec(.argv(["true"]))).succeeded)
    }

    @Test func aDamagedSpoolIsNamedAndNothingIsStarted() async throws {
        let scene = try RunScene()
        try DurableFile.replace(at: scene.directory.appending("outside/spool.jsonl"), with: Array("{\"x\":1}\n".utf8))
        await #expect {
            _ = try await scene.connect()
        } throws: { error in
            let error = error as? EngineError
            return error?.code == .supervisorUnavailable && error?.message.contains("line 1 of") == true
        }
    }

    @Test func aThousandAttemptsKeepTheirOrderAndEnd() async throws {
        let scene = try RunScene()
        let line = try await scene.connect()
        let width = 8
        let count = 1000
        for number in 1...width { try await line.start(scene.spec(number: number, .argv(["true"]))) }
        var ended: Set<Int> = []
        for await news in line.connection.news {
            guard case .report(let report) = news, case .ended(_, let end) = report.phase else { continue }
            #expect(end.succeeded && end.survivors == [])
            ended.insert(report.attempt.number)
            let next = ended.count + width
            if ended.count <= count - width { try await line.start(scene.spec(number: next, .argv(["true"]))) }
            if ended.count == count { break }
        }
        #expect(ended == Set(1...count))
    }
}
