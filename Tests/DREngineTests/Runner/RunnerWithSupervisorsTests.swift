import DRCrypto
import DREngine
import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import FoundationEssentials
import Synchronization
import SystemPackage
import Testing

/// A whole drill: a real runner, real supervisors, real namespaces, and a supervisor killed in its middle.
@Suite(.enabled("this machine builds the namespaces") { await canIsolate() }) struct RunnerWithSupervisorsTests {
    private func step(_ id: StepID, after need: StepID?, _ script: String, _ place: Place) -> PlannedStep {
        PlannedStep(
            id: id, title: id.rawValue, action: .run(.script(script)), needs: need.map { [Need(step: $0)] } ?? [],
            effect: .idempotent, place: place, timeout: .seconds(60), digest: Digest.of(Array(id.rawValue.utf8)))
    }

    private func plan(_ place: Place) -> Plan {
        Plan(
            runbook: RunbookIdentity(
                name: "killed", title: "Killed", owner: "tests", digest: Digest.of(Array("x".utf8))),
            purpose: .rehearsal, mode: .drill, environment: "tests",
            isolation: PlannedIsolation(mustNotReach: [], whenNotDemonstrated: .refuse, readOnlyBinds: []),
            steps: [
                step("first", after: nil, "echo x >> first", place),
                step("second", after: "first", "echo x >> second; sleep 0.3", place),
                step("third", after: "second", "echo x >> third", place),
            ])
    }

    @Test(arguments: [Place.outside, .inside]) func aDrillSurvivesTheDeathOfASupervisor(place: Place) async throws {
        let scene = try RunScene()
        let time = try SystemTimeSource()
        let creation = try RunCreation(
            plan(place),
            options: .init(
                unattended: true, initiatorUID: Host.effectiveUID, initiator: "tests",
                seed: String(repeating: "0", count: 32)), now: time.moment(), file: { _ in nil })
        let directory = try creation.make("killed-drill", in: scene.directory)
        let isolation = Isolation(runDirectory: directory.path, executable: scene.executable)
        let access = LocalSupervisors(
            runDirectory: directory.path, executable: scene.executable, isolation: isolation)
        let kills = Mutex(0)
        let runner = try await Runner(
            .init(
                directory: directory, access: access, isolationProbe: IsolationCheck(runDirectory: directory.path),
                time: time, version: "tests",
                onCommit: { events in
                    for case .attemptStarted(let attempt, _) in events.map(\.event)
                    where attempt == AttemptID(step: "second", number: 1) {
                        RunScene.killSupervisor(in: directory.path.appending(place.rawValue))
                        kills.withLock { $0 += 1 }
                    }
                }))
        guard case .closed = try await runner.run() else { throw EngineError(.runner, "the run was not closed") }
        let events = try JournalReader.read(at: directory.journal).events.map(\.event)
        guard case .runClosed(.succeeded, _)? = events.last else {
            throw EngineError(.runner, "it ended so: \(events.suffix(4))")
        }
        #expect(kills.withLock { $0 } == 1)
        #expect(events.contains { if case .supervisorLost(place, _) = $0 { true } else { false } })
        let work = directory.path.appending("work")
        let counts = try ["first", "second", "third"].map { name in
            try DurableFile.read(at: work.appending(name), limit: 100).filter { $0 == UInt8(ascii: "\n") }.count
        }
        // What had succeeded does not run again; what was in doubt does, once, being idempotent.
        #expect(counts[0] == 1 && counts[1] <= 2 && counts[2] == 1, "\(counts)")
        let verdicts = events.compactMap { if case .isolationChecked(let report) = $0 { report.verdict } else { nil } }
        #expect(!verdicts.isEmpty && verdicts.allSatisfy { $0 == .demonstrated })
    }
}
