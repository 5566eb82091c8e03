import DRMachine
import DRRunbook

/// The promises, told as an account of every step: built from events alone, and nothing like `RunState`.
struct Ledger {
    struct Account {
        /// Attempts whose end is not known.
        var live: Set<AttemptID> = []
        var started: Set<AttemptID> = []
        var attempts = 0
        /// The last end of an action, a readiness check or a probe, where it is not used up yet.
        var lastEnd: (attempt: AttemptID, result: AttemptEnd.Result)?
        var lost: AttemptID?
        var over: Need.Outcome?
        /// Attempts that failed since a person last asked, and how often people asked.
        var failures = 0
        var askedAgain = 0
        var retryDue: Moment?
        /// Since when its time for the whole step runs.
        var since: Moment?
        var isHeld = false
        var isInDoubt = false
        var card: Card?
        var approvers: Set<String> = []
        var brokeGlass = false
        /// What may live on because nobody can end it, and the journal says so.
        var givenUp: Set<AttemptID> = []
        /// A person says that it is done.
        var isClaimed = false
        var wasShown = false
        var isService = false
        var isServiceLost = false
        var hasSucceeded = false
        var isAnswered = false
    }

    enum Stage: Int { case starting, running, paused, stopping, cleanup, closing, closed }

    private let plan: Plan
    private let cleanup: Set<StepID>
    private let planned: [StepID: PlannedStep]
    var steps: [StepID: Account] = [:]
    private(set) var stage = Stage.starting
    private(set) var cause: StopCause?
    private(set) var outcome: RunOutcome?
    private(set) var epoch = 0
    private(set) var insideGeneration = 0
    private(set) var isolation: IsolationReport?
    private(set) var hasIntended = false
    private(set) var owed: Set<StepID> = []
    private(set) var appliedRequests: Set<String> = []
    private(set) var refusedRequests: Set<String> = []

    init(_ plan: Plan) {
        self.plan = plan
        cleanup = Set(plan.cleanup.map(\.id))
        planned = Dictionary((plan.steps + plan.cleanup).map { ($0.id, $0) }) { first, _ in first }
        for step in plan.steps + plan.cleanup { steps[step.id] = Account() }
    }

    private func require(_ holds: Bool, _ invariant: Invariant, _ detail: @autoclosure () -> String) throws {
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
        switch entry.event {
        case .runCreated, .supervisorLost, .supervisorGone, .noted, .clockMarked, .lossMeasured, .resyncRecorded, .attemptStopping:
            break
        case .runnerStarted(let runner):
            try require(runner.epoch == epoch + 1, .oneRunnerAnEpoch, "epoch \(runner.epoch) follows \(epoch)")
            epoch = runner.epoch
        case .supervisorReady(let identity):
            if identity.place == .inside { insideGeneration = identity.generation }
            if plan.mode == .real, stage == .starting { stage = .running }
        case .isolationChecked(let report):
            isolation = report
            if stage == .starting, allows(report.verdict) { stage = .running }
        case .attemptIntended(let spec): try intend(spec, entry, judge)
        case .attemptStarted(let id, _):
            try require(
                judge.isReplay || judge.checker.spawns[id] != nil, .reportsAreTrue, "\(id) never started")
            steps[id.step]?.started.insert(id)
        case .attemptEnded(let id, let end): try finish(id, end, judge)
        case .attemptLost(let id, let reason): try lose(id, isGivenUp: reason.hasPrefix("nobody can ask"), judge)
        case .attemptInDoubt(let id, _, _):
            try require(steps[id.step]?.lost == id, .reportsAreTrue, "\(id) is in doubt, and was not lost")
            steps[id.step]?.isInDoubt = true
            steps[id.step]?.isClaimed = false
        case .retryScheduled(let step, let due, _): try retry(step, due)
        case .stepSucceeded(let step, _): try succeed(step)
        case .stepFailed(let step, _, _):
            try require(steps[step]?.over == nil, .successIsFinal, "\(step) fails, and was over")
            try require(hasNothingLive(step), .reportsAreTrue, "\(step) fails while its attempt is under way")
            steps[step]?.over = .failed
        case .stepSkipped(let step, _): try skip(step)
        case .stepHeld(let step, _, _):
            steps[step]?.over = nil
            steps[step]?.isHeld = true
            steps[step]?.isClaimed = false
            steps[step]?.card = nil
            steps[step]?.isServiceLost = false
        case .cardShown(let card): try show(card, entry)
        case .cardExpired(let step, let digest):
            let card = steps[step]?.card
            try require(card?.digest == digest, .approvalsAreGenuine, "a card of \(step) expires that nobody sees")
            try require(
                card?.due.map(entry.at.isPast) ?? false, .approvalsAreGenuine, "a card of \(step) expires early")
            steps[step]?.card = nil
            steps[step]?.approvers = []
        case .approvalCounted(let step, let approval): try count(step, approval, entry, judge)
        case .serviceLost(let step, let attempt):
            try requireOver(attempt)
            steps[step]?.isService = false
            steps[step]?.isServiceLost = true
            steps[step]?.over = nil
        case .serviceStopping: break
        case .serviceStopped(let step, let attempt):
            try requireOver(attempt)
            steps[step]?.isService = false
            steps[step]?.over = .succeeded
        case .requestApplied(let request): try apply(request, judge)
        case .requestRefused(let id, _, _):
            try require(
                !appliedRequests.contains(id), .requestsAreAnswered, "request \(id) is refused after it was applied")
            refusedRequests.insert(id)
        case .runPaused:
            try require(stage == .starting || stage == .running, .pauseHolds, "a pause in stage \(stage)")
            stage = .paused
        case .runProceeded:
            try require(stage == .paused, .pauseHolds, "the run goes on, and was not paused")
            stage = hasOpened ? .running : .starting
        case .stoppingBegan(let why, _):
            try require(stage.rawValue < Stage.stopping.rawValue, .stoppingOrder, "the run stops twice")
            stage = .stopping
            cause = why
            if why == .finished { try requireFinished() }
        case .cleanupBegan:
            try require(stage == .stopping, .stoppingOrder, "cleanup begins in stage \(stage)")
            try requireNothingUnderWay()
            stage = .cleanup
        case .cleanupOwed(let step, _):
            try require(cleanup.contains(step), .stoppingOrder, "\(step) is no cleanup, and owed")
            try require(hasNothingLive(step), .reportsAreTrue, "\(step) is owed while its attempt is under way")
            steps[step]?.over = .failed
            owed.insert(step)
        case .cleanupSettled(let step, _, _): owed.remove(step)
        case .closingBegan:
            try require(stage == .stopping || stage == .cleanup, .stoppingOrder, "closing begins in stage \(stage)")
            try requireReadyToClose()
            stage = .closing
        case .runClosed(let end, _): try close(end)
        }
    }

    // MARK: Attempts

    private mutating func intend(_ spec: AttemptSpec, _ entry: JournaledEvent, _ judge: Judge) throws {
        let id = spec.attempt
        guard let step = planned[id.step], let account = steps[id.step] else {
            throw Violation(.orderAndWidth, "\(id) is of no step")
        }
        hasIntended = true
        steps[id.step]?.live.insert(id)
        if id.part == .ready {
            try require(!account.live.isEmpty, .orderAndWidth, "\(id) asks for a process that is not there")
            return
        }
        try require(account.live.isEmpty, .startedOnce, "\(id) is intended while another attempt is under way")
        steps[id.step]?.lastEnd = nil
        if id.part == .probe {
            try require(
                account.isClaimed || account.lost != nil, .orderAndWidth, "\(id) asks without a reason to")
            return
        }
        try require(id.number == account.attempts + 1, .startedOnce, "\(id) follows attempt \(account.attempts)")
        try require(account.over == nil, .successIsFinal, "\(id) is intended, and its step is over")
        try require(
            !account.hasSucceeded || account.retryDue != nil, .successIsFinal, "\(id) is intended after a success")
        if account.attempts > 0 {
            guard let due = account.retryDue else {
                throw Violation(.retriesAsDeclared, "\(id) is intended, and no retry was scheduled")
            }
            try require(entry.at.isPast(due), .retriesAsDeclared, "\(id) is intended before its retry is due")
        }
        try require(!account.isHeld && !account.isInDoubt, .retriesAsDeclared, "\(id) is intended, and waits for a person")
        if let within = step.within, let since = account.since {
            try require(
                !entry.at.isPast(since.advanced(by: within)), .retriesAsDeclared,
                "\(id) is intended, and the time for the whole step is over")
        }
        steps[id.step]?.since = account.since ?? entry.at
        steps[id.step]?.attempts += 1
        steps[id.step]?.retryDue = nil
        steps[id.step]?.lost = nil
        if spec.place == .inside { try requireIsolation(id, plan) }
        if cleanup.contains(id.step) {
            try require(stage == .cleanup, .stoppingOrder, "\(id) is intended in stage \(stage)")
            for other in plan.cleanup.prefix(while: { $0.id != id.step }) {
                try require(steps[other.id]?.over != nil, .stoppingOrder, "\(id) is intended before \(other.id) is over")
            }
            return
        }
        try require(stage == .running, stage == .paused ? .pauseHolds : .stoppingOrder, "\(id) is intended in stage \(stage)")
        try requireNeeds(step)
        let busy = plan.steps.count { other in
            guard let account = steps[other.id] else { return false }
            return !account.isService && account.live.contains { $0.part != .probe }
        }
        // A probe that a person asks for is not made to wait.
        try require(busy <= plan.width, .orderAndWidth, "\(busy) steps are under way, \(plan.width) may be")
    }

    private func requireNeeds(_ step: PlannedStep) throws {
        for need in step.needs {
            guard let end = steps[need.step]?.over, need.accept.contains(end) else {
                throw Violation(
                    .orderAndWidth, "\(step.id) starts, and \(need.step) is \(steps[need.step]?.over?.rawValue ?? "not over")")
            }
        }
        try require(step.skipInDrill == nil, .orderAndWidth, "\(step.id) starts, and drills leave it out")
    }

    private mutating func finish(_ id: AttemptID, _ end: AttemptEnd, _ judge: Judge) throws {
        try require(steps[id.step]?.live.contains(id) == true, .reportsAreTrue, "\(id) ends, and is not under way")
        steps[id.step]?.live.remove(id)
        steps[id.step]?.lastEnd = (id, end.result)
        // A disk that forgot an attempt makes another one of the same number.
        guard !judge.world.rates.syncsLie else { return }
        let truth = judge.checker.results[id]
        let neverStarted = judge.checker.spawns[id] == nil && end.result == .stopped
        try require(
            truth == end.result || neverStarted, .reportsAreTrue,
            "\(id) ended with \(truth.map { "\($0)" } ?? "nothing"), and the journal says \(end.result)")
        if id.part == .action, !end.succeeded, steps[id.step]?.isService == false { steps[id.step]?.failures += 1 }
    }

    /// - Parameter isGivenUp: no supervisor can be had to ask, and the run says so and ends.
    private mutating func lose(_ id: AttemptID, isGivenUp: Bool, _ judge: Judge) throws {
        try require(steps[id.step]?.live.contains(id) == true, .reportsAreTrue, "\(id) is lost, and was not under way")
        steps[id.step]?.live.remove(id)
        if id.part == .action { steps[id.step]?.lost = id }
        guard !judge.isReplay, !judge.world.rates.syncsLie else { return }
        if isGivenUp {
            steps[id.step]?.givenUp.insert(id)
            return
        }
        try require(
            judge.world.processes[id]?.isLive != true, .lostIsGone, "\(id) is taken as lost, and its process lives")
    }

    private mutating func retry(_ id: StepID, _ due: Moment) throws {
        guard let step = planned[id], let account = steps[id] else { return }
        try require(account.live.isEmpty, .startedOnce, "\(id) is to be tried again while its attempt is under way")
        let wasAsked = account.isAnswered
        if !wasAsked {
            try require(!account.isHeld && !account.isInDoubt, .retriesAsDeclared, "\(id) is tried again unasked")
            if account.lost != nil {
                let hasProbed = account.lastEnd?.attempt.part == .probe && account.lastEnd?.result == .exited(1)
                try require(
                    step.effect == .read || step.effect == .idempotent || (step.effect == .checkable && hasProbed),
                    .unsafeRunsOnce, "\(id) is \(step.effect.rawValue), was lost, and is run again")
            } else if !account.isServiceLost {
                try require(
                    account.failures < max(1, step.retry.attempts), .retriesAsDeclared,
                    "\(id) failed \(account.failures) times, and \(step.retry.attempts) attempts are declared")
                if let codes = step.retry.exitCodes, case .exited(let code)? = account.lastEnd?.result {
                    try require(codes.contains(code), .retriesAsDeclared, "\(id) is tried again after exit \(code)")
                }
            }
        } else {
            steps[id]?.failures = 0
            steps[id]?.askedAgain += 1
            steps[id]?.since = nil
        }
        if account.isServiceLost {
            steps[id]?.failures = 0
            steps[id]?.since = nil
        }
        steps[id]?.isAnswered = false
        steps[id]?.isHeld = false
        steps[id]?.isInDoubt = false
        steps[id]?.isClaimed = false
        steps[id]?.isServiceLost = false
        steps[id]?.card = nil
        steps[id]?.over = nil
        steps[id]?.retryDue = due
    }

    // MARK: Ends of steps

    private mutating func succeed(_ id: StepID) throws {
        guard let step = planned[id], let account = steps[id] else { return }
        try require(account.over == nil, .successIsFinal, "\(id) succeeds, and was over")
        if step.background == nil || cleanup.contains(id) {
            try require(account.live.isEmpty, .reportsAreTrue, "\(id) succeeds while its attempt is under way")
        }
        let byAttempt = account.lastEnd?.result == .exited(0)
        let byQuorum = account.card?.kind == .approval && (account.brokeGlass || account.approvers.count >= account.card?.quorum ?? .max)
        let byWord = account.isClaimed && step.probe == nil && step.action.kind != .backup
        let byCard = account.isClaimed && account.card?.kind == .manual && byWord
        try require(
            byAttempt || byQuorum || byWord || byCard, .successHasAReason, "\(id) succeeds, and nothing says why")
        if case .approve = step.action {
            try require(byQuorum, .approvalsAreGenuine, "\(id) succeeds without its quorum")
        }
        steps[id]?.over = .succeeded
        steps[id]?.hasSucceeded = true
        steps[id]?.isHeld = false
        steps[id]?.isInDoubt = false
        steps[id]?.isAnswered = false
        steps[id]?.failures = 0
        if step.background != nil, !cleanup.contains(id), !account.live.isEmpty { steps[id]?.isService = true }
    }

    private mutating func skip(_ id: StepID) throws {
        guard let step = planned[id], let account = steps[id] else { return }
        try require(account.over == nil, .successIsFinal, "\(id) is skipped, and was over")
        try require(hasNothingLive(id), .reportsAreTrue, "\(id) is skipped while its attempt is under way")
        if !account.isAnswered {
            let needsFail = step.needs.contains { need in
                steps[need.step]?.over.map { !need.accept.contains($0) } ?? false
            }
            try require(
                needsFail || step.skipInDrill != nil || step.condition != nil, .orderAndWidth,
                "\(id) is skipped without a reason")
        }
        steps[id]?.over = .skipped
    }

    private func hasNothingLive(_ id: StepID) -> Bool { steps[id]?.live.isEmpty ?? true }

    private func requireOver(_ attempt: AttemptID) throws {
        try require(
            steps[attempt.step]?.live.contains(attempt) == false, .reportsAreTrue,
            "the service \(attempt) is said to be over, and no end was seen")
    }

    // MARK: People

    private mutating func show(_ card: Card, _ entry: JournaledEvent) throws {
        guard let step = planned[card.step], let account = steps[card.step] else { return }
        // One that expired is asked again, also in a pause.
        if account.over == nil, account.attempts == 0, !account.isAnswered, !account.wasShown {
            try require(
                stage == .running, stage == .paused ? .pauseHolds : .stoppingOrder,
                "a card of \(card.step) is shown in stage \(stage)")
            try requireNeeds(step)
        }
        steps[card.step]?.card = card
        steps[card.step]?.wasShown = true
        steps[card.step]?.approvers = []
        steps[card.step]?.brokeGlass = false
        steps[card.step]?.over = nil
        steps[card.step]?.isHeld = false
        steps[card.step]?.isAnswered = false
    }

    private mutating func count(
        _ id: StepID, _ approval: Approval, _ entry: JournaledEvent, _ judge: Judge
    ) throws {
        guard let card = steps[id]?.card, card.kind == .approval else {
            throw Violation(.approvalsAreGenuine, "an approval of \(id) counts, and no card is shown")
        }
        guard case .approve(let step, let digest, _, let breakGlass)? = judge.checker.requests[approval.request]?.request.ask,
            step == id, digest == card.digest, breakGlass == approval.breakGlass,
            judge.checker.requests[approval.request]?.ownerUID == approval.uid
        else { throw Violation(.approvalsAreGenuine, "an approval of \(id) counts that nobody gave") }
        try require(
            card.due.map { !entry.at.isPast($0) } ?? true, .approvalsAreGenuine,
            "an approval of \(id) counts after the card expired")
        let person = plan.people.first { $0.uid == approval.uid }
        if !card.roles.isEmpty {
            try require(
                person?.roles.contains(where: card.roles.contains) ?? false, .approvalsAreGenuine,
                "uid \(approval.uid) has no role to approve \(id)")
        }
        if !approval.breakGlass {
            try require(
                !(card.notInitiator && approval.uid == 1000), .approvalsAreGenuine, "the initiator approves \(id)")
            let name = person?.name ?? "uid \(approval.uid)"
            try require(
                steps[id]?.approvers.insert(name).inserted == true, .approvalsAreGenuine, "\(name) counts twice for \(id)")
        }
        if approval.breakGlass { steps[id]?.brokeGlass = true }
    }

    private mutating func apply(_ request: AcceptedRequest, _ judge: Judge) throws {
        let id = request.request.id
        try require(
            appliedRequests.insert(id).inserted, .requestsAreAnswered, "request \(id) is applied twice")
        try require(
            judge.checker.requests[id] == request, .requestsAreAnswered, "request \(id) is applied, and nobody left it")
        guard case .resolve(let step, let resolution, _, let inputs, let evidence) = request.request.ask else { return }
        try require(
            steps[step]?.card != nil || steps[step]?.isHeld == true || steps[step]?.isInDoubt == true,
            .requestsAreAnswered, "an answer about \(step) is applied, and nothing was asked")
        if resolution == .done, let card = steps[step]?.card {
            try require(
                card.inputs.keys.allSatisfy { inputs[$0] != nil }, .requestsAreAnswered,
                "\(step) is said to be done without its inputs")
            try require(
                !card.evidenceRequired || !evidence.isEmpty, .requestsAreAnswered,
                "\(step) is said to be done without evidence")
        }
        steps[step]?.isAnswered = true
        if resolution == .done { steps[step]?.isClaimed = true }
    }

    // MARK: The end

    func requireIsolation(_ attempt: AttemptID, _ plan: Plan) throws {
        guard plan.mode == .drill else { return }
        guard let isolation, isolation.generation == insideGeneration, allows(isolation.verdict) else {
            throw Violation(.isolation, "\(attempt) is started inside, and isolation is not established")
        }
    }

    private func allows(_ verdict: IsolationReport.Verdict) -> Bool {
        verdict == .demonstrated
            || (verdict == .enforcedNotDemonstrated && plan.isolation?.whenNotDemonstrated == .continue)
    }

    private var hasOpened: Bool {
        plan.mode == .real ? true : isolation.map { allows($0.verdict) } ?? false
    }

    private func requireFinished() throws {
        for step in plan.steps {
            try require(steps[step.id]?.over != nil, .stoppingOrder, "the run is finished, and \(step.id) is not over")
        }
    }

    private func requireNothingUnderWay() throws {
        for step in plan.steps {
            guard let account = steps[step.id], !account.isService else { continue }
            try require(account.live.isEmpty, .stoppingOrder, "\(step.id) is under way while the run cleans up")
        }
    }

    private func requireReadyToClose() throws {
        try requireNothingUnderWay()
        for step in plan.steps {
            try require(hasNothingLive(step.id), .stoppingOrder, "the service \(step.id) lives while the run closes")
        }
        guard plan.mode == .drill, hasIntended else { return }
        for step in plan.cleanup {
            try require(steps[step.id]?.over != nil, .stoppingOrder, "the run closes, and \(step.id) is neither done nor owed")
        }
    }

    private mutating func close(_ end: RunOutcome) throws {
        try require(stage == .closing, .stoppingOrder, "the run is closed in stage \(stage)")
        outcome = end
        stage = .closed
        guard end == .succeeded else { return }
        try require(cause == .finished, .endIsClean, "the run succeeded, and stopped as \(cause?.rawValue ?? "nothing")")
        try require(owed.isEmpty, .endIsClean, "the run succeeded, and owes cleanup")
        for step in plan.steps where steps[step.id]?.over == .failed {
            try require(step.onFailure == .continue, .endIsClean, "the run succeeded, and \(step.id) failed")
        }
    }
}
