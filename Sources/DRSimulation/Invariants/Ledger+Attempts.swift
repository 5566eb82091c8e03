import DRMachine
import DRRunbook

// What is intended, what ended, what was lost, what is tried again.
extension Ledger {
    mutating func intend(_ spec: AttemptSpec, _ entry: JournaledEvent) throws {
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
            if account.isDoubted { reopen(id.step) }
            try require(
                account.isClaimed || account.lost != nil || account.isDoubted || account.isReexamined, .orderAndWidth,
                "\(id) asks without a reason to")
            return
        }
        try require(id.number == account.attempts + 1, .startedOnce, "\(id) follows attempt \(account.attempts)")
        try require(account.over == nil, .successIsFinal, "\(id) is intended, and its step is over")
        try require(
            !account.hasSucceeded || account.retryDue != nil || account.isBegunAnew, .successIsFinal,
            "\(id) is intended after a success")
        if account.attempts > 0, !account.isBegunAnew {
            guard let due = account.retryDue else {
                throw Violation(.retriesAsDeclared, "\(id) is intended, and no retry was scheduled")
            }
            try require(entry.at.isPast(due), .retriesAsDeclared, "\(id) is intended before its retry is due")
        }
        try require(
            !account.isHeld && !account.isInDoubt, .retriesAsDeclared, "\(id) is intended, and waits for a person")
        if let within = step.within, let since = account.since {
            try require(
                !entry.at.isPast(since.advanced(by: within)), .retriesAsDeclared,
                "\(id) is intended, and the time for the whole step is over")
        }
        steps[id.step]?.since = account.since ?? entry.at
        steps[id.step]?.attempts += 1
        steps[id.step]?.retryDue = nil
        steps[id.step]?.isBegunAnew = false
        steps[id.step]?.lost = nil
        if spec.place == .inside { try requireIsolation(id, plan) }
        if cleanup.contains(id.step) {
            try require(stage == .cleanup, .stoppingOrder, "\(id) is intended in stage \(stage)")
            for other in plan.cleanup.prefix(while: { $0.id != id.step }) {
                try require(
                    steps[other.id]?.over != nil, .stoppingOrder, "\(id) is intended before \(other.id) is over")
            }
            return
        }
        if rollbacks.contains(id.step) { return try requireTurn(id) }
        try require(
            stage == .running, stage == .paused ? .pauseHolds : .stoppingOrder, "\(id) is intended in stage \(stage)")
        // Whoever is told of a card is not made to wait for others.
        if let escalation = step.escalation { return try requireDue(id.step, escalation, at: entry.at) }
        try requireNeeds(step)
        try requireRoom(for: step)
    }

    /// What may be under way at once: of all steps, and of its group. A probe that a person asks for is not made to wait.
    private func requireRoom(for step: PlannedStep) throws {
        let busy = plan.steps.count { other in
            guard other.escalation == nil, let account = steps[other.id] else { return false }
            return !account.isService && account.live.contains { $0.part != .probe }
        }
        if let group = step.concurrency, let limit = plan.concurrency[group] {
            let under = plan.steps.count { other in
                guard other.concurrency == group, let account = steps[other.id] else { return false }
                return !account.isService && account.live.contains { $0.part != .probe }
            }
            try require(under <= limit, .orderAndWidth, "\(under) steps of \(group) are under way, \(limit) may be")
        }
        try require(busy <= plan.width, .orderAndWidth, "\(busy) steps are under way, \(plan.width) may be")
    }

    func requireNeeds(_ step: PlannedStep) throws {
        for need in step.needs {
            guard let end = steps[need.step]?.over, need.accept.contains(end) else {
                throw Violation(
                    .orderAndWidth,
                    "\(step.id) starts, and \(need.step) is \(steps[need.step]?.over?.rawValue ?? "not over")")
            }
        }
        try require(step.skipInDrill == nil, .orderAndWidth, "\(step.id) starts, and drills leave it out")
    }

    mutating func finish(_ id: AttemptID, _ end: AttemptEnd, _ judge: Judge) throws {
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
    mutating func lose(_ id: AttemptID, isGivenUp: Bool, _ judge: Judge) throws {
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

    mutating func retry(_ id: StepID, _ due: Moment) throws {
        guard let step = planned[id], let account = steps[id] else { return }
        try require(account.live.isEmpty, .startedOnce, "\(id) is to be tried again while its attempt is under way")
        try require(
            stage.rawValue < Stage.stopping.rawValue || cleanup.contains(id) || rollbacks.contains(id), .stoppingOrder,
            "\(id) is to be tried again while the run is stopping")
        let wasAsked = account.isAnswered
        if !wasAsked {
            try require(!account.isDoubted && !account.isReexamined, .successIsFinal, "\(id) is tried again unasked")
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
        steps[id]?.isDoubted = false
        steps[id]?.isAnswered = false
        steps[id]?.isHeld = false
        steps[id]?.isInDoubt = false
        steps[id]?.isClaimed = false
        steps[id]?.isServiceLost = false
        steps[id]?.card = nil
        steps[id]?.over = nil
        steps[id]?.retryDue = due
    }

    mutating func doubt(_ id: AttemptID) throws {
        try require(steps[id.step]?.lost == id, .reportsAreTrue, "\(id) is in doubt, and was not lost")
        steps[id.step]?.isInDoubt = true
        steps[id.step]?.isClaimed = false
    }
}
