import DRCrypto
import DRRunbook

extension PlanMaker {
    /// A plan as somebody changed it: steps that are others now, or gone, or new, and what needs them.
    /// - Parameter open: the steps that may be changed; nil: any.
    static func changed(_ plan: Plan, open: Set<StepID>?, _ dice: inout Dice) -> Plan {
        var new = plan
        var changed: Set<StepID> = []
        for index in new.steps.indices {
            let id = new.steps[index].id
            if open?.contains(id) != false, dice.oneIn(3) { changed.insert(id) }
            // A step's digest covers those of its needs.
            guard changed.contains(id) || new.steps[index].needs.contains(where: { changed.contains($0.step) }) else {
                continue
            }
            changed.insert(id)
            new.steps[index].digest = Digest.of("\(id) \(dice.below(1 << 30))")
            if case .run = new.steps[index].action, dice.oneIn(2), new.steps[index].retry.attempts == 1,
                new.steps[index].background == nil
            {
                new.steps[index].effect = dice.of([.unsafe, .idempotent, .read])
            }
        }
        if dice.oneIn(3) {
            var added = PlannedStep(
                id: StepID("n\(dice.below(1 << 20))"), title: "new", action: .run(.argv([Template("true")])),
                effect: .idempotent, digest: Digest.of("new"))
            added.place = new.hasInside ? .inside : .outside
            if let last = new.steps.last, last.escalation == nil { added.needs = [Need(step: last.id)] }
            new.steps.append(added)
        }
        if dice.oneIn(6), !new.rollbacks.isEmpty { new.rollbacks.remove(at: dice.below(new.rollbacks.count)) }
        if dice.oneIn(4),
            let gone = new.steps.last(where: { step in
                open?.contains(step.id) != false && step.escalation == nil
                    && !new.steps.contains { isTied($0, to: step) }
            })
        {
            new.steps.removeAll { $0.id == gone.id || $0.escalation?.of == gone.id }
            new.rollbacks.removeAll { $0.undoes == gone.id }
        }
        return new
    }

    private static func isTied(_ step: PlannedStep, to other: PlannedStep) -> Bool {
        if step.needs.contains(where: { $0.step == other.id }) || step.background?.until == other.id { return true }
        if case .stop(let service) = step.action { return service == other.id }
        return false
    }
}
