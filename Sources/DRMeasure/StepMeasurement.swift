package import DRMachine
package import DRRunbook

/// How long a step took, by the supervisor's clock where it started attempts, else by the runner's.
package struct StepMeasurement: Codable, Sendable, Equatable {
    package var step: StepID
    package var isCleanup: Bool
    /// From its first attempt, or from its card, to its end; a service's end is when it was ready.
    package var duration: Figure
    package var startedAt: Moment?
    package var endedAt: Moment?
    /// Attempts of what the step is for; questions about it are not counted.
    package var attempts: Int
    package var retries: Int { max(0, attempts - 1) }
}

extension StepMeasurement {
    init(_ planned: PlannedStep, isCleanup: Bool, journal: Chronicle) {
        step = planned.id
        self.isCleanup = isCleanup
        let state = journal.state.steps[planned.id]
        let actions = state?.attempts.filter { $0.id.part == .action } ?? []
        attempts = actions.count
        let first = actions.first.map { $0.start?.at ?? $0.intendedAt }
        // A wait for a time has neither attempt nor card.
        startedAt = first ?? journal.shownAt[planned.id] ?? state?.firstIntendedAt
        endedAt = state?.phase.isOver == true ? state?.endedAt : nil
        if case .skipped? = state?.phase {
            duration = .notEstablished("it was skipped")
        } else if let startedAt, let endedAt {
            duration = .between(startedAt, endedAt)
        } else {
            duration = .notEstablished(startedAt == nil ? "it did not start" : "it did not end")
        }
    }
}
