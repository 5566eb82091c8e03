package import DRRunbook

/// The state of a run: a pure function of plan and journal.
package struct RunState: Sendable, Equatable {
    package internal(set) var created: RunCreated?
    package internal(set) var status: RunStatus = .starting
    package internal(set) var runner: RunnerIdentity?
    /// The supervisors that the living runner is connected to.
    package internal(set) var supervisors: [Place: SupervisorIdentity] = [:]
    /// Supervisors that are not known to be gone, by generation, whoever connected to them.
    package internal(set) var lingering: [Place: Int] = [:]
    package internal(set) var isolation: IsolationReport?
    /// Every step of the plan: main, rollback and cleanup.
    package internal(set) var steps: StepStates
    package internal(set) var clocks: [ClockMark] = []
    package internal(set) var losses: [LossMeasure] = []
    package internal(set) var resyncs: [ResyncRecord] = []
    package internal(set) var appliedRequests: Set<String> = []
    package internal(set) var refusedRequests: Set<String> = []
    /// Cleanup that a person has to see to, with the reason; settled ones are gone from here.
    package internal(set) var owedCleanup: [StepID: String] = [:]
    package internal(set) var notes: [String] = []
    /// Number of the last event applied.
    package internal(set) var lastEvent: Int = 0
    package internal(set) var firstAt: Moment?
    package internal(set) var lastAt: Moment?

    /// The supervisors are there and, in a drill, isolation was shown: steps may start.
    package internal(set) var isOpen = false
    /// Something was started, shown or skipped; before that, a run can still be refused.
    package internal(set) var hasBegun = false
    /// Something may have been done in the world: a drill owes its cleanup.
    package internal(set) var hasIntended = false
    /// What is known of the plan's dependencies; those that nobody asked for yet are not there.
    package internal(set) var breakers: [String: Breaker] = [:]
    /// How far a rollback is; nil: there was none.
    package internal(set) var rollback: Rollback?
    /// The last event was this request, and what it asks for has not followed yet.
    var unansweredRequest: AcceptedRequest?
    /// What expressions may name: `run.directory`, `steps.backup.outputs.snapshot`.
    var values: [String: Value] = [:]
    let topology: Topology
    var progress: Progress

    /// The state before the first event.
    package init(plan: Plan) {
        topology = Topology(plan)
        progress = Progress(topology)
        steps = StepStates(topology)
    }

    /// The plan in force.
    package var plan: Plan { topology.plan }

    /// The steps of a rollback that was begun, in their order.
    package var rollbackSteps: [PlannedStep] {
        guard case .begun(let order) = rollback else { return [] }
        return order.compactMap { topology.positions[$0].map { topology.steps[$0] } }
    }

    /// Finished steps of which a person has to say that they still hold, before the run goes on.
    package var unconfirmedSteps: [StepID] {
        progress.doubted.values.filter { !canProbe($0) }.map { topology.steps[$0].id }
    }

    /// Whether a request was carried out or refused; its file may go.
    package func hasAnswered(_ request: String) -> Bool {
        appliedRequests.contains(request) || refusedRequests.contains(request)
    }

    /// Steps that have begun and are not over: under way, waiting, or with somebody.
    package var activeSteps: [StepID] { progress.active.values.map { topology.steps[$0].id } }

    /// The plan's steps that are not over, in declared order: what is still to come.
    package var openSteps: [StepID] {
        topology.steps[..<topology.mainCount].map(\.id).filter { steps[$0]?.phase.isOver != true }
    }
}

/// Where a run as a whole stands.
package enum RunStatus: Sendable, Equatable {
    case starting
    case running
    case paused(reason: String)
    case stopping(StopCause, reason: String, stage: StopStage)
    case closed(RunOutcome, reason: String)
}

/// The one order in which a run ends.
package enum StopStage: Int, Sendable, Comparable {
    case endingAttempts, rollback, cleanup, stoppingServices, closing

    package static func < (one: StopStage, other: StopStage) -> Bool { one.rawValue < other.rawValue }
}

/// How far the rollback of a run is.
package enum Rollback: Sendable, Equatable {
    /// Somebody is asked whether to; after `due` nobody is.
    case asked(due: Moment?)
    /// These are undone, one after the other.
    case begun([StepID])
    case declined(reason: String)
}

/// The steps' states, in the plan's order, cleanup last.
package struct StepStates: Sendable, Equatable {
    private let positions: [StepID: Int]
    package internal(set) var values: [StepState]

    init(_ topology: Topology) {
        positions = topology.positions
        values = [StepState](repeating: StepState(), count: topology.steps.count)
    }

    /// nil for what is no step of the plan.
    package subscript(id: StepID) -> StepState? { positions[id].map { values[$0] } }

    package static func == (one: StepStates, other: StepStates) -> Bool { one.values == other.values }
}

/// Where a step stands, and all that it has been through.
package struct StepState: Sendable, Equatable {
    package var phase: StepPhase = .pending
    package var attempts: [AttemptState] = []
    package var outputs: [String: Value] = [:]
    package var firstIntendedAt: Moment?
    /// By the supervisor's clock where an attempt ended the step, else by the runner's.
    package var endedAt: Moment?
    @Boxed package var card: Card?
    /// Counted for the card that is shown.
    package var approvals: [Approval] = []
    /// Who said that the card that is shown was seen; nil: nobody.
    package var acknowledgedBy: String?
    /// The background process that lives, if any.
    package var service: AttemptID?
    package var isServiceStopping = false

    /// The number of the event that first showed that it did something; later ones are undone first.
    var actedAt: Int?
    /// From when `within` counts: the first attempt, or the one that a person's `retry` led to.
    var withinFrom: Moment?
    /// Attempts that failed, and attempts that were lost in a row, since then.
    var failures = 0
    var losses = 0
    /// Services that were lost after they had been ready.
    var restarts = 0
    /// It succeeded once; a service that was lost and comes back is not a new success.
    var hasSucceeded = false
    /// It had succeeded when the machine was restarted, and may not hold any more.
    package internal(set) var restartDoubt = RestartDoubt.none
    /// A person said that it is done, and the probe is asked.
    @Boxed var claim: Request?
    /// What its last failure is followed by, and has not been yet.
    var followUp: AfterFailure?
    /// Why its last try failed for good; a card that a person gets instead tells it.
    var failure: String?
    /// Its service was lost, and what follows has not yet.
    var isServiceLost = false

    package init() {}
}

/// Whether it is known that what a finished step did outlived a restart of the machine.
package enum RestartDoubt: Sendable, Equatable {
    case none
    /// Its probe is asked when the run goes on; where it has none, a person confirms it.
    case open
    case probing
}

/// What a step is at now.
package enum StepPhase: Sendable, Equatable {
    case pending
    /// An attempt is intended or under way.
    case running
    case waitingToRetry(due: Moment)
    /// It has no process: it waits for a time, or for a service's end.
    case waiting(due: Moment?)
    /// A card is shown.
    case asking
    case held(reason: String, due: Moment?)
    case inDoubt(AttemptID, reason: String, due: Moment?)
    case succeeded
    case failed(reason: String)
    case skipped(reason: String)

    /// Whether dependents need not wait for it any longer.
    package var isOver: Bool {
        switch self {
        case .succeeded, .failed, .skipped: true
        case .pending, .running, .waitingToRetry, .waiting, .asking, .held, .inDoubt: false
        }
    }

    /// Whether its next attempt waits for nothing but its turn.
    var isReadyToRun: Bool {
        switch self {
        case .pending, .waitingToRetry: true
        default: false
        }
    }

    /// Under way, but not over.
    var isActive: Bool { !isOver && self != .pending }

    /// How it ended, in the words of `needs`; nil while it has not.
    package var outcome: Need.Outcome? {
        switch self {
        case .succeeded: .succeeded
        case .failed: .failed
        case .skipped: .skipped
        case .pending, .running, .waitingToRetry, .waiting, .asking, .held, .inDoubt: nil
        }
    }
}

/// An attempt and what is known of it.
package struct AttemptState: Sendable, Equatable {
    @Shared package var spec: AttemptSpec
    package var intendedAt: Moment
    @Boxed package var start: AttemptStart?
    @Boxed package var end: AttemptEnd?
    /// Nobody knows what became of it.
    package var isLost = false
    /// Why it is being ended before its time.
    package var stopReason: String?

    package init(spec: AttemptSpec, intendedAt: Moment) {
        self.spec = spec
        self.intendedAt = intendedAt
    }

    package var id: AttemptID { spec.attempt }
    /// Intended, and neither ended nor lost.
    package var isLive: Bool { end == nil && !isLost }
}

extension StepState {
    /// The attempt of this id.
    package func attempt(_ id: AttemptID) -> AttemptState? { attempts.last { $0.id == id } }

    /// Attempts under way, the living service not among them.
    var live: [AttemptState] { attempts.filter { $0.isLive && $0.id != service } }

    var lastAction: AttemptState? { attempts.last { $0.id.part == .action } }

    /// The newest question of a kind that was asked about the newest action.
    func last(_ part: AttemptID.Part) -> AttemptState? {
        for attempt in attempts.reversed() {
            if attempt.id.part == part { return attempt }
            if attempt.id.part == .action { return nil }
        }
        return nil
    }

    func nextNumber(_ part: AttemptID.Part) -> Int {
        (attempts.last { $0.id.part == part }?.id.number ?? 0) + 1
    }

    /// Remembers when it first did something.
    mutating func act(in event: Int) { actedAt = actedAt ?? event }

    /// Changes the attempt of this id.
    mutating func update(_ id: AttemptID, _ change: (inout AttemptState) -> Void) {
        if let index = attempts.lastIndex(where: { $0.id == id }) { change(&attempts[index]) }
    }
}
