// What tells somebody that a card waits: a step beside the one that shows the card.
extension Planner {
    func escalated(_ steps: [PlannedStep]) -> [PlannedStep] {
        if !steps.contains(where: { $0.escalate != nil }) { return steps }
        return steps.flatMap { step -> [PlannedStep] in
            guard let (escalate, owner) = step.escalate else { return [step] }
            let text = "\(owner): \(step.title). Nobody has acknowledged it within \(escalate.after.words)."
            var telling = PlannedStep(
                id: StepID("\(step.id).escalation"), title: "somebody is told that \(step.id) waits",
                action: .notify(NotifyAction(text: Template(text))), effect: .idempotent, place: .outside,
                timeout: .seconds(30), onFailure: .continue, digest: StepDigest.none)
            // A drill tells nobody outside, unless its runbook says why it does.
            if request.mode == .real || step.placeReason != nil {
                telling.action = .notify(
                    NotifyAction(text: Template(text), channel: site?.channels[escalate.channel]))
                telling.placeReason = step.placeReason
                telling.retry = RetryPolicy(
                    attempts: 3, initial: .seconds(5), factorThousandths: 2000, maximum: .seconds(60), jitter: .full)
            }
            telling.escalation = PlannedEscalation(of: step.id, after: escalate.after)
            telling.skipInDrill = step.skipInDrill
            return [step, telling]
        }
    }
}

extension PlannedStep {
    /// When to tell whom that its card waits, and for whom the card is.
    fileprivate var escalate: (Escalation, owner: String)? {
        switch action {
        case .manual(let card): return card.escalate.map { ($0, card.owner) }
        case .approve(let card):
            return card.escalate.map { ($0, card.roles.isEmpty ? "anybody" : card.roles.joined(separator: ", ")) }
        default: break
        }
        guard case .manual(let card) = onFailure else { return nil }
        return card.escalate.map { ($0, card.owner) }
    }
}
