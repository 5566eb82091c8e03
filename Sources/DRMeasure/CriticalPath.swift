import DRMachine
package import DRRunbook

/// The chain of steps, each needing the one before it, that took longest; and how much of it a drill exercised.
package struct CriticalPath: Codable, Sendable, Equatable {
    /// A step of the path that this run did not exercise as a real one would.
    package struct NotExercised: Codable, Sendable, Equatable {
        package var step: StepID
        package var reason: String
    }

    /// In order. Steps that the drill left out are among them: a real run would have them.
    package var steps: [StepID]
    /// The measured durations along it, added up.
    package var duration: TimeSpan
    /// Steps of the path that a real run would do otherwise, or that were not done.
    package var notExercised: [NotExercised]

    /// Exercised steps of the path, in thousandths of all its steps; nil for an empty path.
    package var shareThousandths: Int? {
        steps.isEmpty ? nil : (steps.count - notExercised.count) * 1000 / steps.count
    }
}

extension CriticalPath {
    init(plan: Plan, journal: Chronicle, measured: [StepMeasurement]) {
        var spans: [StepID: TimeSpan] = [:]
        for step in measured { spans[step.step] = step.duration.span }
        let positions = Dictionary(
            plan.steps.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        var best: [(duration: TimeSpan, count: Int, before: Int?)?] = Array(repeating: nil, count: plan.steps.count)
        // Needs may be declared after what needs them: a step's turn comes when those of its needs are done.
        var stack = Array(plan.steps.indices.reversed())
        while let index = stack.last {
            let needs = plan.steps[index].needs.compactMap { positions[$0.step] }
            let open = needs.filter { best[$0] == nil }
            if best[index] == nil, !open.isEmpty {
                stack += open
                continue
            }
            stack.removeLast()
            if best[index] != nil { continue }
            let longest = needs.compactMap { need in best[need].map { (need, $0.duration, $0.count) } }
                .max { ($0.1, $0.2, -$0.0) < ($1.1, $1.2, -$1.0) }
            best[index] = (
                (longest?.1 ?? .zero) + (spans[plan.steps[index].id] ?? .zero), (longest?.2 ?? 0) + 1, longest?.0
            )
        }
        var next = best.indices.max { one, other in
            (best[one]?.duration ?? .zero, best[one]?.count ?? 0, -one)
                < (best[other]?.duration ?? .zero, best[other]?.count ?? 0, -other)
        }
        duration = next.flatMap { best[$0]?.duration } ?? .zero
        var path: [Int] = []
        while let index = next {
            path.append(index)
            next = best[index]?.before
        }
        steps = path.reversed().map { plan.steps[$0].id }
        notExercised = path.reversed().compactMap { index in
            Self.reason(plan.steps[index], plan: plan, journal: journal).map {
                NotExercised(step: plan.steps[index].id, reason: $0)
            }
        }
    }

    private static func reason(_ step: PlannedStep, plan: Plan, journal: Chronicle) -> String? {
        switch journal.state.steps[step.id]?.phase {
        case .skipped(let reason): return reason
        case .pending, nil: return "it was not reached"
        default: return plan.mode == .drill && step.differsInDrill ? "the drill runs something else" : nil
        }
    }
}
