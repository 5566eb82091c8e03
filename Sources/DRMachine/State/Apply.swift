import DRRunbook

extension RunState {
    /// Takes up an event; reads nothing but the event and what earlier events said.
    mutating func take(_ journaled: JournaledEvent) throws(MachineError) {
        guard journaled.number == lastEvent + 1 else {
            throw misfit("event \(journaled.number) follows event \(lastEvent)", journaled.number)
        }
        do {
            if case .runCreated(let new) = journaled.event { try create(new) } else { try takeLater(journaled) }
        } catch {
            throw misfit(
                "event \(journaled.number) (\(journaled.event.name.rawValue)): \(error.message)", journaled.number)
        }
        lastEvent = journaled.number
        firstAt = firstAt ?? journaled.at
        lastAt = journaled.at
        if case .requestApplied(let request) = journaled.event {
            unansweredRequest = request
        } else {
            unansweredRequest = nil
        }
    }

    private func misfit(_ message: String, _ number: Int) -> MachineError {
        MachineError(
            .eventDoesNotFit, message, hint: "the journal was not written by this machine for this plan", event: number)
    }

    /// Why an event does not fit, without its number.
    struct Misfit: Error { var message: String }

    func require(_ holds: Bool, _ message: @autoclosure () -> String) throws(Misfit) {
        if !holds { throw Misfit(message: message()) }
    }

    func position(_ id: StepID) throws(Misfit) -> Int {
        guard let index = topology.positions[id] else { throw Misfit(message: "the plan has no step \(id)") }
        return index
    }

    private mutating func create(_ new: RunCreated) throws(Misfit) {
        try require(created == nil, "the run was created before")
        try require(new.mode == plan.mode, "the plan is for a \(plan.mode.rawValue) run")
        created = new
        values["run.directory"] = .string(new.workDirectory)
        values["run.id"] = .string(new.run)
        for index in 0..<topology.mainCount where topology.needCounts[index] == 0 { enqueue(index) }
    }

    private mutating func takeLater(_ journaled: JournaledEvent) throws(Misfit) {
        try require(created != nil, "the first event is runCreated")
        if case .closed = status { try require(journaled.event.mayFollowTheEnd, "the run is closed") }
        switch journaled.event {
        case .runCreated: throw Misfit(message: "the run was created before")
        case .planAdopted(let adoption): try adopt(adoption)
        case .runnerStarted, .supervisorReady, .supervisorLost, .supervisorGone, .isolationChecked:
            try takePresence(journaled.event)
        case .attemptIntended, .attemptStarted, .attemptEnded, .attemptStopping, .attemptLost, .attemptInDoubt:
            try takeAttempt(journaled.event, at: journaled.at)
        case .stepSkipped, .stepBegan, .retryScheduled, .stepSucceeded, .stepFailed, .stepHeld:
            try takeStep(journaled.event, at: journaled.at)
        case .cardShown, .cardExpired, .approvalCounted: try takeCard(journaled.event)
        case .serviceLost, .serviceStopping, .serviceStopped: try takeService(journaled.event)
        case .clockMarked(let mark): clocks.append(mark)
        case .lossMeasured(let measure): losses.append(measure)
        case .resyncRecorded(let record): resyncs.append(record)
        case .requestApplied(let accepted):
            let id = accepted.request.id
            try require(!appliedRequests.contains(id), "request \(id) was applied before")
            appliedRequests.insert(id)
            try takeClaim(accepted)
        case .requestRefused(let id, _, _): refusedRequests.insert(id)
        case .noted(_, let text): notes.append(text)
        case .runPaused, .runProceeded, .stoppingBegan, .rollbackAsked, .rollbackBegan, .rollbackDeclined,
            .cleanupBegan, .cleanupOwed, .cleanupSettled, .closingBegan,
            .runClosed:
            try takeRun(journaled.event, at: journaled.at)
        }
    }

    private mutating func takePresence(_ event: Event) throws(Misfit) {
        switch event {
        case .runnerStarted(let new):
            try require(new.epoch > (runner?.epoch ?? 0), "epoch \(new.epoch) follows epoch \(runner?.epoch ?? 0)")
            if let before = runner, before.bootID != new.bootID { doubtFinishedSteps() }
            runner = new
            supervisors = [:]
        case .supervisorReady(let identity):
            try require(runner != nil, "no runner has started")
            let known = lingering[identity.place] ?? 0
            try require(
                identity.generation >= known,
                "generation \(identity.generation) of \(identity.place.rawValue) follows \(known)")
            supervisors[identity.place] = identity
            lingering[identity.place] = identity.generation
            if !plan.hasInside { open() }
        case .supervisorLost(let place, let generation):
            try require(
                lingering[place] == generation, "generation \(generation) of \(place.rawValue) is not there")
            supervisors[place] = nil
        case .supervisorGone(let place, let generation):
            try require(
                lingering[place] == generation, "generation \(generation) of \(place.rawValue) is not there")
            supervisors[place] = nil
            lingering[place] = nil
            // Another one with the same number has other namespaces.
            if place == .inside { isolation = nil }
        case .isolationChecked(let report):
            try require(plan.hasInside, "there is no inside to be isolated")
            try require(
                supervisors[.inside]?.generation == report.generation,
                "generation \(report.generation) of inside is not there")
            isolation = report
            if isIsolated { open() }
        default: break
        }
    }

    /// What finished steps wrote may be lost with the machine; services are lost in any case.
    private mutating func doubtFinishedSteps() {
        switch status {
        case .stopping, .closed: return
        case .starting, .running, .paused: break
        }
        for index in 0..<topology.mainCount {
            let (planned, step) = (topology.steps[index], self[index])
            guard step.phase == .succeeded, planned.effect != .read, planned.background == nil,
                planned.action.kind != .notify, step.attempts.contains(where: { $0.id.part == .action })
            else { continue }
            update(index) { $0.restartDoubt = .open }
            progress.doubted.insert(index)
        }
    }

    /// The doubt about a finished step is over, or its probe is asked.
    mutating func settleDoubt(_ index: Int, _ doubt: RestartDoubt = .none) {
        update(index) { $0.restartDoubt = doubt }
        progress.doubted.remove(index)
    }

    /// The check of the isolation in force, where it does not allow anything inside.
    var refusedIsolation: IsolationReport? {
        guard let isolation, isolation.generation == supervisors[.inside]?.generation, !allows(isolation.verdict)
        else { return nil }
        return isolation
    }

    /// Whether the inside that is there now was shown to be isolated, as far as the plan asks for it.
    var isIsolated: Bool {
        guard let isolation, let inside = supervisors[.inside], isolation.generation == inside.generation else {
            return false
        }
        return allows(isolation.verdict)
    }

    /// Whether the plan goes on after this verdict.
    func allows(_ verdict: IsolationReport.Verdict) -> Bool {
        switch verdict {
        case .demonstrated: true
        case .enforcedNotDemonstrated: plan.isolation?.whenNotDemonstrated == .continue
        case .broken: false
        }
    }

    private mutating func open() {
        isOpen = true
        if status == .starting { status = .running }
    }

    private mutating func takeRun(_ event: Event, at: Moment) throws(Misfit) {
        switch (event, status) {
        case (.runPaused(let reason), .starting), (.runPaused(let reason), .running): status = .paused(reason: reason)
        case (.runProceeded, .paused): status = isOpen ? .running : .starting
        case (.stoppingBegan(let cause, let reason), .starting), (.stoppingBegan(let cause, let reason), .running),
            (.stoppingBegan(let cause, let reason), .paused):
            status = .stopping(cause, reason: reason, stage: .endingAttempts)
        case (.rollbackAsked(let due), .stopping(let cause, let reason, .endingAttempts)):
            rollback = .asked(due: due)
            status = .stopping(cause, reason: reason, stage: .rollback)
        case (.rollbackBegan(let order), .stopping(let cause, let reason, .endingAttempts)),
            (.rollbackBegan(let order), .stopping(let cause, let reason, .rollback)):
            for step in order { try require(topology.isRollback(try position(step)), "\(step) undoes nothing") }
            if case .begun = rollback { throw Misfit(message: "the rollback began before") }
            rollback = .begun(order)
            status = .stopping(cause, reason: reason, stage: .rollback)
        case (.rollbackDeclined(let reason), .stopping(_, _, .rollback)):
            guard case .asked = rollback else { throw Misfit(message: "nobody was asked for a rollback") }
            rollback = .declined(reason: reason)
        case (.cleanupBegan, .stopping(let cause, let reason, .endingAttempts)),
            (.cleanupBegan, .stopping(let cause, let reason, .rollback)):
            try require(plan.mode == .drill && hasIntended, "no cleanup is owed")
            status = .stopping(cause, reason: reason, stage: .cleanup)
        case (.closingBegan, .stopping(let cause, let reason, let stage)):
            try require(stage != .closing, "the run is closing already")
            status = .stopping(cause, reason: reason, stage: .closing)
            // A runner may have started one, and died before it could say so.
            for place in plan.places where lingering[place] == nil { lingering[place] = 0 }
        case (.runClosed(let outcome, let reason), .stopping(_, _, .closing)):
            status = .closed(outcome, reason: reason)
        case (.cleanupOwed(let step, let reason), .stopping(_, _, .cleanup)):
            let index = try position(step)
            try require(topology.isCleanup(index) && !self[index].phase.isOver, "\(step) is no cleanup that is open")
            owedCleanup[step] = reason
            update(index) { $0.endedAt = at }
            setPhase(index, .failed(reason: reason))
        case (.cleanupSettled(let step, _, _), _):
            try require(owedCleanup[step] != nil, "no cleanup \(step) is owed")
            owedCleanup[step] = nil
        default: throw Misfit(message: "the run is \(status.words)")
        }
    }
}

extension RunStatus {
    /// For messages: `paused`, `stopping (cleanup)`.
    package var words: String {
        switch self {
        case .starting: "starting"
        case .running: "running"
        case .paused: "paused"
        case .stopping(_, _, let stage): "stopping (\(stage))"
        case .closed: "closed"
        }
    }

    var isStopping: Bool {
        if case .stopping = self { true } else { false }
    }

    var isPaused: Bool {
        if case .paused = self { true } else { false }
    }
}

extension Event {
    /// What people still say of a run that is closed, and what a runner does to write it down.
    fileprivate var mayFollowTheEnd: Bool {
        switch self {
        case .runnerStarted, .supervisorGone, .requestApplied, .requestRefused, .noted, .clockMarked, .cleanupSettled:
            true
        default: false
        }
    }
}
