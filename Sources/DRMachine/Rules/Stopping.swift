import DRRunbook

// Timers, and the one order in which a run ends.
extension Decision {
    /// Everything that is due.
    mutating func fireTimers() throws(MachineError) {
        if case .closed = state.status { return }
        try fireRollbackTimer()
        for index in state.progress.active.values {
            if state.isEnding(index) { continue }
            switch state[index].phase {
            case .running:
                guard isWithinPast(index) else { continue }
                for attempt in state[index].live where attempt.stopReason == nil {
                    let span = state.topology.steps[index].within?.words ?? ""
                    try emit(.attemptStopping(attempt.id, reason: "the time for the whole step (\(span)) is over"))
                }
            case .waitingToRetry:
                if isWithinPast(index) { try failAttempt(index, end: nil, reason: "waiting for the next attempt") }
                try lookAtEscalation(index)
            case .asking:
                guard let card = state[index].card, let due = card.due, now.isPast(due) else { continue }
                try emit(.cardExpired(card.step, card: card.digest))
                if state.created?.unattended == true { try giveUp(index) }
            case .held(_, let due), .inDoubt(_, _, let due):
                guard let due, now.isPast(due) else { continue }
                try giveUp(index)
            case .waiting: try lookAtWaiting(index)
            case .pending, .succeeded, .failed, .skipped: break
            }
        }
    }

    /// Nobody answered about a step in time.
    private mutating func giveUp(_ index: Int) throws(MachineError) {
        let id = state.topology.steps[index].id
        if state.topology.isMain(index) {
            try stop(.failed, reason: "nobody answered step \(id)")
        } else {
            try emit(.stepFailed(id, reason: "nobody answered", policy: .continue))
        }
    }

    /// Ends the run when its steps are over, and goes on ending it until it is closed.
    mutating func finishOrStop() throws(MachineError) {
        switch state.status {
        case .running where state.isOpen && state.progress.open == 0: try finish()
        case .stopping(_, _, let stage):
            switch stage {
            case .endingAttempts: try endAttempts()
            case .rollback: try rollBack()
            case .cleanup: try cleanUp()
            case .stoppingServices: try stopServices()
            case .closing: try close()
            }
        case .starting, .running, .paused, .closed: break
        }
    }

    private mutating func finish() throws(MachineError) {
        try markExecuted()
        let steps = state.topology.steps[..<state.topology.mainCount]
        let failed = steps.filter { state.steps[$0.id]?.phase.outcome == .failed }
        let intolerable = failed.filter { $0.onFailure != .continue }
        guard intolerable.isEmpty else {
            return try stop(.failed, reason: "failed: \(Self.names(intolerable.map(\.id)))")
        }
        // What need not be asked was left out of nothing.
        let skipped = steps.filter {
            $0.gate == nil && $0.escalation == nil && state.steps[$0.id]?.phase.outcome == .skipped
        }
        try stop(
            .finished,
            reason: "every step is over"
                + (failed.isEmpty ? "" : "; failed, and tolerated: \(Self.names(failed.map(\.id)))")
                + (skipped.isEmpty ? "" : "; skipped: \(Self.names(skipped.map(\.id)))"))
    }

    /// The first of them by name, and how many more there are.
    static func names(_ steps: [StepID]) -> String {
        let shown = steps.prefix(8).map(\.rawValue).joined(separator: ", ")
        return steps.count > 8 ? "\(shown) and \(steps.count - 8) more" : shown
    }

    private mutating func endAttempts() throws(MachineError) {
        let live = state.progress.active.values.filter { !state[$0].live.isEmpty }
        for index in live { try lookAtAttempts(index) }
        guard live.isEmpty else { return }
        // What has ended meanwhile is concluded before the next stage begins.
        for index in state.progress.active.values where state[index].phase == .running {
            try lookAtAttempts(index)
        }
        if state.progress.active.values.contains(where: { state[$0].phase == .running }) { return }
        try beginRollback()
    }

    /// What follows the rollback, or the end of attempts where there is none.
    mutating func afterRollback() throws(MachineError) {
        if state.plan.mode == .drill, state.hasIntended, !state.plan.cleanup.isEmpty {
            try emit(.cleanupBegan)
        } else {
            try stopServices()
        }
    }

    /// Cleanup steps, one after the other in the plan's order; each is tried, whatever became of the others.
    private mutating func cleanUp() throws(MachineError) {
        let index = state.progress.nextCleanup
        guard index < state.topology.steps.count else {
            try stopServices()
            return
        }
        let step = state.topology.steps[index]
        switch state[index].phase {
        case .pending:
            switch state.readiness(index) {
            case .skip(let reason): try emit(.stepSkipped(step.id, reason: reason))
            case .fail(let reason): try fail(index, reason: reason)
            case .start:
                if try canReach(index) { try begin(index) }
            }
        case .waitingToRetry(let due):
            let canStart = now.isPast(due) ? try canReach(index) : false
            if canStart { try intend(.action, of: index) }
        default: break
        }
    }

    private mutating func stopServices() throws(MachineError) {
        let services = state.progress.services.values.filter { state[$0].service != nil }
        for index in services {
            guard let service = state[index].service, !state[index].isServiceStopping else { continue }
            try emit(.serviceStopping(service.step, attempt: service))
        }
        if services.isEmpty { try emit(.closingBegan) }
    }

    private mutating func close() throws(MachineError) {
        guard state.lingering.isEmpty, case .stopping(let cause, let reason, _) = state.status else { return }
        let owed = state.owedCleanup.keys.sorted().map(\.rawValue).joined(separator: ", ")
        let outcome: RunOutcome =
            switch cause {
            // A drill that leaves something behind has not succeeded.
            case .finished: owed.isEmpty ? .succeeded : .failed
            case .failed: .failed
            case .cancelled: .cancelled
            case .refused: .refused
            }
        let parts = [reason, state.leftUndone, owed.isEmpty ? nil : "cleanup is owed: \(owed)"]
        try emit(.runClosed(outcome, reason: parts.compactMap { $0 }.joined(separator: "; ")))
    }
}

extension PlannedStep {
    var isCard: Bool { action.kind == .manual || action.kind == .approve }
}
