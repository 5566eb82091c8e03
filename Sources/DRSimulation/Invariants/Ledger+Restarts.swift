import DRMachine
import DRRunbook

// After a restart of the machine, what finished steps wrote is not taken for granted.
extension Ledger {
    mutating func doubtFinishedSteps() {
        guard stage.rawValue < Stage.stopping.rawValue else { return }
        for step in plan.steps where step.effect != .read && step.background == nil && step.action.kind != .notify {
            guard let account = steps[step.id], account.over == .succeeded, account.attempts > 0 else { continue }
            steps[step.id]?.isDoubted = true
        }
    }

    /// The run goes on only when people have said of everything that no probe can tell.
    func requireConfirmed() throws {
        for step in plan.steps where steps[step.id]?.isDoubted == true {
            try require(
                step.probe != nil || step.action.kind == .backup, .restartIsNoticed,
                "the run goes on, and nobody has said whether \(step.id) outlived the restart")
        }
    }

    /// A probe says whether a finished step holds: until then it is not over.
    mutating func reopen(_ id: StepID) {
        steps[id]?.over = nil
        steps[id]?.isDoubted = false
        steps[id]?.isReexamined = true
    }
}
