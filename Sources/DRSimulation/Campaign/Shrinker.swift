import DRRunbook

/// Makes a failing seed smaller: fewer steps, fewer kinds of fault, as long as the same invariant is violated.
package enum Shrinker {
    /// What is left of a seed.
    package struct Result: Sendable {
        package var verdict: Simulation.Verdict
        /// What was taken away, in order.
        package var removed: [String]
        /// What is left: the steps, and the faults.
        package var steps: [String]
        package var faults: [String]
    }

    private struct Case {
        var plan: Plan
        var rates: FaultRates
    }

    /// - Returns: nil when the seed violates nothing.
    package static func shrink(seed: UInt64) -> Result? {
        var planDice = Dice(seed, .plan)
        var rateDice = Dice(seed, .rates)
        var current = Case(plan: PlanMaker.plan(&planDice), rates: FaultRates.drawn(&rateDice))
        guard let invariant = Simulation.run(seed: seed, plan: current.plan, rates: current.rates).violation?.invariant
        else { return nil }
        var removed: [String] = []
        var hasShrunk: Bool
        repeat {
            hasShrunk = false
            for (name, smaller) in smaller(current) {
                let verdict = Simulation.run(seed: seed, plan: smaller.plan, rates: smaller.rates)
                guard verdict.violation?.invariant == invariant else { continue }
                current = smaller
                removed.append(name)
                hasShrunk = true
                break
            }
        } while hasShrunk
        let verdict = Simulation.run(seed: seed, plan: current.plan, rates: current.rates, tellsStory: true)
        return Result(
            verdict: verdict, removed: removed, steps: (current.plan.steps + current.plan.cleanup).map(words),
            faults: current.rates.meanGaps.keys.map(\.rawValue).sorted())
    }

    private static func smaller(_ whole: Case) -> [(String, Case)] {
        var cases: [(String, Case)] = []
        for step in whole.plan.steps.reversed() where whole.plan.steps.count > 1 {
            var less = whole
            less.plan.steps.removeAll { $0.id == step.id }
            for index in less.plan.steps.indices {
                less.plan.steps[index].needs.removeAll { $0.step == step.id }
                if less.plan.steps[index].background?.until == step.id {
                    less.plan.steps[index].background?.until = nil
                }
            }
            cases.append(("step \(step.id)", less))
        }
        for step in whole.plan.cleanup.reversed() {
            var less = whole
            less.plan.cleanup.removeAll { $0.id == step.id }
            cases.append(("cleanup \(step.id)", less))
        }
        for fault in FaultRates.Fault.allCases where whole.rates.meanGaps[fault] != nil {
            var less = whole
            less.rates.meanGaps[fault] = nil
            cases.append((fault.rawValue, less))
        }
        for (name, share) in shares where whole.rates[keyPath: share] > 0 {
            var less = whole
            less.rates[keyPath: share] = 0
            cases.append((name, less))
        }
        if whole.rates.engineCount > 1 {
            var less = whole
            less.rates.engineCount = 1
            cases.append(("all runners but one", less))
        }
        return cases
    }

    private static var shares: [(String, WritableKeyPath<FaultRates, Int>)] {
        [
            ("failing", \.failing), ("hanging", \.hanging), ("ignoringTermination", \.ignoringTermination),
            ("notStarting", \.notStarting), ("probesUnsure", \.probesUnsure), ("dyingAtSpawn", \.dyingAtSpawn),
            ("dyingAtEnd", \.dyingAtEnd), ("isolationNotShown", \.isolationNotShown),
            ("isolationBroken", \.isolationBroken), ("supervisorsNotStarting", \.supervisorsNotStarting),
            ("answeringTwice", \.answeringTwice), ("wrongPerson", \.wrongPerson), ("staleCard", \.staleCard),
            ("rejecting", \.rejecting), ("interrupting", \.interrupting),
        ]
    }

    private static func words(_ step: PlannedStep) -> String {
        var text = "\(step.id): \(step.action.kind.rawValue), \(step.effect.rawValue), \(step.place.rawValue)"
        if !step.needs.isEmpty { text += ", needs \(step.needs.map(\.step.rawValue).joined(separator: " "))" }
        if let background = step.background { text += ", until \(background.until?.rawValue ?? "the end")" }
        return text
    }
}
