import DRRunbook

// Undoing what a run did, before it cleans up: in reverse order, one step after the other.
extension Decision {
    /// Attempts are over: asks for a rollback, begins one, or goes on to what follows.
    mutating func beginRollback() throws(MachineError) {
        guard case .stopping(let cause, _, _) = state.status, cause == .failed || cause == .cancelled,
            !state.undoing.isEmpty
        else { return try afterRollback() }
        switch state.plan.rollback {
        case .never: try afterRollback()
        case .auto: try emit(.rollbackBegan(state.undoing))
        case .ask:
            let isUnattended = state.created?.unattended == true
            try emit(.rollbackAsked(due: isUnattended ? now.advanced(by: Self.unattendedPatience) : nil))
        }
    }

    /// Goes on with the rollback, as long as it is asked for or under way.
    mutating func rollBack() throws(MachineError) {
        if case .asked = state.rollback { return }
        guard let index = state.nextRollback else { return try afterRollback() }
        switch state[index].phase {
        case .pending: if try canReach(index) { try begin(index) }
        case .waitingToRetry(let due):
            let canStart = now.isPast(due) ? try canReach(index) : false
            if canStart { try intend(.action, of: index) }
        case .running, .waiting, .asking, .held, .inDoubt, .succeeded, .failed, .skipped: break
        }
    }

    /// The time is over in which somebody could have asked for a rollback.
    mutating func fireRollbackTimer() throws(MachineError) {
        guard case .stopping(_, _, .rollback) = state.status, case .asked(let due?) = state.rollback, now.isPast(due)
        else { return }
        try emit(.rollbackDeclined(reason: "nobody answered"))
    }

    /// Whether a step's place can be reached; where it never will be, the step has failed.
    mutating func canReach(_ index: Int) throws(MachineError) -> Bool {
        let step = state.topology.steps[index]
        if step.isCard || state.isReachable(step.place) { return true }
        if step.place == .inside, let report = state.refusedIsolation {
            try fail(index, reason: Self.words(for: report))
        }
        return false
    }
}

extension RunState {
    /// What undoes the steps that did something, the last one first.
    var undoing: [StepID] {
        var acted: [(at: Int, id: StepID)] = []
        for step in plan.rollbacks {
            guard let undone = step.undoes, let at = steps[undone]?.actedAt else { continue }
            acted.append((at, step.id))
        }
        return acted.sorted { $0.at > $1.at }.map(\.id)
    }

    /// The step of the rollback that is next or under way; nil: there is none, or all are over.
    var nextRollback: Int? {
        guard case .stopping(_, _, .rollback) = status, case .begun(let order) = rollback else { return nil }
        return order.lazy.compactMap { self.topology.positions[$0] }.first { !self[$0].phase.isOver }
    }

    /// What a rollback did not undo, in words; nil: everything, or there was nothing to undo.
    var leftUndone: String? {
        switch rollback {
        case nil: return nil
        case .asked: return "not rolled back"
        case .declined(let reason): return "not rolled back: \(reason)"
        case .begun(let order):
            let left = order.filter { steps[$0]?.phase.outcome != .succeeded }.map(\.rawValue)
            return left.isEmpty ? "rolled back" : "not rolled back: \(left.joined(separator: ", "))"
        }
    }
}
