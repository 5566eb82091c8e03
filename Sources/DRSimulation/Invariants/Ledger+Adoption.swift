import DRMachine
import DRRunbook

// Another plan for a run under way: nothing is under way, and what is over is the same in both.
extension Ledger {
    mutating func adopt(_ adoption: PlanAdoption) throws {
        try require(
            stage.rawValue < Stage.stopping.rawValue, .adoptionKeepsWhatIsDone, "a plan is adopted in stage \(stage)")
        let new = try adoption.plan()
        let others = Dictionary(new.allSteps.map { ($0.id, $0) }) { first, _ in first }
        for step in plan.allSteps {
            guard let account = steps[step.id] else { continue }
            try require(
                account.live.isEmpty && (!account.isInDoubt || account.over != nil), .adoptionKeepsWhatIsDone,
                "a plan is adopted while \(step.id) is under way or in doubt")
            if account.over != nil {
                try require(
                    others[step.id]?.digest == step.digest, .adoptionKeepsWhatIsDone,
                    "a plan is adopted in which \(step.id), which is over, is another step")
            }
            if account.acted != nil, plan.rollbacks.contains(where: { $0.undoes == step.id }) {
                try require(
                    new.rollbacks.contains { $0.undoes == step.id }, .adoptionKeepsWhatIsDone,
                    "a plan is adopted in which nothing undoes \(step.id)")
            }
        }
        for step in plan.cleanup where hasIntended {
            try require(
                others[step.id] != nil, .adoptionKeepsWhatIsDone, "a plan is adopted without the cleanup \(step.id)")
        }
        for step in new.allSteps {
            guard var account = steps[step.id] else {
                steps[step.id] = Account()
                continue
            }
            if planned[step.id]?.digest != step.digest {
                account = Account(begunAnew: account)
            } else {
                account.card = nil
                account.approvers = []
                account.brokeGlass = false
            }
            steps[step.id] = account
        }
        follow(new)
    }
}

extension Ledger.Account {
    /// Another step by the same name: a person had the plan adopted that says so.
    fileprivate init(begunAnew old: Self) {
        attempts = old.attempts
        acted = old.acted
        hasSucceeded = old.hasSucceeded
        askedAgain = old.askedAgain + 1
        isBegunAnew = true
    }
}
