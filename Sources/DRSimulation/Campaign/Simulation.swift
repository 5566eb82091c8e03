import DRRunbook

/// One seed's run.
package enum Simulation {
    /// What became of a seed.
    package struct Verdict: Sendable {
        package var seed: UInt64
        package var statistics: Statistics
        /// nil: every invariant held.
        package var violation: Violation?
        package var story: [String]
    }

    /// Runs a seed to its end.
    /// - Parameter tellsStory: whether everything that happens is written down.
    package static func run(seed: UInt64, tellsStory: Bool = false) -> Verdict {
        var planDice = Dice(seed, .plan)
        var rateDice = Dice(seed, .rates)
        return run(
            seed: seed, plan: PlanMaker.plan(&planDice), rates: FaultRates.drawn(&rateDice), tellsStory: tellsStory)
    }

    /// As `run(seed:)`, with another plan or other faults: what shrinking tries.
    static func run(seed: UInt64, plan: Plan, rates: FaultRates, tellsStory: Bool = false) -> Verdict {
        var verdict = Verdict(seed: seed, statistics: Statistics(), violation: nil, story: [])
        do {
            let world = try World(seed: seed, plan: plan, rates: rates)
            if tellsStory { world.story = [] }
            do {
                try world.run()
            } catch let violation as Violation {
                verdict.violation = violation
            } catch {
                verdict.violation = Violation(.totality, "\(error)")
            }
            verdict.statistics = world.statistics
            verdict.story = world.story ?? []
        } catch {
            verdict.violation = Violation(.totality, "\(error)")
        }
        return verdict
    }
}
