package import DRMachine
package import DRRunbook

/// What a run achieved: a pure function of its plan and its journal, so that whoever has both can compute it
/// again and compare.
package struct Measurement: Codable, Sendable, Equatable {
    /// In the plan's order.
    package var services: [ServiceMeasurement]
    /// Steps, then rollbacks and cleanup, in the plan's order.
    package var steps: [StepMeasurement]
    package var criticalPath: CriticalPath
    package var resyncs: [ResyncRecord]
    /// From the first event to the last one.
    package var run: Figure
    /// The part of it in which the run did nothing but wait for people.
    package var waitingForPeople: Figure

    /// Measures a journal, finished or not: what is missing is not established.
    /// - Throws: `eventDoesNotFit` where no run of this plan can have written these events.
    package init(plan: Plan, events: [JournaledEvent]) throws(MachineError) {
        let journal = try Chronicle(plan: plan, events: events)
        let plan = journal.state.plan
        services = plan.services.map { ServiceMeasurement($0, mode: plan.mode, journal: journal) }
        let measured =
            plan.steps.map { StepMeasurement($0, isCleanup: false, journal: journal) }
            + plan.rollbacks.map { StepMeasurement($0, isCleanup: true, journal: journal) }
            + plan.cleanup.map { StepMeasurement($0, isCleanup: true, journal: journal) }
        steps = measured
        criticalPath = CriticalPath(plan: plan, journal: journal, measured: measured)
        resyncs = journal.state.resyncs
        if let first = journal.state.firstAt, let last = journal.state.lastAt {
            run = .between(first, last)
            waitingForPeople =
                run.source.map { .established(journal.waiting(from: first, to: last), by: $0) }
                ?? .notEstablished("the run's length is not established")
        } else {
            run = .notEstablished("nothing has happened yet")
            waitingForPeople = run
        }
    }

    /// Every verdict about an objective, of every service.
    package var objectives: [ObjectiveVerdict] {
        services.flatMap {
            [$0.recoveryTimeObjective, $0.recoveryPointObjective, $0.maximumTolerableDowntime].compactMap { $0 }
        }
    }
}
