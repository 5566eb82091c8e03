import DRCrypto
import DRMachine
import DRRunbook

/// A run whose inputs are given second by second, decided by the machine itself.
struct TestRun {
    static let start = Moment(wall: 1_800_000_000_000_000_000, boot: 1_000_000_000_000, bootID: "boot-1")
    static var digest: Digest { Digest.of([]) }

    var plan: Plan
    var state: RunState
    var events: [JournaledEvent] = []

    init(mode: RunMode, services: [PlannedService], steps: [PlannedStep]) throws {
        plan = Plan(
            runbook: RunbookIdentity(name: "test", title: "Test", owner: "nobody", digest: Self.digest),
            purpose: .failover, mode: mode, environment: "test", services: services,
            isolation: mode == .drill ? PlannedIsolation(mustNotReach: []) : nil, steps: steps)
        state = RunState(plan: plan)
        try feed(
            0,
            .createRun(
                RunCreated(
                    semantics: RunMachine.semantics, run: "r1", plan: Self.digest, mode: mode, runbook: "test",
                    seed: "00", initiatorUID: 1000, initiator: "ada", unattended: false, workDirectory: "/w",
                    filesDirectory: "/f")))
        try feed(0, .runnerStarted(RunnerIdentity(epoch: 1, host: "h", pid: 7, bootID: "boot-1", version: "test")))
        for place in mode == .drill ? [Place.outside, .inside] : [.outside] {
            try feed(
                0,
                .supervisorConnected(
                    SupervisorIdentity(place: place, pid: 9, startTicks: 1, bootID: "boot-1", generation: 1),
                    attempts: []))
        }
        if mode == .drill {
            try feed(0, .isolationChecked(IsolationReport(generation: 1, verdict: .demonstrated, probes: [])))
        }
    }

    static func at(_ seconds: Int64) -> Moment { start.advanced(by: .seconds(seconds)) }

    mutating func feed(_ seconds: Int64, _ input: Input) throws {
        events += try RunMachine.advance(&state, input, now: Self.at(seconds))
    }

    /// The first attempt of a step, from one second to another.
    mutating func run(
        _ step: StepID, from: Int64, to: Int64, _ outputs: [String: Value] = [:], exit: Int32 = 0
    ) throws {
        let attempt = AttemptID(step: step, number: 1)
        let begin = AttemptStart(at: Self.at(from), pid: 1, startTicks: 1, executable: "/bin/x")
        try feed(from, .attemptReported(AttemptReport(attempt: attempt, phase: .started(begin))))
        let end = AttemptEnd(at: Self.at(to), result: .exited(exit), outputs: outputs, survivors: [])
        try feed(to, .attemptReported(AttemptReport(attempt: attempt, phase: .ended(begin, end))))
    }

    mutating func ask(_ seconds: Int64, _ ask: Request.Ask) throws {
        let request = Request(id: "q\(events.count)", run: "r1", uid: 1000, ask: ask)
        try feed(seconds, .request(AcceptedRequest(request: request, ownerUID: 1000, bytes: "{}")))
    }

    static func service(rto: Int64? = nil, rpo: Int64? = nil, mtd: Int64? = nil) -> PlannedService {
        PlannedService(
            name: "orders", tier: 1, owner: "sre", recoveryTimeObjective: rto.map(TimeSpan.seconds),
            recoveryPointObjective: rpo.map(TimeSpan.seconds), maximumTolerableDowntime: mtd.map(TimeSpan.seconds),
            from: .disrupted, to: .proven)
    }

    static func step(_ id: StepID, needs: [StepID] = [], change: (inout PlannedStep) -> Void = { _ in }) -> PlannedStep
    {
        var step = PlannedStep(
            id: id, title: id.rawValue, action: .run(.argv([Template("x")])), needs: needs.map { Need(step: $0) },
            effect: .idempotent, onFailure: .continue, digest: digest)
        change(&step)
        return step
    }
}
