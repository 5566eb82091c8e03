import DRMachine
import DRRunbook

// Why a step is over.
extension Ledger {
    mutating func begin(_ id: StepID, due: Moment?) throws {
        guard let step = planned[id] else { return }
        if let escalation = step.escalation { return try beginEscalation(id, escalation, due: due) }
        try require(step.action.isEffectFree, .intentBeforeEffect, "\(id) begins without an attempt")
        try require(
            stage == .running, stage == .paused ? .pauseHolds : .stoppingOrder, "\(id) begins in stage \(stage)")
        try require(steps[id]?.over == nil && steps[id]?.hasBegun == false, .startedOnce, "\(id) begins again")
        try requireNeeds(step)
        steps[id]?.hasBegun = true
        steps[id]?.waitsUntil = due
    }

    /// Whether a step without a process is done.
    private func isWaitOver(_ step: PlannedStep, at: Moment) -> Bool {
        guard let account = steps[step.id], account.hasBegun else { return false }
        if case .stop(let service) = step.action { return steps[service]?.live.isEmpty == true }
        return account.waitsUntil.map(at.isPast) ?? true
    }

    mutating func succeed(_ id: StepID, at: Moment) throws {
        guard let step = planned[id], let account = steps[id] else { return }
        try require(account.over == nil, .successIsFinal, "\(id) succeeds, and was over")
        if step.background == nil || cleanup.contains(id) {
            try require(account.live.isEmpty, .reportsAreTrue, "\(id) succeeds while its attempt is under way")
        }
        let byAttempt = account.lastEnd?.result == .exited(0)
        let byQuorum =
            account.card?.kind == .approval
            && (account.brokeGlass || account.approvers.count >= account.card?.quorum ?? .max)
        let byWord = account.isClaimed && step.probe == nil && step.action.kind != .backup
        let byCard = account.isClaimed && account.card?.kind == .manual && byWord
        try require(
            byAttempt || byQuorum || byWord || byCard || isWaitOver(step, at: at), .successHasAReason,
            "\(id) succeeds, and nothing says why")
        if case .approve = step.action {
            try require(byQuorum, .approvalsAreGenuine, "\(id) succeeds without its quorum")
        }
        if let gate = step.gate { isThere[gate.dependency] = true }
        steps[id]?.over = .succeeded
        steps[id]?.card = nil
        steps[id]?.hasSucceeded = true
        steps[id]?.isReexamined = false
        steps[id]?.isHeld = false
        steps[id]?.isInDoubt = false
        steps[id]?.isAnswered = false
        steps[id]?.failures = 0
        if step.background != nil, !cleanup.contains(id), !account.live.isEmpty { steps[id]?.isService = true }
    }

    mutating func skip(_ id: StepID) throws {
        guard let step = planned[id], let account = steps[id] else { return }
        try require(account.over == nil || account.isDoubted, .successIsFinal, "\(id) is skipped, and was over")
        try require(hasNothingLive(id), .reportsAreTrue, "\(id) is skipped while its attempt is under way")
        for need in step.needs {
            try require(
                steps[need.step]?.isFailureOpen != true, .orderAndWidth,
                "\(id) is skipped because of \(need.step), which is not held yet")
        }
        if !account.isAnswered {
            let needsFail = step.needs.contains { need in
                steps[need.step]?.over.map { !need.accept.contains($0) } ?? false
            }
            let isKnown =
                step.gate.map { isThere[$0.dependency] == true } ?? step.escalation.map(isSeenTo) ?? false
            try require(
                needsFail || isKnown || step.skipInDrill != nil || step.condition != nil, .orderAndWidth,
                "\(id) is skipped without a reason")
        }
        steps[id]?.over = .skipped
        steps[id]?.card = nil
        steps[id]?.isDoubted = false
    }

    func hasNothingLive(_ id: StepID) -> Bool { steps[id]?.live.isEmpty ?? true }

    func requireOver(_ attempt: AttemptID) throws {
        try require(
            steps[attempt.step]?.live.contains(attempt) == false, .reportsAreTrue,
            "the service \(attempt) is said to be over, and no end was seen")
    }

    mutating func fail(_ id: StepID, _ policy: AfterFailure) throws {
        try require(
            steps[id]?.over == nil || steps[id]?.isDoubted == true, .successIsFinal, "\(id) fails, and was over")
        try require(hasNothingLive(id), .reportsAreTrue, "\(id) fails while its attempt is under way")
        if let gate = planned[id]?.gate, let account = steps[id] {
            if account.attempts > 0 { isThere[gate.dependency] = false }
        }
        steps[id]?.over = .failed
        steps[id]?.card = nil
        steps[id]?.isDoubted = false
        steps[id]?.isReexamined = false
        steps[id]?.isFailureOpen = policy == .hold || policy == .manual
    }

    mutating func hold(_ id: StepID) {
        steps[id]?.over = nil
        steps[id]?.isReexamined = false
        steps[id]?.isInDoubt = false
        steps[id]?.isHeld = true
        steps[id]?.isFailureOpen = false
        steps[id]?.isClaimed = false
        steps[id]?.card = nil
        steps[id]?.isServiceLost = false
    }

    mutating func lose(_ id: StepID, service: AttemptID) throws {
        try requireOver(service)
        steps[id]?.isService = false
        steps[id]?.isServiceLost = true
        steps[id]?.over = nil
    }

    mutating func stop(_ id: StepID, service: AttemptID) throws {
        try requireOver(service)
        steps[id]?.isService = false
        steps[id]?.over = .succeeded
    }
}
