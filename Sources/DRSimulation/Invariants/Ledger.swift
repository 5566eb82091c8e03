import DRMachine
import DRRunbook

/// The promises, told as an account of every step: built from events alone, and nothing like `RunState`.
struct Ledger {
    struct Account {
        /// Attempts whose end is not known.
        var live: Set<AttemptID> = []
        var attempts = 0
        /// The last end of an action, a readiness check or a probe, where it is not used up yet.
        var lastEnd: (attempt: AttemptID, result: AttemptEnd.Result)?
        var lost: AttemptID?
        var over: Need.Outcome?
        /// Attempts that failed since a person last asked, and how often people asked.
        var failures = 0
        var askedAgain = 0
        var retryDue: Moment?
        /// A plan was adopted in which it is another step: its next attempt is due at once.
        var isBegunAnew = false
        /// Since when its time for the whole step runs.
        var since: Moment?
        var isHeld = false
        var isInDoubt = false
        /// It failed, and what follows has not yet: nothing else may follow from it.
        var isFailureOpen = false
        var card: Card?
        /// Somebody said that the card that is shown was seen.
        var isAcknowledged = false
        var approvers: Set<String> = []
        var brokeGlass = false
        /// What may live on because nobody can end it, and the journal says so.
        var givenUp: Set<AttemptID> = []
        /// A person says that it is done.
        var isClaimed = false
        var wasShown = false
        var isService = false
        /// It had succeeded when the machine was restarted, and nobody has established that it holds.
        var isDoubted = false
        /// Its probe is asked because of that.
        var isReexamined = false
        var isServiceLost = false
        var hasSucceeded = false
        var isAnswered = false
        /// It began without a process, and until when it waits.
        var hasBegun = false
        var waitsUntil: Moment?
        /// The number of the event that first showed that it did something.
        var acted: Int?
    }

    enum Stage: Int { case starting, running, paused, stopping, rollback, cleanup, closing, closed }

    /// The one in force.
    private(set) var plan: Plan
    private(set) var cleanup: Set<StepID>
    private(set) var rollbacks: Set<StepID>
    private(set) var planned: [StepID: PlannedStep]
    var steps: [StepID: Account] = [:]
    var stage = Stage.starting
    var cause: StopCause?
    var outcome: RunOutcome?
    var epoch = 0
    var bootID: String?
    var insideGeneration = 0
    var isolation: IsolationReport?
    /// What the last gate that was asked, or answered by a person, said of its dependency.
    var isThere: [String: Bool] = [:]
    var hasIntended = false
    var owed: Set<StepID> = []
    /// What is to be undone, in order; nil: no rollback began.
    var undoing: [StepID]?
    var isAskedForRollback = false
    var wasRollbackDeclined = false
    var rollbackDue: Moment?
    /// What people answered: undo, or leave it.
    var rollbackAnswer: Bool?
    var appliedRequests: Set<String> = []
    var refusedRequests: Set<String> = []

    init(_ plan: Plan) {
        self.plan = plan
        cleanup = Set(plan.cleanup.map(\.id))
        planned = Dictionary(plan.allSteps.map { ($0.id, $0) }) { first, _ in first }
        rollbacks = Set(plan.rollbacks.map(\.id))
        for step in plan.allSteps { steps[step.id] = Account() }
    }

    /// Another plan is in force.
    mutating func follow(_ new: Plan) {
        plan = new
        cleanup = Set(new.cleanup.map(\.id))
        planned = Dictionary(new.allSteps.map { ($0.id, $0) }) { first, _ in first }
        rollbacks = Set(new.rollbacks.map(\.id))
    }

    func require(_ holds: Bool, _ invariant: Invariant, _ detail: @autoclosure () -> String) throws {
        if !holds { throw Violation(invariant, detail()) }
    }

    mutating func take(_ entry: JournaledEvent, _ judge: Judge) throws {
        if outcome != nil {
            switch entry.event {
            case .runnerStarted, .supervisorGone, .requestApplied, .requestRefused, .noted, .clockMarked,
                .cleanupSettled:
                break
            default: throw Violation(.endIsClean, "event \(entry.number) follows the end")
            }
        }
        note(entry)
        switch entry.event {
        case .runCreated, .supervisorLost, .supervisorGone, .noted, .clockMarked, .lossMeasured, .resyncRecorded,
            .attemptStopping, .serviceStopping:
            break
        case .runnerStarted, .supervisorReady, .isolationChecked: try takePresence(entry.event)
        case .planAdopted(let adoption): try adopt(adoption)
        case .stepBegan(let step, let due, _): try begin(step, due: due)
        case .attemptIntended(let spec): try intend(spec, entry)
        case .attemptStarted(let id, _):
            try require(judge.isReplay || judge.checker.spawns[id] != nil, .reportsAreTrue, "\(id) never started")
        case .attemptEnded(let id, let end): try finish(id, end, judge)
        case .attemptLost(let id, let reason): try lose(id, isGivenUp: reason.hasPrefix("nobody can ask"), judge)
        case .attemptInDoubt(let id, _, _): try doubt(id)
        case .retryScheduled(let step, let due, _): try retry(step, due)
        case .stepSucceeded(let step, _): try succeed(step, at: entry.at)
        case .stepFailed(let step, _, let policy): try fail(step, policy)
        case .stepSkipped(let step, _): try skip(step)
        case .stepHeld(let step, _, _): hold(step)
        case .cardShown(let card): try show(card)
        case .cardExpired(let step, let digest): try expire(step, digest, entry)
        case .approvalCounted(let step, let approval): try count(step, approval, entry, judge)
        case .serviceLost(let step, let attempt): try lose(step, service: attempt)
        case .serviceStopped(let step, let attempt): try stop(step, service: attempt)
        case .requestApplied(let request): try apply(request, judge)
        case .requestRefused(let id, _, _):
            try require(
                !appliedRequests.contains(id), .requestsAreAnswered, "request \(id) is refused after it was applied")
            refusedRequests.insert(id)
        case .runPaused, .runProceeded, .stoppingBegan, .rollbackAsked, .rollbackBegan, .rollbackDeclined,
            .cleanupBegan, .cleanupOwed, .cleanupSettled, .closingBegan,
            .runClosed:
            try takeRun(entry)
        }
    }

    /// Remembers which steps did something, and in which order.
    private mutating func note(_ entry: JournaledEvent) {
        switch entry.event {
        case .attemptStarted(let id, _), .attemptLost(let id, _):
            if steps[id.step]?.acted == nil { steps[id.step]?.acted = entry.number }
        case .stepSucceeded(let id, _): if steps[id]?.acted == nil { steps[id]?.acted = entry.number }
        default: break
        }
    }

    private mutating func takePresence(_ event: Event) throws {
        switch event {
        case .runnerStarted(let runner):
            try require(runner.epoch == epoch + 1, .oneRunnerAnEpoch, "epoch \(runner.epoch) follows \(epoch)")
            epoch = runner.epoch
            if let bootID, bootID != runner.bootID { doubtFinishedSteps() }
            bootID = runner.bootID
        case .supervisorReady(let identity):
            if identity.place == .inside { insideGeneration = identity.generation }
            if !plan.hasInside, stage == .starting { stage = .running }
        case .isolationChecked(let report):
            isolation = report
            if stage == .starting, allows(report.verdict) { stage = .running }
        default: break
        }
    }
}
