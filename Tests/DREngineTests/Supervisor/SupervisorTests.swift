import DRCrypto
import DREngine
import DRMachine
import DRRunbook
import DRSystem
import FoundationEssentials
import Glibc
import SystemPackage
import Testing

/// A supervisor as a real process, asked over its socket.
@Suite struct SupervisorTests {
    @Test func carriesOutAnAttemptAndTellsItsWholeStory() async throws {
        let scene = try RunScene()
        let line = try await scene.connect()
        #expect(line.greeting.attempts == [] && line.greeting.identity.generation == 1)
        let spec = scene.spec(.argv(["sh", "-c", "echo out; echo err >&2; exit 3"]))
        try await line.start(spec)
        let start = try await line.started(spec.attempt)
        let end = try await line.ended(spec.attempt)
        #expect(start.executable == "/usr/bin/sh" || start.executable == "/bin/sh")
        #expect(start.executableDigest != nil && start.startTicks > 0)
        #expect(end.result == .exited(3) && end.survivors == [])
        #expect(end.standardOutput?.tail == "out\n" && end.standardError?.tail == "err\n")
        #expect(end.standardOutput?.path == "outside/output/step#1.out")
        #expect(try scene.text("outside/output/step#1.out") == "out\n")
        #expect(end.at.boot >= start.at.boot)
    }

    @Test func startsAnAttemptOnceHoweverOftenItIsAsked() async throws {
        let scene = try RunScene()
        let line = try await scene.connect()
        let spec = scene.spec(.script("echo x >> count; sleep 0.3"))
        for _ in 0..<5 { try await line.start(spec) }
        _ = try await line.ended(spec.attempt)
        try await line.start(spec)
        // Answered from memory: the same end again.
        #expect(try await line.ended(spec.attempt).result == .exited(0))
        #expect(try scene.text("work/count") == "x\n")
    }

    @Test func barsLowerEpochsForEverAndAcrossItsOwnDeath() async throws {
        let scene = try RunScene()
        let old = try await scene.connect(epoch: 3)
        let new = try await scene.connect(epoch: 4)
        // The old line is closed once the new one has said hello: what comes over it before is refused.
        try? await old.connection.start(scene.spec(step: "late", .argv(["touch", "late"])), secrets: [:])
        await #expect(throws: EngineError.self) { _ = try await old.ended(AttemptID(step: "late", number: 1)) }
        await #expect(throws: EngineError.self) { _ = try await scene.connect(epoch: 3) }
        scene.killSupervisor()
        await #expect(throws: EngineError.self) { _ = try await scene.connect(epoch: 3) }
        let again = try await scene.connect(epoch: 4)
        #expect(again.greeting.identity.generation == 2)
        #expect(again.greeting.attempts == [])
        #expect((try? FileStatus(of: scene.work.appending("late"))) == nil)
        _ = new
    }

    @Test func aRunnerWhoseJournalLostItsEndIsRefusedWithoutBeingBarred() async throws {
        let scene = try RunScene()
        let seen = JournalHead(commit: 12, event: 30, hash: Digest.of("12"))
        let first = try await scene.connect(epoch: 1, journalHead: seen)
        _ = first
        let shorter = JournalHead(commit: 11, event: 28, hash: Digest.of("11"))
        for epoch in 1...2 {
            await #expect {
                _ = try await scene.connect(epoch: epoch, journalHead: shorter)
            } throws: { error in
                let error = error as? EngineError
                return error?.code == .supervisorUnavailable && error?.message.contains("its end is missing") == true
            }
        }
        // Whoever only wants it to end says nothing of the journal.
        let last = try await scene.connect(epoch: 3)
        try await last.connection.finish()
    }

    @Test func aSecondSupervisorOfAPlaceIsRefused() async throws {
        let scene = try RunScene()
        let line = try await scene.connect()
        let configuration = SupervisorConfiguration(
            place: .outside, runDirectory: scene.directory, executable: scene.executable)
        await #expect {
            _ = try await Supervisor.run(configuration)
        } throws: { error in
            (error as? EngineError)?.code == .placeHeld
        }
        #expect(try await line.run(scene.spec(.argv(["true"]))).succeeded)
    }

    @Test func outlivesItsRunnerAndKeepsWhatWasMissed() async throws {
        let scene = try RunScene()
        let spec = scene.spec(.argv(["sleep", "0.2"]))
        do {
            let first = try await scene.connect()
            try await first.start(spec)
            _ = try await first.started(spec.attempt)
        }
        let second = try await scene.connect(epoch: 2)
        #expect(second.greeting.identity.generation == 1)
        #expect(second.greeting.attempts.map(\.attempt) == [spec.attempt])
        if case .ended(_, let end)? = second.greeting.attempts.first?.phase {
            #expect(end.succeeded)
        } else {
            #expect(try await second.ended(spec.attempt).succeeded)
        }
    }

    @Test func aKilledSupervisorsProcessesAreGoneBeforeTheirAttemptIsLost() async throws {
        let scene = try RunScene()
        let spec = scene.spec(
            .script("trap '' TERM; sleep 300 & (setsid sleep 301 &) ; echo $! > pids; while :; do sleep 0.1; done"))
        let start: AttemptStart
        do {
            let line = try await scene.connect()
            try await line.start(spec)
            start = try await line.started(spec.attempt)
            while (try? scene.text("work/pids").isEmpty) != false { try await Task.sleep(for: .milliseconds(5)) }
        }
        let main = ProcessIdentity(pid: start.pid, startTicks: start.startTicks, bootID: start.at.bootID)
        scene.killSupervisor()
        #expect(try main.isAlive())
        let line = try await scene.connect(epoch: 2)
        #expect(line.greeting.identity.generation == 2)
        #expect(try await line.lost(spec.attempt) == start)
        #expect(try !main.isAlive())
        #expect(try processes(marked: "\(scene.run)/step#1") == [])
        // Told again to whoever asks, and never started again.
        try await line.start(spec)
        _ = try await line.next { if case .lost = $0.phase { true } else { nil } }
    }

    /// To /proc such a process looks like a zombie, by its first thread; the others could still act.
    @Test func aProcessWhoseFirstThreadEndedIsNotTakenForDead() async throws {
        let scene = try RunScene()
        let program = """
            import ctypes, threading, time
            threading.Thread(target=lambda: (open('up', 'w').close(), time.sleep(300))).start()
            ctypes.CDLL(None).pthread_exit(None)
            """
        let spec = scene.spec(.argv(["python3", "-c", program]))
        let start: AttemptStart
        do {
            let line = try await scene.connect()
            try await line.start(spec)
            start = try await line.started(spec.attempt)
            let stat = FilePath("/proc/\(start.pid)/stat")
            while try !String(decoding: DurableFile.read(at: stat, limit: 4096), as: UTF8.self).contains(") Z ") {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
        let main = ProcessIdentity(pid: start.pid, startTicks: start.startTicks, bootID: start.at.bootID)
        #expect(try main.isAlive())
        scene.killSupervisor()
        _ = try await scene.connect(epoch: 2).lost(spec.attempt)
        #expect(try !main.isAlive())
    }

    @Test func aProcessNobodyWasToldOfIsFoundByItsMarker() async throws {
        let scene = try RunScene()
        let spec = scene.spec(step: "orphan", .argv(["sleep", "302"]))
        // As if the supervisor had died between the spawn and telling of it.
        let line = try await scene.connect()
        try await line.start(spec)
        let start = try await line.started(spec.attempt)
        scene.killSupervisor()
        let spool = try scene.spool().split(separator: "\n").filter { !$0.contains("\"started\":") }
        try Data((spool.joined(separator: "\n") + "\n{\"torn").utf8)
            .write(to: URL(fileURLWithPath: scene.directory.appending("outside/spool.jsonl").string))
        let again = try await scene.connect(epoch: 2)
        #expect(try await again.lost(spec.attempt) == nil)
        let main = ProcessIdentity(pid: start.pid, startTicks: start.startTicks, bootID: start.at.bootID)
        #expect(try !main.isAlive())
    }

    @Test func enforcesADeadlineOnTheWholeTree() async throws {
        let scene = try RunScene()
        let line = try await scene.connect()
        let spec = scene.spec(.script("trap '' TERM; sleep 303 & wait; sleep 304"), timeout: .milliseconds(200))
        let end = try await line.run(spec)
        #expect(end.result == .timedOut && end.survivors == [])
        #expect(try processes(marked: "\(scene.run)/step#1") == [])
    }

    @Test func stopsWhatItIsAskedToStop() async throws {
        let scene = try RunScene()
        let line = try await scene.connect()
        let spec = scene.spec(.argv(["sleep", "305"]), timeout: nil)
        try await line.start(spec)
        _ = try await line.started(spec.attempt)
        try await line.connection.stop(spec.attempt)
        #expect(try await line.ended(spec.attempt).result == .stopped)
        // What was never started is ended for good.
        let never = scene.spec(step: "never", .argv(["touch", "never"]))
        try await line.connection.stop(never.attempt)
        #expect(try await line.ended(never.attempt).result == .stopped)
        try await line.start(never)
        #expect(try await line.ended(never.attempt).result == .stopped)
        #expect((try? FileStatus(of: scene.work.appending("never"))) == nil)
    }

    @Test func aStepEndsWithItsMainProcessAndListsWhoStays() async throws {
        let scene = try RunScene()
        let line = try await scene.connect()
        let end = try await line.run(
            scene.spec(.script("sleep 306 & until [ \"$(cat /proc/$!/comm)\" = sleep ]; do :; done; echo done")))
        #expect(end.result == .exited(0) && end.standardOutput?.tail == "done\n")
        #expect(end.survivors.count == 1 && end.survivors.first?.hasSuffix(" sleep") == true)
        for process in try processes(marked: "\(scene.run)/step#1") { kill(process, SIGKILL) }
    }

    @Test func finishesOnlyWhenNothingIsUnderWay() async throws {
        let scene = try RunScene()
        let line = try await scene.connect()
        let spec = scene.spec(.argv(["sleep", "307"]), timeout: nil)
        try await line.start(spec)
        _ = try await line.started(spec.attempt)
        try await line.connection.finish()
        await #expect(throws: EngineError.self) { _ = try await line.ended(spec.attempt) }
        try await line.connection.stop(spec.attempt)
        _ = try await line.ended(spec.attempt)
        try await line.connection.finish()
        var last: SupervisorNews?
        for await news in line.connection.news { last = news }
        #expect(last == .finished)
    }
}

/// Living processes whose environment carries an attempt's marker.
func processes(marked marker: String) throws -> [Int32] {
    try DurableFile.list("/proc").compactMap { Int32($0) }.filter { pid in
        let bytes = (try? DurableFile.read(at: FilePath("/proc/\(pid)/environ"), limit: 4 << 20)) ?? []
        return bytes.split(separator: 0).contains { $0.elementsEqual(Array("DRCTL_ATTEMPT=\(marker)".utf8)) }
    }
}
