import DRMachine
import DRRunbook

// Whoever is to be told of a card is told while it waits, not before its time, and not when somebody sees to it.
extension Ledger {
    /// It begins with the card that it tells of.
    mutating func beginEscalation(_ id: StepID, _ escalation: PlannedEscalation, due: Moment?) throws {
        try requireWaiting(id, escalation)
        try require(steps[id]?.over == nil && steps[id]?.hasBegun == false, .startedOnce, "\(id) begins again")
        steps[id]?.hasBegun = true
        steps[id]?.waitsUntil = due
    }

    /// Somebody is being told.
    func requireDue(_ id: StepID, _ escalation: PlannedEscalation, at: Moment) throws {
        try requireWaiting(id, escalation)
        try require(stage == .running, .pauseHolds, "\(id) tells in stage \(stage)")
        // What was past once may lie ahead again when the wall clock is set back.
        if steps[id]?.attempts ?? 0 > 1 { return }
        try require(
            steps[id]?.waitsUntil.map(at.isPast) == true, .orderAndWidth, "\(id) tells of a card before its time")
    }

    private func requireWaiting(_ id: StepID, _ escalation: PlannedEscalation) throws {
        let asking = steps[escalation.of]
        try require(
            asking?.card != nil && asking?.over == nil, .orderAndWidth, "\(id) tells of a card that is not shown")
        try require(asking?.isAcknowledged == false, .orderAndWidth, "\(id) tells of a card that somebody sees to")
        try require(stage.rawValue < Stage.stopping.rawValue, .stoppingOrder, "\(id) tells in stage \(stage)")
    }

    /// Whether nobody need be told any more.
    func isSeenTo(_ escalation: PlannedEscalation) -> Bool {
        let asking = steps[escalation.of]
        return asking?.card == nil || asking?.isAnswered == true || asking?.isAcknowledged == true
            || asking?.over != nil
    }
}
