import DRRunbook

// What is to be performed in the world, derived from the state alone.
extension RunState {
    var outstanding: [Action] {
        guard runner != nil else { return [] }
        if case .closed = status { return [.conclude] }
        if case .stopping(_, _, .closing) = status {
            return lingering.keys.sorted().map { supervisors[$0] == nil ? .ensureGone($0) : .finish($0) }
        }
        var actions: [Action] = []
        let places = neededPlaces
        for place in places where supervisors[place] == nil { actions.append(.connect(place)) }
        if places.contains(.inside), let inside = supervisors[.inside],
            supervisors[.outside] != nil, isolation?.generation != inside.generation
        {
            actions.append(.checkIsolation)
        }
        actions += attemptActions
        actions += timers.map(Action.wake)
        return actions
    }

    /// Where something is, or may come to be, under way.
    private var neededPlaces: [Place] {
        // A pause may be there because a place cannot be had: whoever lets the run go on has it tried again.
        if status.isPaused { return [] }
        guard case .stopping(_, _, let stage) = status else { return plan.places }
        return plan.places.filter { place in
            if !liveAttempts(at: place).isEmpty { return true }
            if stage == .rollback { return true }
            guard stage == .cleanup else { return false }
            // The probes of isolation compare inside with outside.
            let places = topology.steps[topology.cleanup].filter { steps[$0.id]?.phase.isOver == false }.map(
                \.place)
            return places.contains(place) || places.contains(.inside)
        }
    }

    private var attemptActions: [Action] {
        var actions: [Action] = []
        for place in Place.allCases where supervisors[place] != nil {
            for attempt in liveAttempts(at: place) {
                let step = steps[attempt.id.step]
                if attempt.stopReason != nil || (step?.service == attempt.id && step?.isServiceStopping == true) {
                    actions.append(.stop(attempt.id))
                } else if attempt.start == nil, isReachable(place) {
                    actions.append(.start(attempt.id))
                }
            }
        }
        return actions
    }

    /// The moments at which a `tick` changes something: the earliest of each start of the machine.
    private var timers: [Moment] {
        var dues: [Moment] = []
        let mayStart = status == .running && isOpen && progress.running < max(1, plan.width)
        for index in progress.active.values where !isEnding(index) {
            switch self[index].phase {
            case .running:
                if let due = withinDue(index), self[index].live.contains(where: { $0.stopReason == nil }) {
                    dues.append(due)
                }
            case .waitingToRetry(let due):
                let mayRun =
                    !topology.isMain(index) || (topology.steps[index].escalation != nil && canEscalate(index))
                    || (mayStart && progress.openNeeds[index] == 0 && hasRoomAgain(index))
                // Where the isolation does not allow it, it fails when it is due.
                let place = topology.steps[index].place
                let isRefused = place == .inside && refusedIsolation != nil
                if mayRun, isReachable(place) || isRefused { dues.append(due) }
                if let limit = withinDue(index) { dues.append(limit) }
            case .asking: if let due = self[index].card?.due { dues.append(due) }
            case .waiting where topology.steps[index].escalation != nil && !canEscalate(index): break
            case .held(_, let due), .inDoubt(_, _, let due), .waiting(let due): if let due { dues.append(due) }
            case .pending, .succeeded, .failed, .skipped: break
            }
        }
        // What a decision left to the next one, so that its events fit into a batch.
        if status == .running, isOpen, let lastAt,
            progress.hasMoreToBegin || knownGate(at: lastAt) != nil
        {
            dues.append(lastAt)
        }
        if case .asked(let due?) = rollback, case .stopping(_, _, .rollback) = status { dues.append(due) }
        var earliest: [String: Moment] = [:]
        for due in dues {
            guard let known = earliest[due.bootID] else {
                earliest[due.bootID] = due
                continue
            }
            if due.boot < known.boot { earliest[due.bootID] = due }
        }
        return earliest.sorted { $0.key < $1.key }.map(\.value)
    }
}
