package import DRRunbook

/// What reaches the machine from outside; `decide` turns it into events.
package enum Input: Sendable, Equatable {
    indirect case createRun(RunCreated)
    case runnerStarted(RunnerIdentity)
    /// Whoever drives the run has it go on by another plan. Throws `adoptionRefused` where that cannot be.
    indirect case adoptPlan(PlanAdoption)
    case supervisorConnected(SupervisorIdentity, attempts: [AttemptReport])
    /// Its connection has ended, and nobody knows whether it lives. A stale generation changes nothing.
    case supervisorLost(Place, generation: Int)
    /// It answered `finish` and ended, or no supervisor is there at all. A stale generation changes nothing.
    case supervisorGone(Place, generation: Int)
    /// No supervisor can be had there, and trying again does not help; the reason says what and what next.
    /// Before the first step the run is refused; later it pauses.
    case placeUnavailable(Place, reason: String)
    indirect case isolationChecked(IsolationReport)
    case attemptReported(AttemptReport)
    indirect case request(AcceptedRequest)
    case requestRefused(id: String, ownerUID: UInt32?, reason: String)
    /// This process was asked to end (Ctrl-C in a drill).
    case cancel(reason: String)
    case pause(reason: String)
    /// Time has passed; timers that are due fire.
    case tick
}

/// What is to be performed in the world: derived from the state, so that nothing is lost between
/// "persisted" and "performed". Each may be performed again after a crash.
package enum Action: Sendable, Hashable {
    case connect(Place)
    case checkIsolation
    case start(AttemptID)
    case stop(AttemptID)
    /// Give the machine a `tick` when this moment is past, by either clock. There may be several.
    case wake(Moment)
    /// End the supervisor there, over its connection. When it has ended, say so with `supervisorGone`.
    case finish(Place)
    /// The connection has ended: find out whether a supervisor lives there, and end it. When none does, say so with
    /// `supervisorGone`.
    case ensureGone(Place)
    /// The run is closed: derive record and report, release everything.
    case conclude
}
