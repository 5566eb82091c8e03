import DREngine
import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import DRTestSupport
import Glibc
import SystemPackage
import Testing

/// The runner is killed around each of its commits, and another one takes the run up.
@Suite struct RunnerCrashTests {
    static let steps = [
        RunnerScene.step("read"), RunnerScene.step("idempotent", needs: ["read"], effect: .idempotent),
        RunnerScene.step("checkable", needs: ["read"], effect: .checkable),
        RunnerScene.step("unsafe", needs: ["idempotent", "checkable"], effect: .unsafe),
        RunnerScene.step("last", needs: ["unsafe"]),
    ]

    /// Answers in-doubt steps as a person would who looked and saw that it was done.
    private static func finish(_ scene: RunnerScene) async throws -> FakeSupervisors {
        let supervisors = try scene.supervisors()
        let runner = try await scene.runner(supervisors) { events in
            for case .attemptInDoubt(let attempt, _, _) in events.map(\.event) {
                try? scene.ask(.resolve(step: attempt.step, as: .done, reason: "seen", inputs: [:], evidence: []))
            }
        }
        _ = try await runner.run()
        return supervisors
    }

    @Test(arguments: ["journal.beforeWrite", "journal.beforeSync", "journal.afterSync"], Array(1...7))
    func `nothing that succeeded runs again, and nothing unsafe starts twice`(point: String, commit: Int) async throws {
        let folder = try TemporaryDirectory()
        let scene = try RunnerScene.make(Self.steps, in: folder.path)
        let path = folder.path.string
        await #expect(processExitsWith: .signal(SIGKILL)) { [point, commit, path = path as String] in
            let scene = try RunnerScene(at: FilePath(path))
            let supervisors = try scene.supervisors()
            #expect(FaultPoint.arm("\(point):\(commit):kill"))
            _ = try await scene.runner(supervisors).run()
        }
        let before = try JournalReader.read(at: scene.directory.journal)
        let succeeded = before.events.compactMap { event -> StepID? in
            if case .stepSucceeded(let step, _) = event.event { step } else { nil }
        }
        let effectsBefore = try scene.supervisors().effects()

        let supervisors = try await Self.finish(scene)
        let contents = try scene.contents()
        #expect(contents.isClosed)
        #expect(Array(contents.events.prefix(before.events.count)) == before.events)
        for step in Self.steps {
            #expect(try scene.state().steps[step.id]?.phase == .succeeded, "\(step.id)")
        }
        let after = try supervisors.effects().dropFirst(effectsBefore.count)
        #expect(after.allSatisfy { !succeeded.contains($0.step) }, "ran again: \(after)")
        #expect(try supervisors.effects().count { $0.step == "unsafe" } <= 1)
    }

    @Test func `a full disk ends the runner, not the run`() async throws {
        let folder = try TemporaryDirectory()
        let scene = try RunnerScene.make(Self.steps, in: folder.path)
        let path = folder.path.string
        await #expect(processExitsWith: .success) { [path = path as String] in
            let scene = try RunnerScene(at: FilePath(path))
            let supervisors = try scene.supervisors()
            #expect(FaultPoint.arm("journal.beforeWrite:4:ENOSPC"))
            let error = await #expect(throws: JournalError.self) { _ = try await scene.runner(supervisors).run() }
            #expect(error?.code == .diskFull)
        }
        _ = try await Self.finish(scene)
        #expect(try scene.contents().isClosed)
        #expect(try scene.contents().epoch == 2)
    }
}
