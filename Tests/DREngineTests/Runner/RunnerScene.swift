import DRCrypto
import DREngine
import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import DRTestSupport
import Synchronization
import SystemPackage
import Testing

/// A run with fake supervisors and a real journal, under a folder that a process after a kill finds again.
struct RunnerScene {
    let folder: FilePath
    let time: SystemTimeSource
    var directory: RunDirectory { RunDirectory(at: RunDirectory.all(in: folder).appending("r1")) }

    /// Opens what `make` left.
    init(at folder: FilePath) throws {
        self.folder = folder
        time = try SystemTimeSource()
    }

    /// A run of these steps.
    static func make(
        _ steps: [PlannedStep], in folder: FilePath, mode: RunMode = .real, width: Int = 8,
        secrets: [String: SecretReference] = [:]
    ) throws -> RunnerScene {
        let scene = try RunnerScene(at: folder)
        let plan = Plan(
            runbook: RunbookIdentity(name: "test", title: "Test", owner: "nobody", digest: .of("test")),
            purpose: .rehearsal, mode: mode, environment: "here",
            isolation: mode == .drill ? PlannedIsolation(mustNotReach: []) : nil, steps: steps, secrets: secrets,
            width: width)
        let options = RunCreation.Options(
            unattended: false, initiatorUID: Host.effectiveUID, initiator: "tester",
            seed: String(repeating: "0", count: 32))
        _ = try RunCreation(plan, options: options, now: scene.time.moment(), file: { _ in nil }).make("r1", in: folder)
        return scene
    }

    static func step(
        _ id: StepID, needs: [StepID] = [], effect: Effect = .read, env: [String: EnvironmentValue] = [:]
    ) -> PlannedStep {
        PlannedStep(
            id: id, title: "\(id)", action: .run(.argv([Template("true")])), needs: needs.map { Need(step: $0) },
            effect: effect,
            probe: effect == .checkable ? .run(.argv([Template("true")])) : nil, env: env, digest: .of("\(id)"))
    }

    func supervisors(_ behaviour: FakeSupervisors.Behaviour = .init()) throws -> FakeSupervisors {
        let place = folder.appending("fake")
        try DurableFile.makeDirectory(at: place)
        return try FakeSupervisors(in: place, time: time, behaviour: behaviour)
    }

    func runner(
        _ supervisors: FakeSupervisors, onCommit: @escaping @Sendable ([JournaledEvent]) -> Void = { _ in }
    ) async throws -> Runner {
        try await runner(access: supervisors, probe: NoIsolation(), onCommit: onCommit)
    }

    func runner(
        access: any SupervisorAccess, probe: any IsolationProbing,
        onCommit: @escaping @Sendable ([JournaledEvent]) -> Void = { _ in }
    ) async throws -> Runner {
        try await Runner(
            Runner.Configuration(
                directory: directory, access: access, isolationProbe: probe, time: time, version: "test",
                onCommit: onCommit))
    }

    func contents() throws -> JournalContents { try JournalReader.verify(at: directory.journal) }

    /// The state that the journal's events lead to.
    func state() throws -> RunState {
        let contents = try contents()
        let bytes = try DurableFile.read(at: directory.plan, limit: 1 << 20)
        var state = RunState(plan: try RunCreation.plan(bytes, of: contents))
        for event in contents.events { try RunMachine.apply(&state, event) }
        return state
    }

    /// Leaves a request in this process's name.
    func ask(_ ask: Request.Ask) throws {
        let id = try SecureRandom.bytes(16).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
        try RequestBox(of: directory).leave(Request(id: id, run: "r1", uid: Host.effectiveUID, ask: ask))
    }
}
