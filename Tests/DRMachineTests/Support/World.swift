import DRCrypto
import DRMachine
import DRRunbook

/// SplitMix64: small, seeded, the same everywhere.
struct Dice {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }
    mutating func oneIn(_ odds: Int) -> Bool { odds > 0 && below(odds) == 0 }
}

/// A machine with processes, a supervisor with its spool, which may die and be replaced.
struct SimulatedSupervisor {
    var place: Place
    var spool: [SpoolRecord] = []
    var state = SupervisorState()
    var isAlive = false
    /// Processes that live, by attempt.
    var processes: Set<AttemptID> = []
}

/// The world around `RunMachine` and `SupervisorMachine`: a runner, supervisors, processes, people, time.
/// What happens is decided by dice, or in one fixed order without them.
struct World {
    let plan: Plan
    var journal: [JournaledEvent] = []
    var state: RunState
    var now = Moment(wall: 1_800_000_000_000_000_000, boot: 1_000_000_000_000, bootID: "boot-1")
    var epoch = 0
    var supervisors: [Place: SimulatedSupervisor] = [:]
    var connected: Set<Place> = []
    /// What supervisors told the living runner and it has not read yet.
    var inbox: [Input] = []
    var performed: Set<Action> = []
    /// How often the process of an attempt was started.
    var spawns: [AttemptID: Int] = [:]
    /// Steps whose effect is there: what a probe finds.
    var effects: Set<StepID> = []
    var requests = 0
    var isConcluded = false
    /// The world before each batch of events, where asked for.
    var history: [(eventsBefore: Int, world: [World])] = []
    var recordsHistory = false
    var checksInvariants = true
    /// Whether a fault may be that somebody has had enough.
    var mayCancel = true
    /// Whether each event is written and read again.
    var checksCodec = false
    /// One in so many attempts fails; 0: none.
    var failureOdds = 0
    var dice: Dice?

    init(plan: Plan, seed: UInt64? = nil, unattended: Bool = false) throws {
        self.plan = plan
        state = RunState(plan: plan)
        dice = seed.map(Dice.init)
        for place in Place.allCases { supervisors[place] = SimulatedSupervisor(place: place) }
        try feed(
            .createRun(
                RunCreated(
                    semantics: RunMachine.semantics, run: "r1", plan: testDigest("aa"), mode: plan.mode,
                    runbook: "test", seed: "000102030405060708090a0b0c0d0e0f", initiatorUID: 1000, initiator: "ada",
                    unattended: unattended, workDirectory: "/w", filesDirectory: "/f")))
    }

    // MARK: The runner

    /// A new runner takes the run up: what is not in the journal is forgotten.
    mutating func startRunner() throws {
        epoch += 1
        connected = []
        inbox = []
        performed = []
        var folded = RunState(plan: plan)
        for event in journal { try RunMachine.apply(&folded, event) }
        state = folded
        try feed(
            .runnerStarted(RunnerIdentity(epoch: epoch, host: "h", pid: 7, bootID: now.bootID, version: "test")))
    }

    /// Decides and makes durable; returns whether anything came of it.
    @discardableResult
    mutating func feed(_ input: Input) throws -> Bool {
        let before: [World] = recordsHistory ? [withoutHistory] : []
        let events = try RunMachine.advance(&state, input, now: now)
        if recordsHistory, !events.isEmpty { history.append((journal.count, before)) }
        for event in events {
            if checksInvariants { try Invariants.check(event, after: journal, plan: plan) }
            guard try !checksCodec || EventCodec.decode(EventCodec.encode(event)) == event else {
                throw ScenarioError("event \(event.number) is not read as it was written")
            }
            journal.append(event)
        }
        return !events.isEmpty
    }

    private var withoutHistory: World {
        var copy = self
        copy.history = []
        copy.recordsHistory = false
        return copy
    }

    /// Performs one outstanding action that was not performed on this connection yet.
    mutating func performNext() throws -> Bool {
        let actions = RunMachine.outstanding(state).filter { action in
            if case .wake = action { return false }
            return !performed.contains(action)
        }
        guard !actions.isEmpty else { return false }
        let action = actions[dice?.below(actions.count) ?? 0]
        performed.insert(action)
        switch action {
        case .connect(let place): try connect(place)
        case .checkIsolation:
            guard let inside = state.supervisors[.inside] else { return true }
            inbox.append(
                .isolationChecked(
                    IsolationReport(generation: inside.generation, verdict: .demonstrated, probes: [])))
        case .start(let id):
            guard let attempt = state.steps[id.step]?.attempt(id) else { return true }
            try ask(attempt.spec.place, .start(epoch: epoch, spec: attempt.spec, secrets: [:]))
        case .stop(let id):
            guard let attempt = state.steps[id.step]?.attempt(id) else { return true }
            try ask(attempt.spec.place, .stop(epoch: epoch, attempt: id))
        case .finish(let place), .ensureGone(let place): try finish(place)
        case .conclude: isConcluded = true
        case .wake: break
        }
        return true
    }

    private mutating func connect(_ place: Place) throws {
        performed.remove(.connect(place))
        performed = performed.filter { action in
            switch action {
            case .start(let id), .stop(let id): state.steps[id.step]?.attempt(id)?.spec.place != place
            case .checkIsolation: false
            default: true
            }
        }
        try revive(place)
        connected.insert(place)
        try ask(place, .hello(run: "r1", epoch: epoch, journalHead: nil))
    }

    private mutating func finish(_ place: Place) throws {
        if supervisors[place]?.isAlive == true {
            connected.insert(place)
            try ask(place, .hello(run: "r1", epoch: epoch, journalHead: nil))
            try ask(place, .finish(epoch: epoch))
        }
        if supervisors[place]?.isAlive != true { try gone(place) }
    }

    // MARK: Supervisors

    private mutating func revive(_ place: Place) throws {
        guard var supervisor = supervisors[place], !supervisor.isAlive else { return }
        supervisor.isAlive = true
        let generation = supervisor.state.nextGeneration
        supervisors[place] = supervisor
        try give(
            place,
            .started(
                run: "r1",
                SupervisorIdentity(
                    place: place, pid: 9, startTicks: UInt64(generation), bootID: now.bootID, generation: generation)))
    }

    private mutating func ask(_ place: Place, _ request: SupervisorRequest) throws {
        guard connected.contains(place), supervisors[place]?.isAlive == true else { return }
        try give(place, .asked(request))
    }

    private mutating func give(_ place: Place, _ input: SupervisorInput) throws {
        guard let supervisor = supervisors[place], supervisor.isAlive else { return }
        for action in try SupervisorMachine.decide(supervisor.state, input, now: now) {
            guard supervisors[place]?.isAlive == true else { return }
            try perform(action, at: place)
        }
    }

    private mutating func perform(_ action: SupervisorAction, at place: Place) throws {
        switch action {
        case .spool(let record):
            supervisors[place]?.spool.append(record)
            try supervisors[place]?.state.apply(record)
        case .spawn(let spec, _):
            let isIntended = journal.contains { $0.event == .attemptIntended(spec) }
            guard isIntended || !checksInvariants else {
                throw ScenarioError("\(spec.attempt) was spawned without a durable intent")
            }
            spawns[spec.attempt, default: 0] += 1
            supervisors[place]?.processes.insert(spec.attempt)
            let start = AttemptStart(at: now, pid: 10, startTicks: 2, executable: "/bin/x")
            try give(place, .spawned(spec.attempt, start))
        case .end(let id):
            guard supervisors[place]?.processes.remove(id) != nil else { return }
            try end(id, .stopped, at: place)
        case .endSurvivors(let id, _):
            supervisors[place]?.processes.remove(id)
            try give(place, .gone(id))
        case .reply(.hello(let identity, let attempts)):
            if connected.contains(place) { inbox.append(.supervisorConnected(identity, attempts: attempts)) }
        case .reply(.report(let report)), .announce(let report):
            if connected.contains(place) { inbox.append(.attemptReported(report)) }
        case .reply(.refused(let reason, _)): throw ScenarioError("the supervisor refuses: \(reason)")
        case .reply(.finished): break
        case .exit: supervisors[place]?.isAlive = false
        }
    }

    private mutating func end(_ id: AttemptID, _ result: AttemptEnd.Result, at place: Place) throws {
        var outputs: [String: Value] = [:]
        if result == .exited(0), let spec = supervisors[place]?.state.attempts[id]?.spec {
            outputs = spec.outputs.mapValues { type in
                switch type {
                case .string: .string("/w/site")
                case .integer: .integer(7)
                case .boolean: .boolean(true)
                }
            }
        }
        try give(place, .ended(id, AttemptEnd(at: now, result: result, outputs: outputs, survivors: [])))
    }

    private mutating func gone(_ place: Place) throws {
        connected.remove(place)
        guard let generation = state.lingering[place] else { return }
        if case .stopping(_, _, .closing) = state.status {
            inbox.append(.supervisorGone(place, generation: generation))
        } else {
            inbox.append(.supervisorLost(place, generation: generation))
        }
    }

    /// The supervisor dies; inside, everything dies with it.
    mutating func killSupervisor(_ place: Place) throws {
        guard supervisors[place]?.isAlive == true else { return }
        supervisors[place]?.isAlive = false
        if place == .inside { supervisors[place]?.processes = [] }
        if connected.contains(place) { try gone(place) }
    }

    // MARK: Processes

    /// One process comes to its end by itself; services live on.
    mutating func endProcess() throws -> Bool {
        for place in Place.allCases {
            guard let supervisor = supervisors[place], supervisor.isAlive else { continue }
            let living = supervisor.processes.sorted().filter { id in
                let isService = state.steps[id.step]?.attempt(id)?.spec.isBackground == true
                return !isService
            }
            guard !living.isEmpty else { continue }
            let id = living[dice?.below(living.count) ?? 0]
            supervisors[place]?.processes.remove(id)
            var code: Int32 = dice?.oneIn(failureOdds) == true ? 3 : 0
            switch id.part {
            case .action: effects.insert(id.step)
            case .probe: code = effects.contains(id.step) ? 0 : 1
            case .ready: break
            }
            try end(id, .exited(code), at: place)
            return true
        }
        return false
    }

    /// A service dies by itself.
    mutating func killService() throws {
        for place in Place.allCases {
            guard let supervisor = supervisors[place], supervisor.isAlive else { continue }
            for id in supervisor.processes.sorted() where state.steps[id.step]?.service == id {
                supervisors[place]?.processes.remove(id)
                try end(id, .signalled(9), at: place)
                return
            }
        }
    }

    // MARK: People and time

    /// Somebody answers the first step that waits for it.
    mutating func answer() throws -> Bool {
        if case .paused = state.status {
            return try request(.proceed(reason: "go on", confirmed: state.unconfirmedSteps))
        }
        guard state.status == .running else { return false }
        for step in plan.steps {
            guard let current = state.steps[step.id] else { continue }
            switch current.phase {
            case .asking:
                guard let card = current.card else { continue }
                return try request(
                    card.kind == .approval
                        ? .approve(step: step.id, card: card.digest, comment: nil, breakGlass: false)
                        : .resolve(step: step.id, as: .done, reason: "done", inputs: [:], evidence: []))
            case .held:
                let again = step.effect != .unsafe && dice?.oneIn(2) ?? true
                return try request(
                    .resolve(step: step.id, as: again ? .retry : .skip, reason: "held", inputs: [:], evidence: []))
            case .inDoubt:
                return try request(.resolve(step: step.id, as: .done, reason: "seen", inputs: [:], evidence: []))
            default: continue
            }
        }
        return false
    }

    private mutating func request(_ ask: Request.Ask) throws -> Bool {
        requests += 1
        let request = Request(id: "q\(requests)-\(epoch)", run: "r1", uid: 1000, ask: ask)
        return try feed(.request(AcceptedRequest(request: request, ownerUID: 1000, bytes: "{}")))
    }

    /// Lets the time come that the machine waits for.
    mutating func passTime() throws -> Bool {
        let wakes = RunMachine.outstanding(state).compactMap { if case .wake(let moment) = $0 { moment } else { nil } }
        guard let next = wakes.min(by: { $0.wall < $1.wall }) else { return false }
        if !now.isPast(next) { now = now.advanced(by: next.elapsed(since: now)) }
        return try feed(.tick)
    }

    /// Reads what was told first.
    mutating func read() throws -> Bool {
        guard !inbox.isEmpty else { return false }
        let input = inbox.removeFirst()
        if case .supervisorLost(let place, _) = input { performed.remove(.connect(place)) }
        try feed(input)
        return true
    }

    // MARK: Going on

    /// Goes on until the run is concluded.
    mutating func finish(steps limit: Int = 20_000, faults: Bool = false) throws {
        var count = 0
        while !isConcluded {
            count += 1
            guard count < limit else {
                throw ScenarioError(
                    "the run does not end: \(state.status), \(RunMachine.outstanding(state)), \(state.openSteps)")
            }
            if faults, try fault() { continue }
            try goOn()
        }
        let living = supervisors.values.flatMap(\.processes)
        guard living.isEmpty else { throw ScenarioError("the run is closed, and \(living) live on") }
    }

    private mutating func goOn() throws {
        let order = dice?.below(4) ?? 0
        if order == 1, try endProcess() { return }
        if order == 2, try performNext() { return }
        if try read() { return }
        if try performNext() { return }
        if try endProcess() { return }
        if try answer() { return }
        if try passTime() { return }
        // Nobody is told what a supervisor did while nobody was connected: a new runner asks.
        try startRunner()
    }

    private mutating func fault() throws -> Bool {
        guard dice?.oneIn(40) == true else { return false }
        switch dice?.below(6) {
        case 0: try startRunner()
        case 1: try killSupervisor(.inside)
        case 2: try killSupervisor(.outside)
        case 3:
            try killSupervisor(.inside)
            try killSupervisor(.outside)
            try startRunner()
        case 4: try killService()
        default: if mayCancel, dice?.oneIn(8) == true { try feed(.cancel(reason: "enough")) }
        }
        return true
    }
}
