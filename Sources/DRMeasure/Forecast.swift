package import DRMachine
package import DRRunbook

/// How long a run will take, judged by how long its steps took in earlier runs.
///
/// The critical path with each step at its median, and with each at the 90th percentile (nearest rank): the second is
/// a cautious figure, for it lets everything be slow at once. What was never measured counts as nothing, and is named.
package struct Forecast: Sendable, Equatable, Codable {
    /// The sum along the path that is longest by the medians.
    package var p50: TimeSpan
    /// The longest sum by the 90th percentiles.
    package var p90: TimeSpan
    /// The path that is longest by the medians, in order; of steps without time, those that lie on it.
    package var path: [StepID]
    /// Steps that no earlier run tells anything of.
    package var unknown: [StepID]
    /// How many earlier runs it is judged by.
    package var runs: Int

    /// - Parameters:
    ///   - times: how long steps took in earlier runs of the same runbook and mode, in nanoseconds (`times(in:)`).
    ///   - runs: how many runs these are of.
    package init(_ plan: Plan, times: [StepID: [Int64]], runs: Int) {
        let samples = times.mapValues { $0.sorted() }
        func time(_ step: PlannedStep, _ percent: Int) -> Int64 {
            if step.skipInDrill != nil { return 0 }
            guard let known = samples[step.id], !known.isEmpty else { return 0 }
            return known[max(0, (known.count * percent + 99) / 100 - 1)]
        }
        let median = Self.longest(plan) { time($0, 50) }
        p50 = TimeSpan(nanoseconds: median.length)
        path = median.path
        p90 = TimeSpan(nanoseconds: Self.longest(plan) { time($0, 90) }.length)
        // What takes no time by its nature has none to be measured.
        unknown = plan.steps.filter { step in
            samples[step.id] == nil && step.skipInDrill == nil && !step.action.isEffectFree && step.gate == nil
                && step.escalation == nil
        }.map(\.id)
        self.runs = runs
    }

    /// How long the steps of a run took that succeeded, waiting and retries included, in nanoseconds.
    package static func times(in state: RunState) -> [StepID: Int64] {
        var times: [StepID: Int64] = [:]
        for step in state.plan.steps {
            guard let known = state.steps[step.id], known.phase == .succeeded, let from = known.firstIntendedAt,
                let to = known.endedAt
            else { continue }
            times[step.id] = max(0, to.elapsed(since: from).nanoseconds)
        }
        return times
    }

    private static func longest(_ plan: Plan, _ time: (PlannedStep) -> Int64) -> (length: Int64, path: [StepID]) {
        var ends: [StepID: Int64] = [:]
        var before: [StepID: StepID] = [:]
        var dependents: [StepID: [Int]] = [:]
        var openNeeds = plan.steps.map(\.needs.count)
        for (index, step) in plan.steps.enumerated() {
            for need in step.needs { dependents[need.step, default: []].append(index) }
        }
        var ready = plan.steps.indices.filter { openNeeds[$0] == 0 }
        while let index = ready.popLast() {
            let step = plan.steps[index]
            let last = step.needs.max { (ends[$0.step] ?? 0, $1.step) < (ends[$1.step] ?? 0, $0.step) }?.step
            before[step.id] = last
            ends[step.id] = (last.flatMap { ends[$0] } ?? 0) + time(step)
            for dependent in dependents[step.id] ?? [] {
                openNeeds[dependent] -= 1
                if openNeeds[dependent] == 0 { ready.append(dependent) }
            }
        }
        guard let end = ends.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }) else { return (0, []) }
        return (end.value, Array(sequence(first: end.key) { before[$0] }).reversed())
    }
}
