package import DRRunbook

/// The state of a run: a pure function of plan and journal.
package struct RunState: Sendable, Equatable {
    package var plan: Plan
    package var created: RunCreated?
    package var status: RunStatus = .starting
    package var runner: RunnerIdentity?
    package var supervisors: [Place: SupervisorIdentity] = [:]
    package var isolation: IsolationReport?
    package var steps: [StepID: StepState] = [:]
    package var clocks: [ClockMark] = []
    package var losses: [LossMeasure] = []
    package var resyncs: [ResyncRecord] = []
    package var appliedRequests: Set<String> = []
    package var owedCleanup: [StepID: String] = [:]
    package var notes: [String] = []
    /// Number of the last event applied.
    package var lastEvent: Int = 0
    package var firstAt: Moment?
    package var lastAt: Moment?

    package init(plan: Plan) { self.plan = plan }
}

package enum RunStatus: Sendable, Equatable {
    case starting
    case running
    case paused(reason: String)
    case stopping(StopCause, reason: String, stage: StopStage)
    case closed(RunOutcome, reason: String)
}

/// The one order in which a run ends.
package enum StopStage: Int, Sendable, Comparable {
    case endingAttempts, cleanup, stoppingServices, closing

    package static func < (one: StopStage, other: StopStage) -> Bool { one.rawValue < other.rawValue }
}

package struct StepState: Sendable, Equatable {
    package var phase: StepPhase = .pending
    package var attempts: [AttemptState] = []
    package var outputs: [String: Value] = [:]
    package var firstIntendedAt: Moment?
    package var endedAt: Moment?
    package var card: Card?
    package var approvals: [Approval] = []
    /// The background process that lives, if any.
    package var service: AttemptID?
    package var isServiceStopping = false
}

package enum StepPhase: Sendable, Equatable {
    case pending
    /// An attempt is intended or under way.
    case running
    case waitingToRetry(due: Moment)
    /// A card is shown.
    case asking
    case held(reason: String, due: Moment?)
    case inDoubt(AttemptID, reason: String)
    case succeeded
    case failed(reason: String)
    case skipped(reason: String)
}

package struct AttemptState: Sendable, Equatable {
    package var spec: AttemptSpec
    package var intendedAt: Moment
    package var start: AttemptStart?
    package var end: AttemptEnd?
    /// Nobody knows what became of it.
    package var isLost = false
}
