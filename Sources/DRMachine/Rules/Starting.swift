import DRRunbook

// Which steps start, and in which order.
extension Decision {
    /// Skips what is to be skipped, shows cards, and starts attempts up to the plan's width, in declared order.
    mutating func startWhatCan() throws(MachineError) {
        guard state.status == .running, state.isOpen else { return }
        while let index = state.progress.doubted.values.first(where: state.canProbe) { try intend(.probe, of: index) }
        var count: Int
        repeat {
            count = events.count
            while mayBeginMore, let index = state.progress.refusals.values.first {
                try refuse(index)
                if isFailureOpen { return }
            }
            while mayBeginMore, state.progress.refusals.isEmpty, let index = state.progress.cards.values.first {
                try begin(index)
                guard state.status == .running, !isFailureOpen else { return }
            }
            while mayBeginMore, state.progress.refusals.isEmpty, let index = state.progress.effectFree.values.first {
                try begin(index)
                guard state.status == .running, !isFailureOpen else { return }
            }
            while mayBeginMore, state.progress.refusals.isEmpty, let index = state.knownGate(at: now) {
                try pass(index)
                guard state.status == .running, !isFailureOpen else { return }
            }
            while state.progress.refusals.isEmpty, let index = nextToStart(), state.knownAnswer(index, at: now) == nil {
                // What it needed when it was tried first may have been lost, and failed, since.
                if let unmet = state.unmetNeed(index) {
                    try fail(index, reason: unmet)
                } else {
                    try intend(.action, of: index)
                }
                guard state.status == .running, !isFailureOpen else { return }
            }
        } while events.count > count
    }

    /// What one decision begins has to fit into one batch of the journal; a tick that is due at once goes on.
    private var mayBeginMore: Bool { begunSteps < Self.mostBegun && begunTextBytes < Self.mostTextBytes }

    private static let mostBegun = 256
    private static let mostTextBytes = 256 << 10

    /// The first step, in declared order, whose next attempt may be intended now. Written as loops: a closure would
    /// copy the state it looks at, for every step of every decision.
    private func nextToStart() -> Int? {
        guard state.progress.running < max(1, state.plan.width) else { return nil }
        var next: Int?
        for group in state.progress.ready.indices where state.hasRoom(inGroup: group) {
            for index in state.progress.ready[group].values where state.isReachable(state.topology.steps[index].place) {
                if next.map({ index < $0 }) ?? true { next = index }
                break
            }
        }
        for index in state.progress.active.values where mayRetry(index) {
            if next.map({ index < $0 }) ?? true { next = index }
            break
        }
        return next
    }

    private func mayRetry(_ index: Int) -> Bool {
        guard case .waitingToRetry(let due) = state[index].phase, state.topology.isMain(index),
            state.topology.steps[index].escalation == nil
        else {
            return false
        }
        // A tick is due that fails what has no time left.
        return now.isPast(due) && !isWithinPast(index) && state.hasRoomAgain(index)
            && state.isReachable(state.topology.steps[index].place)
            && !state.isEndExpected(index) && state.progress.openNeeds[index] == 0
    }

    /// A gate whose answer is known is not asked.
    private mutating func pass(_ index: Int) throws(MachineError) {
        begunSteps += 1
        switch state.knownAnswer(index, at: now) {
        case .isThere(let reason): try emit(.stepSkipped(state.topology.steps[index].id, reason: reason))
        case .isDown(let reason): try fail(index, reason: reason)
        case nil: break
        }
    }

    private mutating func refuse(_ index: Int) throws(MachineError) {
        begunSteps += 1
        switch state.readiness(index) {
        case .skip(let reason): try emit(.stepSkipped(state.topology.steps[index].id, reason: reason))
        case .fail(let reason): try fail(index, reason: reason)
        case .start: try begin(index)
        }
    }

    /// Starts a pending step whose needs hold: shows its card, or intends its first attempt.
    mutating func begin(_ index: Int) throws(MachineError) {
        let step = state.topology.steps[index]
        begunSteps += 1
        if step.isCard {
            try showCard(index)
        } else if step.action.isEffectFree {
            try beginEffectFree(index)
        } else {
            try intend(.action, of: index)
        }
    }

    /// Journals the next attempt of a part, everything resolved; what cannot be resolved fails the step.
    mutating func intend(_ part: AttemptID.Part, of index: Int) throws(MachineError) {
        let step = state.topology.steps[index]
        guard let created = state.created else { return }
        let attempt = AttemptID(step: step.id, number: state[index].nextNumber(part), part: part)
        let resolver = Resolver(plan: state.plan, created: created, values: state.values, files: state.topology.files)
        let spec: AttemptSpec
        do {
            spec = try resolver.spec(attempt, of: step, isMain: state.topology.isMain(index))
        } catch {
            try fail(index, reason: "\(part == .action ? "it" : "its \(part.rawValue)") cannot be resolved: \(error)")
            return
        }
        try emit(.attemptIntended(spec))
    }
}
