package import DRRunbook

// Going on by another plan: what was done stays done, and what is under way is not pulled from under anybody.
extension Decision {
    mutating func adopt(_ adoption: PlanAdoption) throws(MachineError) {
        let reasons = state.reasonsAgainst(adopting: try adoption.plan())
        guard reasons.isEmpty else { throw MachineError(adoptionRefusedBecause: reasons) }
        try emit(.planAdopted(adoption))
    }
}

extension RunState {
    /// Everything that speaks against going on by another plan, in words; empty: nothing does.
    package func reasonsAgainst(adopting new: Plan) -> [String] {
        switch status {
        case .stopping, .closed: return ["the run is \(status.words)"]
        case .starting, .running, .paused: break
        }
        var reasons: [String] = []
        func compare<Value: Equatable>(_ what: String, _ one: Value, _ other: Value) {
            if one != other { reasons.append("\(what) is another") }
        }
        compare("the runbook", plan.runbook.name, new.runbook.name)
        compare("the mode", plan.mode, new.mode)
        compare("the environment", plan.environment, new.environment)
        compare("the isolation, which the drill's inside was built with,", plan.isolation, new.isolation)
        compare("what the drill leaves out", plan.shape, new.shape)
        // The inside was built so that it cannot read their files.
        if plan.hasInside { compare("where secrets are read", plan.secrets, new.secrets) }
        let topology = Topology(new)
        reasons += topology.faults()
        for (index, step) in steps.values.enumerated() {
            let planned = self.topology.steps[index]
            reasons += Self.reasons(
                planned, step, isMain: self.topology.isMain(index),
                new: topology.positions[planned.id].map { topology.steps[$0] })
        }
        let undoing = Set(new.rollbacks.compactMap(\.undoes))
        for undone in plan.rollbacks.compactMap(\.undoes)
        where steps[undone]?.actedAt != nil && !undoing.contains(undone) {
            reasons.append("nothing undoes \(undone) any more, which did something")
        }
        if hasIntended {
            let kept = Set(new.cleanup.map(\.id))
            for step in plan.cleanup where !kept.contains(step.id) {
                reasons.append("the cleanup \(step.id), which is owed, is gone")
            }
        }
        return reasons
    }

    private static func reasons(
        _ planned: PlannedStep, _ step: StepState, isMain: Bool, new: PlannedStep?
    ) -> [String] {
        if step.attempts.contains(where: \.isLive) { return ["\(planned.id) has an attempt under way"] }
        if case .inDoubt = step.phase { return ["\(planned.id) is in doubt"] }
        guard isMain else { return [] }
        if step.phase.isOver || step.restartDoubt == .probing {
            if new?.digest != planned.digest {
                return ["\(planned.id) is over, and \(new == nil ? "gone" : "another step, or needs others")"]
            }
        } else if new == nil, !step.attempts.isEmpty {
            return ["\(planned.id), which was tried, is gone"]
        }
        return []
    }

    /// The same run by another plan. What is over stays as it is; what is open stays where its step is the same, and is
    /// asked anew of people; everything else has its tries before it.
    mutating func adopt(_ adoption: PlanAdoption) throws(Misfit) {
        let new: Plan
        do throws(MachineError) { new = try adoption.plan() } catch { throw Misfit(message: error.message) }
        let reasons = reasonsAgainst(adopting: new)
        try require(reasons.isEmpty, reasons.joined(separator: "; "))
        var next = RunState(plan: new)
        next.copyFacts(of: self)
        next.created?.plan = adoption.digest
        next.created?.filesDirectory = adoption.filesDirectory
        var phases: [(index: Int, phase: StepPhase)] = []
        for (index, planned) in next.topology.steps.enumerated() {
            guard let old = topology.positions[planned.id] else { continue }
            let isSame = topology.steps[old].digest == planned.digest
            next.steps.values[index] = isSame ? self[old].askedAnew() : self[old].begunAnew()
            if isSame { phases.append((index, self[old].phase)) }
            if self[old].restartDoubt == .open { next.progress.doubted.insert(index) }
            for (name, value) in next.steps.values[index].outputs {
                next.values["steps.\(planned.id).outputs.\(name)"] = value
            }
        }
        for index in next.topology.steps.indices { next.steps.values[index].phase = .pending }
        for index in 0..<next.topology.mainCount where next.topology.needCounts[index] == 0 { next.enqueue(index) }
        for (index, phase) in phases where phase != .pending { next.setPhase(index, phase) }
        self = next
    }

    private mutating func copyFacts(of old: RunState) {
        created = old.created
        status = old.status
        runner = old.runner
        supervisors = old.supervisors
        lingering = old.lingering
        isolation = old.isolation
        clocks = old.clocks
        losses = old.losses
        resyncs = old.resyncs
        appliedRequests = old.appliedRequests
        refusedRequests = old.refusedRequests
        owedCleanup = old.owedCleanup
        notes = old.notes
        lastEvent = old.lastEvent
        firstAt = old.firstAt
        lastAt = old.lastAt
        isOpen = old.isOpen
        hasBegun = old.hasBegun
        hasIntended = old.hasIntended
        breakers = old.breakers
        rollback = old.rollback
        for name in ["run.directory", "run.id"] { values[name] = old.values[name] }
    }
}

extension StepState {
    /// A card belongs to the plan that it was shown for.
    fileprivate func askedAnew() -> StepState {
        var step = self
        step.card = nil
        step.approvals = []
        step.acknowledgedBy = nil
        return step
    }

    /// Another step by the same name: its history stays, and nothing that was waited for.
    fileprivate func begunAnew() -> StepState {
        var step = StepState()
        step.attempts = attempts
        step.firstIntendedAt = firstIntendedAt
        step.actedAt = actedAt
        step.hasSucceeded = hasSucceeded
        return step
    }
}

extension MachineError {
    /// That a run cannot go on by another plan.
    package init(adoptionRefusedBecause reasons: [String]) {
        self.init(
            .adoptionRefused, "the run cannot go on by this plan: \(reasons.joined(separator: "; "))",
            hint: "change only what has not been done yet; to begin anew, cancel this run and start another")
    }
}
