import Synchronization

/// Many seeds, on all cores.
package struct Campaign: Sendable {
    /// What came of all seeds together.
    package struct Outcome: Sendable {
        package var seeds = 0
        package var statistics = Statistics()
        /// How many runs ended in which way.
        package var endings: [String: Int] = [:]
        /// Seeds in which an invariant did not hold, in their order; at most as many as were asked for.
        package var violations: [Simulation.Verdict] = []
    }

    /// The seeds, one after the other.
    package var seeds: ClosedRange<UInt64>
    /// After so many violations no further seed begins.
    package var violationLimit = 10

    package init(seeds: ClosedRange<UInt64>, violationLimit: Int = 10) {
        self.seeds = seeds
        self.violationLimit = violationLimit
    }

    private static let chunk: UInt64 = 64

    /// Runs the seeds.
    /// - Parameters:
    ///   - workers: how many at once.
    ///   - progress: told how many seeds are done, now and then, from any thread.
    package func run(workers: Int, progress: @Sendable @escaping (Int) -> Void = { _ in }) async -> Outcome {
        let tally = Tally(first: seeds.lowerBound)
        await withDiscardingTaskGroup { group in
            for _ in 0..<max(1, workers) {
                group.addTask { work(tally, progress) }
            }
        }
        var outcome = tally.total.withLock { $0 }
        outcome.violations.sort { $0.seed < $1.seed }
        return outcome
    }

    /// What all workers share.
    private final class Tally: Sendable {
        let next: Atomic<UInt64>
        let total = Mutex(Outcome())

        init(first: UInt64) { next = Atomic(first) }
    }

    private func work(_ tally: Tally, _ progress: (Int) -> Void) {
        while true {
            let first = tally.next.wrappingAdd(Self.chunk, ordering: .relaxed).oldValue
            guard first <= seeds.upperBound else { return }
            var mine = Outcome()
            for seed in first...min(seeds.upperBound, first + Self.chunk - 1) {
                let verdict = Simulation.run(seed: seed)
                mine.seeds += 1
                mine.statistics.add(verdict.statistics)
                mine.endings[verdict.violation == nil ? verdict.statistics.outcome : "violation", default: 0] += 1
                if verdict.violation != nil { mine.violations.append(verdict) }
            }
            let (seeds, isEnough) = tally.total.withLock { total in
                total.seeds += mine.seeds
                total.statistics.add(mine.statistics)
                total.endings.merge(mine.endings, uniquingKeysWith: +)
                let room = max(0, violationLimit - total.violations.count)
                total.violations += mine.violations.prefix(room)
                return (total.seeds, total.violations.count >= violationLimit)
            }
            progress(seeds)
            if isEnough { return }
        }
    }
}
