import DRCrypto
import DRRunbook

extension RunState {
    mutating func takeAttempt(_ event: Event, at: Moment) throws(Misfit) {
        let number = lastEvent + 1
        switch event {
        case .attemptIntended(let spec): try intend(spec, at: at)
        case .attemptStarted(let id, let start):
            let index = try live(id)
            try require(self[index].attempt(id)?.start == nil, "attempt \(id) has started before")
            update(index) {
                $0.update(id) { $0.start = start }
                $0.act(in: number)
            }
        case .attemptEnded(let id, let end):
            let index = try live(id)
            update(index) {
                $0.update(id) { $0.end = end }
                if id.part == .action {
                    $0.losses = 0
                    if $0.service != id { $0.failures += 1 }
                }
            }
        case .attemptStopping(let id, let reason):
            let index = try live(id)
            update(index) { $0.update(id) { $0.stopReason = reason } }
        case .attemptLost(let id, _):
            let index = try live(id)
            update(index) {
                $0.update(id) { $0.isLost = true }
                $0.losses += 1
                $0.act(in: number)
            }
        case .attemptInDoubt(let id, let reason, let due):
            let index = try position(id.step)
            try require(self[index].attempt(id)?.isLost == true, "attempt \(id) was not lost")
            try require(self[index].phase.isActive, "step \(id.step) is not under way")
            update(index) { $0.claim = nil }
            setPhase(index, .inDoubt(id, reason: reason, due: due))
        default: break
        }
    }

    /// The index of an attempt's step, if the attempt is under way.
    private func live(_ id: AttemptID) throws(Misfit) -> Int {
        let index = try position(id.step)
        try require(self[index].attempt(id)?.isLive == true, "attempt \(id) is not under way")
        return index
    }

    private mutating func intend(_ spec: AttemptSpec, at: Moment) throws(Misfit) {
        let id = spec.attempt
        let index = try position(id.step)
        let step = self[index]
        try require(id.number == step.nextNumber(id.part), "\(id) is not the next attempt")
        switch id.part {
        case .action:
            try require(step.live.isEmpty && step.service == nil, "step \(id.step) has an attempt under way")
            switch step.phase {
            case .pending, .waitingToRetry: break
            case .waiting where topology.steps[index].escalation != nil: break
            default: throw Misfit(message: "step \(id.step) is not to be started")
            }
        case .ready:
            try require(step.phase == .running && step.lastAction?.isLive == true, "nothing is there to be ready")
        case .probe:
            let isDoubted = step.restartDoubt == .open
            try require(
                (step.phase.isActive || isDoubted) && step.live.isEmpty, "step \(id.step) cannot be probed now")
            if isDoubted { settleDoubt(index, .probing) }
        }
        hasBegun = true
        hasIntended = true
        update(index) {
            $0.attempts.append(AttemptState(spec: spec, intendedAt: at))
            if $0.firstIntendedAt == nil { $0.firstIntendedAt = at }
            if $0.withinFrom == nil { $0.withinFrom = at }
            $0.isServiceLost = false
            if id.part == .action { $0.failure = nil }
        }
        setPhase(index, .running)
    }

    mutating func takeStep(_ event: Event, at: Moment) throws(Misfit) {
        let number = lastEvent + 1
        switch event {
        case .stepSkipped(let id, let reason):
            let index = try open(id)
            settleDoubt(index)
            hasBegun = true
            update(index) { $0.finish(at: at) }
            setPhase(index, .skipped(reason: reason))
        case .stepBegan(let id, let due, _):
            let index = try position(id)
            try require(
                self[index].phase == .pending
                    && (topology.steps[index].action.isEffectFree || topology.steps[index].escalation != nil),
                "step \(id) is not to be begun without a process")
            hasBegun = true
            update(index) { $0.firstIntendedAt = at }
            setPhase(index, .waiting(due: due))
        case .retryScheduled(let id, let due, _): try scheduleRetry(id, due: due)
        case .stepSucceeded(let id, let outputs):
            let index = try open(id)
            settleDoubt(index)
            for (name, value) in outputs { values["steps.\(id).outputs.\(name)"] = value }
            let background = topology.steps[index].background != nil && topology.isMain(index)
            update(index) {
                $0.outputs = outputs
                $0.hasSucceeded = true
                $0.act(in: number)
                if background, let action = $0.lastAction, action.isLive { $0.service = action.id }
                $0.finish(at: at)
            }
            if self[index].service != nil { progress.services.insert(index) }
            takeAnswer(index, isThere: true, at: at)
            setPhase(index, .succeeded)
        case .stepFailed(let id, let reason, let policy):
            let index = try open(id)
            settleDoubt(index)
            update(index) {
                $0.finish(at: at)
                $0.followUp = policy == .continue ? nil : policy
                $0.failure = reason
            }
            takeAnswer(index, isThere: false, at: at)
            setPhase(index, .failed(reason: reason))
        case .stepHeld(let id, let reason, let due):
            let index = try position(id)
            let step = self[index]
            try require(
                step.phase.isActive || step.followUp != nil || step.isServiceLost, "step \(id) is not to be held")
            settleDoubt(index)
            update(index) {
                $0.followUp = nil
                $0.isServiceLost = false
                $0.claim = nil
                $0.card = nil
            }
            progress.services.remove(index)
            setPhase(index, .held(reason: reason, due: due))
        default: break
        }
    }

    /// The index of a step that is not over and has nothing under way but what may become its service.
    private func open(_ id: StepID) throws(Misfit) -> Int {
        let index = try position(id)
        let step = self[index]
        try require(!step.phase.isOver || step.restartDoubt == .open, "step \(id) is over")
        let isService = topology.steps[index].background != nil
        try require(
            step.live.allSatisfy { isService && $0.id.part == .action }, "step \(id) has an attempt under way")
        return index
    }

    private mutating func scheduleRetry(_ id: StepID, due: Moment) throws(Misfit) {
        let index = try position(id)
        let step = self[index]
        try require(step.live.isEmpty && step.service == nil, "step \(id) has an attempt under way")
        try require(
            step.phase.isActive || step.isServiceLost || step.restartDoubt == .open,
            "step \(id) is not to be tried again")
        settleDoubt(index)
        update(index) {
            // What a person starts again, and a service that comes back, has all its tries before it.
            if step.phase != .running {
                $0.failures = 0
                $0.losses = 0
                $0.withinFrom = nil
            }
            if $0.isServiceLost { $0.restarts += 1 }
            $0.isServiceLost = false
            $0.claim = nil
            $0.card = nil
        }
        progress.services.remove(index)
        setPhase(index, .waitingToRetry(due: due))
    }

    /// What a request changes by itself.
    mutating func takeClaim(_ accepted: AcceptedRequest) throws(Misfit) {
        let request = accepted.request
        if case .acknowledge(let id, let digest) = request.ask {
            let index = try asking(id, digest)
            let person = plan.person(accepted)
            update(index) { $0.acknowledgedBy = person?.name ?? "uid \(accepted.ownerUID)" }
        }
        if case .proceed(_, let confirmed) = request.ask {
            for id in confirmed ?? [] { settleDoubt(try position(id)) }
        }
        guard case .resolve(let id, .done, _, _, _) = request.ask else { return }
        let index = try position(id)
        if self[index].restartDoubt == .open { return settleDoubt(index) }
        update(index) { $0.claim = request }
    }

    mutating func takeCard(_ event: Event) throws(Misfit) {
        switch event {
        case .cardShown(let card):
            let index = try position(card.step)
            let step = self[index]
            switch step.phase {
            case .pending, .waitingToRetry, .held: break
            case .asking where step.card == nil: break
            case .failed where step.followUp == .manual: break
            default: throw Misfit(message: "step \(card.step) has nothing to ask")
            }
            hasBegun = true
            update(index) {
                $0.card = card
                $0.approvals = []
                $0.acknowledgedBy = nil
                $0.followUp = nil
                if card.kind == .approval { $0.failure = nil }
            }
            setPhase(index, .asking)
        case .cardExpired(let id, let digest):
            let index = try asking(id, digest)
            update(index) {
                $0.card = nil
                $0.approvals = []
            }
        case .approvalCounted(let id, let approval):
            let index = try asking(id, approval.card)
            try require(
                !self[index].approvals.contains { $0.request == approval.request },
                "request \(approval.request) was counted before")
            update(index) { $0.approvals.append(approval) }
        default: break
        }
    }

    private func asking(_ id: StepID, _ digest: Digest) throws(Misfit) -> Int {
        let index = try position(id)
        try require(
            self[index].phase == .asking && self[index].card?.digest == digest, "this card of \(id) is not shown")
        return index
    }

    mutating func takeService(_ event: Event) throws(Misfit) {
        switch event {
        case .serviceLost(let id, let attempt):
            let index = try service(id, attempt, living: false)
            update(index) {
                $0.service = nil
                $0.isServiceStopping = false
                $0.isServiceLost = true
            }
        case .serviceStopping(let id, let attempt):
            let index = try service(id, attempt, living: true)
            try require(!self[index].isServiceStopping, "\(attempt) is being stopped already")
            if case .stopping(let cause, let reason, _) = status {
                status = .stopping(cause, reason: reason, stage: .stoppingServices)
            }
            update(index) { $0.isServiceStopping = true }
        case .serviceStopped(let id, let attempt):
            let index = try position(id)
            let step = self[index]
            try require(step.live.isEmpty && step.attempt(attempt)?.isLive == false, "\(attempt) is under way")
            try require(
                step.hasSucceeded && (step.service == attempt || step.phase.isActive), "\(attempt) is no service")
            update(index) {
                $0.service = nil
                $0.isServiceStopping = false
                $0.isServiceLost = false
                $0.claim = nil
            }
            progress.services.remove(index)
            setPhase(index, .succeeded)
        default: break
        }
    }

    private func service(_ id: StepID, _ attempt: AttemptID, living: Bool) throws(Misfit) -> Int {
        let index = try position(id)
        try require(self[index].service == attempt, "\(attempt) is no living service")
        try require(self[index].attempt(attempt)?.isLive == living, "\(attempt) \(living ? "is over" : "is under way")")
        return index
    }
}

extension StepState {
    /// The step is over: no question about it is open.
    fileprivate mutating func finish(at: Moment) {
        endedAt = phase == .running ? attempts.last?.end?.at ?? at : at
        card = nil
        claim = nil
        followUp = nil
        isServiceLost = false
    }
}
