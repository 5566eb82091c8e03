import DRRunbook

// Background steps: a process that goes on after its step succeeded.
extension Decision {
    /// How often a service that was ready and got lost is started again by itself.
    static let restartLimit = 10

    /// Its process is starting, or the question whether it is ready is being asked.
    mutating func lookAtBackground(_ index: Int) throws(MachineError) {
        let step = state[index]
        guard let action = step.lastAction else { return }
        let ready = step.last(.ready)
        if !action.isLive {
            // It is over before it was ready: no need to ask on.
            if let ready, ready.isLive, ready.stopReason == nil {
                try emit(.attemptStopping(ready.id, reason: "\(action.id) is over"))
            }
            return
        }
        if state.isEndExpected(index) {
            for attempt in step.live where attempt.stopReason == nil {
                try emit(.attemptStopping(attempt.id, reason: "it is not needed any longer"))
            }
            return
        }
        guard action.start != nil, action.stopReason == nil, ready?.isLive != true else { return }
        guard let ready, let end = ready.end else {
            if step.losses > Self.lossLimit {
                try emit(.attemptStopping(action.id, reason: "nobody can say whether it is ready"))
            } else {
                try intend(.ready, of: index)
            }
            return
        }
        if end.succeeded {
            try succeed(index, outputs: [:], by: ready)
        } else {
            try emit(.attemptStopping(action.id, reason: "it was not ready: \(Self.words(for: ready, end))"))
        }
    }

    /// Process and question are both over, and the step is not.
    mutating func concludeBackground(_ index: Int) throws(MachineError) {
        let step = state[index]
        guard let action = step.lastAction else { return }
        if step.hasSucceeded, state.isEndExpected(index) || state.isEnding(index) {
            try emit(.serviceStopped(action.id.step, attempt: action.id))
        } else if action.isLost, action.stopReason == nil {
            try takeLoss(index, action)
        } else {
            let reason =
                if let reason = action.stopReason {
                    reason
                } else if let end = action.end {
                    "it ended before it was ready: \(Self.words(for: action, end))"
                } else {
                    "it ended before it was ready"
                }
            try failAttempt(index, end: action.stopReason == nil ? action.end : nil, reason: reason)
        }
    }

    /// A service lives, has just ended, or was lost.
    mutating func lookAtService(_ index: Int) throws(MachineError) {
        let step = state[index]
        let id = state.topology.steps[index].id
        if let service = step.service, let attempt = step.attempt(service) {
            if attempt.isLive {
                if !step.isServiceStopping, !state.status.isStopping, state.isUntilOver(index) {
                    try emit(.serviceStopping(id, attempt: service))
                }
            } else if step.isServiceStopping || state.isEndExpected(index) {
                try emit(.serviceStopped(id, attempt: service))
            } else {
                try emit(.serviceLost(id, attempt: service))
            }
            return
        }
        guard step.isServiceLost, !state.status.isStopping else { return }
        let policy = state.topology.steps[index].background?.onLoss ?? .hold
        if policy == .restart, step.restarts < Self.restartLimit {
            try emit(.retryScheduled(id, due: now, reason: "the service was lost"))
        } else {
            let reason =
                policy == .restart
                ? "the service was lost, for the \(step.restarts + 1)th time" : "the service was lost"
            try emit(.stepHeld(id, reason: reason, due: unattendedDue(index)))
        }
    }
}

extension RunState {
    /// Whether the step that a service lives until has started.
    func isEndExpected(_ index: Int) -> Bool {
        guard isBackground(index), self[index].hasSucceeded else { return false }
        if topology.stoppers[index].contains(where: { self[$0].phase != .pending }) { return true }
        guard let until = topology.steps[index].background?.until, let phase = steps[until]?.phase else { return false }
        return phase != .pending
    }

    /// Whether the step that a service lives until is over.
    func isUntilOver(_ index: Int) -> Bool {
        if topology.stoppers[index].contains(where: { self[$0].phase != .pending }) { return true }
        guard let until = topology.steps[index].background?.until else { return false }
        return steps[until]?.phase.isOver == true
    }
}
