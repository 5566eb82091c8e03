import DRRunbook

/// One input's consequences, down to where nothing more follows from it.
///
/// First the input itself becomes events (`take`). Then `settle` asks every step that an event touched, and
/// the run as a whole, what follows from the state they are in now; what follows is an event again, and so on.
/// So an attempt's outcome and the next attempts' intents come out of the same decision, and a decision that
/// was cut off after any of its events is completed by the next one.
struct Decision {
    private(set) var state: RunState
    let now: Moment
    private(set) var events: [JournaledEvent] = []
    /// Steps to be looked at, in declared order.
    private var touched = StepIndices()
    /// How many steps without a process this decision has begun, shown or skipped, and how much text they hold.
    var begunSteps = 0
    var begunTextBytes = 0
    /// A step failed for good, and whether it is held is not decided yet: until then nothing follows from its failure.
    var isFailureOpen = false

    init(state: consuming RunState, now: Moment) {
        self.state = state
        self.now = now
    }

    /// Numbers the event, applies it, and remembers whom it concerns.
    mutating func emit(_ event: Event) throws(MachineError) {
        let journaled = JournaledEvent(number: state.lastEvent + 1, at: now, event: event)
        try state.take(journaled)
        events.append(journaled)
        guard let id = event.step, let index = state.topology.positions[id] else { return }
        touched.insert(index)
        // A service's end is expected from the start of the step that it lives until.
        for service in state.topology.untilServices[index] { touched.insert(service) }
        for stopper in state.topology.stoppers[index] { touched.insert(stopper) }
    }

    mutating func take(_ input: Input) throws(MachineError) {
        if case .createRun(let new) = input {
            try create(new)
            return
        }
        guard state.created != nil else {
            throw MachineError(.inputDoesNotFit, "the run has not been created")
        }
        guard RunMachine.canResume(state) else {
            throw MachineError(
                .unknownSemantics,
                "the run follows rules \(state.created?.semantics ?? 0), this drctl knows \(RunMachine.semantics)",
                hint: "resume it with the drctl that started it")
        }
        if case .runnerStarted(let runner) = input {
            try startRunner(runner)
        } else if case .adoptPlan(let adoption) = input {
            guard state.runner != nil else { throw MachineError(.inputDoesNotFit, "no runner has started") }
            try adopt(adoption)
            for index in state.topology.steps.indices { touched.insert(index) }
        } else {
            guard state.runner != nil else { throw MachineError(.inputDoesNotFit, "no runner has started") }
            try takeFromRunner(input)
        }
        try settle()
    }

    private mutating func takeFromRunner(_ input: Input) throws(MachineError) {
        switch input {
        case .createRun, .runnerStarted, .adoptPlan: break
        case .supervisorConnected(let identity, let attempts): try connect(identity, attempts)
        case .supervisorLost(let place, let generation):
            if let known = state.supervisors[place]?.generation, generation >= known {
                try emit(.supervisorLost(place, generation: known))
            }
        case .supervisorGone(let place, let generation):
            // One that the journal never heard of held the spool's lock: the one before it is gone as well.
            if let known = state.lingering[place], generation >= known {
                try emit(.supervisorGone(place, generation: known))
            }
        case .placeUnavailable(let place, let reason): try lack(place, reason: reason)
        case .isolationChecked(let report): try check(report)
        case .attemptReported(let report): try take(report)
        case .request(let accepted):
            try fireTimers()
            // What expired just now is asked again, and answered as it is shown then.
            try settle()
            try answer(accepted)
        case .requestRefused(let id, let ownerUID, let reason):
            if !state.hasAnswered(id) {
                try emit(.requestRefused(id: id, ownerUID: ownerUID, reason: reason))
            }
        case .cancel(let reason): try stop(.cancelled, reason: reason)
        case .pause(let reason): try pause(reason: reason)
        case .tick: try fireTimers()
        }
    }

    private mutating func create(_ new: RunCreated) throws(MachineError) {
        guard state.created == nil else { throw MachineError(.inputDoesNotFit, "the run was created before") }
        guard new.semantics == RunMachine.semantics else {
            throw MachineError(.unknownSemantics, "a new run follows rules \(RunMachine.semantics)")
        }
        let faults = state.topology.faults()
        guard faults.isEmpty else {
            throw MachineError(
                .planUnsound, faults.joined(separator: "; "),
                hint: "the planner refuses such a runbook; this plan was changed")
        }
        try emit(.runCreated(new))
    }

    private mutating func startRunner(_ runner: RunnerIdentity) throws(MachineError) {
        let request = state.unansweredRequest
        let before = state.runner
        try emit(.runnerStarted(runner))
        if case .closed = state.status { return }
        for index in state.topology.steps.indices { touched.insert(index) }
        try markStarted()
        let isRestarted = before.map { $0.bootID != runner.bootID } ?? false
        // Whoever let the run go on knew of no restart.
        if let request, !(isRestarted && request.request.ask.isProceeding) { try carryOut(request) }
        guard isRestarted else { return }
        // A spool may have lost its end with the power, and count its supervisors' generations anew.
        for (place, generation) in state.lingering.sorted(by: { $0.key < $1.key }) {
            try emit(.supervisorGone(place, generation: generation))
        }
        if state.hasIntended { try holdAfterRestart() }
    }

    /// After a restart of the machine nothing goes on by itself.
    private mutating func holdAfterRestart() throws(MachineError) {
        let unconfirmed = state.unconfirmedSteps
        let reason =
            "the machine was restarted: its processes are gone; see what is left, then let the run go on"
            + (unconfirmed.isEmpty ? "" : ", and say whether these still hold: \(Self.names(unconfirmed))")
        if state.created?.unattended == true {
            try stop(.failed, reason: reason)
        } else {
            try pause(reason: reason)
        }
    }

    mutating func pause(reason: String) throws(MachineError) {
        switch state.status {
        case .starting, .running: try emit(.runPaused(reason: reason))
        case .paused, .stopping, .closed: break
        }
    }

    /// Begins to stop, unless the run is stopping already.
    mutating func stop(_ cause: StopCause, reason: String) throws(MachineError) {
        switch state.status {
        case .starting, .running, .paused: try emit(.stoppingBegan(cause, reason: reason))
        case .stopping, .closed: break
        }
    }

    /// Until nothing more follows.
    private mutating func settle() throws(MachineError) {
        var count: Int
        repeat {
            count = events.count
            while let index = touched.popFirst() { try look(at: index) }
            isFailureOpen = false
            try startWhatCan()
            // What just failed without having been started may be held: the run is not over before that is known.
            if touched.isEmpty { try finishOrStop() }
        } while events.count > count || !touched.isEmpty
    }

    /// What follows from the state that a step is in.
    private mutating func look(at index: Int) throws(MachineError) {
        if case .closed = state.status { return }
        let step = state[index]
        if step.service != nil || step.isServiceLost { try lookAtService(index) }
        switch state[index].phase {
        case .running: try lookAtAttempts(index)
        case .asking: try lookAtCard(index)
        case .failed: try followUp(index)
        case .waitingToRetry: try lookAtRetry(index)
        case .waiting: try lookAtWaiting(index)
        case .pending, .held, .inDoubt, .succeeded, .skipped: break
        }
        try lookAtEscalation(of: index)
    }
}

extension Event {
    /// The step whose state the event changes.
    fileprivate var step: StepID? {
        switch self {
        case .attemptIntended(let spec): spec.attempt.step
        case .attemptStarted(let attempt, _), .attemptEnded(let attempt, _), .attemptStopping(let attempt, _),
            .attemptLost(let attempt, _), .attemptInDoubt(let attempt, _, _):
            attempt.step
        case .stepBegan(let step, _, _), .stepSkipped(let step, _), .retryScheduled(let step, _, _),
            .stepSucceeded(let step, _),
            .stepFailed(let step, _, _), .stepHeld(let step, _, _), .cardExpired(let step, _),
            .approvalCounted(let step, _), .serviceLost(let step, _), .serviceStopping(let step, _),
            .serviceStopped(let step, _), .cleanupOwed(let step, _):
            step
        case .cardShown(let card): card.step
        default: nil
        }
    }
}
