import DRMachine
import DRRunbook

// A rollback undoes exactly what did something, the last first, and only where it may.
extension Ledger {
    mutating func takeRollback(_ entry: JournaledEvent) throws {
        switch entry.event {
        case .rollbackAsked(let due):
            try require(
                stage == .stopping && plan.rollback == .ask && !toUndo.isEmpty, .rollbackUndoes,
                "a rollback is asked for in stage \(stage)")
            isAskedForRollback = true
            rollbackDue = due
        case .rollbackBegan(let order):
            try require(
                plan.rollback == .auto || rollbackAnswer == true, .rollbackUndoes, "a rollback begins unasked")
            try require(
                undoing == nil && order == toUndo, .rollbackUndoes, "undoes \(order), and \(toUndo) did something")
            undoing = order
        case .rollbackDeclined:
            try require(
                isAskedForRollback && (rollbackAnswer == false || rollbackDue.map(entry.at.isPast) ?? false),
                .rollbackUndoes, "a rollback is declined, and nobody declined it")
            wasRollbackDeclined = true
        default: break
        }
        try require(cause == .failed || cause == .cancelled, .rollbackUndoes, "a run that did not fail is rolled back")
        try requireNothingUnderWay()
        stage = .rollback
    }

    /// An attempt of a rollback step begins.
    func requireTurn(_ id: AttemptID) throws {
        try require(stage == .rollback, .rollbackUndoes, "\(id) is intended in stage \(stage)")
        guard let undoing, undoing.contains(id.step) else {
            throw Violation(.rollbackUndoes, "\(id) is intended, and undoes nothing that was done")
        }
        for other in undoing.prefix(while: { $0 != id.step }) {
            try require(steps[other]?.over != nil, .rollbackUndoes, "\(id) is intended before \(other) is over")
        }
    }

    /// What follows a rollback begins.
    func requireRolledBack() throws {
        guard cause == .failed || cause == .cancelled, plan.rollback != .never, !toUndo.isEmpty else { return }
        if wasRollbackDeclined { return }
        guard let undoing else {
            throw Violation(.rollbackUndoes, "what was done is neither undone nor left by anybody's word")
        }
        for step in undoing {
            try require(steps[step]?.over != nil, .rollbackUndoes, "the run goes on, and \(step) is not over")
        }
    }

    private var toUndo: [StepID] {
        var acted: [(Int, StepID)] = []
        for step in plan.rollbacks {
            if let undone = step.undoes, let at = steps[undone]?.acted { acted.append((at, step.id)) }
        }
        return acted.sorted { $0.0 > $1.0 }.map(\.1)
    }
}
