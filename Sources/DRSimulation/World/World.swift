import DRCrypto
import DRMachine
import DRRunbook

/// One run in a simulated world: runners, supervisors, processes, a disk, people, and clocks that jump.
///
/// Everything that happens is drawn from the seed; the machines are the real ones. The shells around them (runner,
/// supervisor) are written here once more, as thin as in `DREngine`.
final class World {
    let seed: UInt64
    /// The one that the run began with.
    let firstPlan: Plan
    /// The one in force, as far as it is known to be durable.
    var plan: Plan
    let rates: FaultRates
    let isUnattended: Bool

    // Time
    /// Nanoseconds since the world began; nothing inside sees it.
    var time: Int64 = 0
    private var bootedAt: Int64 = -1_000 * .second
    var wallOffset: Int64 = 1_800_000_000 * .second
    private var boots = 1
    private var bootID = "boot-1"
    /// The machine sleeps until then.
    var asleepUntil: Int64 = 0
    var timeline = Timeline<Happening>()
    var haveFaultsEnded = false

    // The machine
    var journal: SimulatedJournal
    var isDiskFullUntil: Int64 = 0
    var doesNextSyncFail = false
    var engines: [SimulatedEngine]
    var lastStarted = 0
    var supervisors: [Place: SimulatedSupervisor] = [:]
    var processes: [AttemptID: SimulatedProcess] = [:]
    var lines: [Line] = []
    /// Steps whose effect is there.
    var effects: Set<StepID> = []

    // People
    var requestFiles: [String: AcceptedRequest] = [:]
    var requestCount = 0
    var isOperatorComing = false

    var network: Dice
    var disk: Dice
    var fate: Dice
    var people: Dice

    let checker: Checker
    var statistics = Statistics()
    /// Nobody can go on with the run: its journal cannot be believed.
    var isLost = false
    var happenings = 0
    /// What happened, for people; only where asked for.
    var story: [String]?

    static let runID = "run"
    private static let limit = 200_000

    init(seed: UInt64, plan: Plan, rates: FaultRates) throws {
        self.seed = seed
        firstPlan = plan
        self.plan = plan
        self.rates = rates
        var dice = Dice(seed, .operators)
        isUnattended = dice.oneIn(4)
        network = Dice(seed, .network)
        disk = Dice(seed, .disk)
        fate = Dice(seed, .faults)
        people = Dice(seed, .people)
        journal = SimulatedJournal(isBytes: rates.journalIsBytes, syncsLie: rates.syncsLie)
        engines = [SimulatedEngine](repeating: SimulatedEngine(state: RunState(plan: plan)), count: rates.engineCount)
        for place in Place.allCases { supervisors[place] = SimulatedSupervisor() }
        checker = Checker(plan: plan, syncsLie: rates.syncsLie)
        try create()
    }

    private func create() throws {
        var state = RunState(plan: plan)
        let created = RunCreated(
            semantics: RunMachine.semantics, run: Self.runID, plan: Digest.of("plan"), mode: plan.mode,
            runbook: plan.runbook.name, seed: String(seed), initiatorUID: 1000, initiator: "ada",
            unattended: isUnattended, workDirectory: "/w", filesDirectory: "/f")
        let events = try RunMachine.advance(&state, .createRun(created), now: now)
        try journal.write(events, epoch: 0)
        var honest = Dice(1)
        journal.sync(&honest)
        try checker.acknowledge(events, in: self)
    }

    // MARK: Time

    var now: Moment { Moment(wall: time + wallOffset, boot: time - bootedAt, bootID: bootID) }

    /// When a moment is there, as far as can be said now.
    func time(of due: Moment) -> Int64 {
        let byWall = due.wall - wallOffset
        return due.bootID == bootID ? min(byWall, due.boot + bootedAt) : byWall
    }

    func after(_ delay: Int64, _ happening: Happening) { timeline.add(happening, at: time + delay) }

    func reboot(downFor: Int64) {
        boots += 1
        bootID = "boot-\(boots)"
        bootedAt = time + downFor
        asleepUntil = time + downFor
    }

    func tell(_ text: @autoclosure () -> String) {
        if story != nil { story?.append("\(Self.seconds(time))  \(text())") }
    }

    private static func seconds(_ time: Int64) -> String {
        let milliseconds = String(time / .millisecond % 1000)
        return "\(time / .second).\(String(repeating: "0", count: 3 - milliseconds.count))\(milliseconds)"
    }

    // MARK: The course of things

    /// Runs until the run is closed and the world quiet.
    /// - Throws: `Violation` for the first invariant that does not hold.
    func run() throws {
        for (fault, gap) in rates.meanGaps.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            after(fate.time(0...2 * gap), .fault(fault))
        }
        after(rates.lastFault, .faultsEnd)
        callOperator(within: .second)
        while let (due, happening) = timeline.next() {
            time = max(time, due, asleepUntil)
            happenings += 1
            guard happenings < Self.limit else {
                throw Violation(.runsEnd, "after \(Self.limit) happenings the run is \(lastKnown.status.words)")
            }
            try take(happening)
            if isLost { return }
        }
        try checker.finish(self)
    }

    private func take(_ happening: Happening) throws {
        switch happening {
        case .operatorLooks: try operatorLooks()
        case .turn(let engine, let life): try turn(engine, life)
        case .synced(let engine, let life): try synced(engine, life)
        case .timer(let engine, let life, let serial): try timerFires(engine, life, serial)
        case .scan(let engine, let life): scan(engine, life)
        case .settle(let ids): for id in ids { requestFiles[id] = nil }
        case .connecting(let engine, let life, let place, let tries): try connecting(engine, life, place, tries)
        case .isolationAnswered(let engine, let life, let generation):
            isolationAnswered(engine, life, generation)
        case .finishing(let engine, let life, let place, let generation):
            try finishing(engine, life, place, generation)
        case .toSupervisor(let line, let request): try toSupervisor(line, request)
        case .toEngine(let line, let reply): try toEngine(line, reply)
        case .hungUp(let line): try hungUp(line)
        case .spawn(let place, let life, let spec): try spawn(place, life, spec)
        case .deadline(let place, let life, let attempt): deadline(place, life, attempt)
        case .kill(let attempt): try end(attempt, with: .signalled(9))
        case .processEnds(let attempt): try end(attempt, with: nil)
        case .effect(let attempt): if processes[attempt]?.isLive == true { effects.insert(attempt.step) }
        case .reap(let place, let life, let attempt): try reap(place, life, attempt)
        case .survivorsGone(let place, let life, let attempt): try survivorsGone(place, life, attempt)
        case .person(let answer): act(answer)
        case .fault(let fault): try strike(fault)
        case .faultsEnd:
            haveFaultsEnded = true
            after(0, .diligence)
        case .diligence: beDiligent()
        }
    }

    /// What the last runner that was started knows, or knew.
    var lastKnown: RunState { _read { yield engines[lastStarted].state } }

    var isClosed: Bool { checker.isClosed }
}

/// What a run went through.
package struct Statistics: Sendable {
    package var events = 0
    package var resumes = 0
    package var processes = 0
    package var happenings = 0
    package var faults: [FaultRates.Fault: Int] = [:]
    package var outcome = ""

    /// Adds what another run went through.
    package mutating func add(_ other: Statistics) {
        events += other.events
        resumes += other.resumes
        processes += other.processes
        happenings += other.happenings
        faults.merge(other.faults, uniquingKeysWith: +)
    }
}
