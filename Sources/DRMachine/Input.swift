package import DRRunbook

/// What reaches the machine from outside; `decide` turns it into events.
package enum Input: Sendable, Equatable {
    case createRun(RunCreated)
    case runnerStarted(RunnerIdentity)
    case supervisorConnected(SupervisorIdentity, attempts: [AttemptReport])
    /// Its connection has ended: it died, or it answered `finish`. A stale generation changes nothing.
    case supervisorLost(Place, generation: Int)
    /// No supervisor can be had there, and trying again does not help; the reason says what and what next.
    /// Before the first step the run is refused; later it pauses.
    case placeUnavailable(Place, reason: String)
    case isolationChecked(IsolationReport)
    case attemptReported(AttemptReport)
    case request(AcceptedRequest)
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
    /// End the supervisor there. When it is gone, or was gone already, say so with `supervisorLost`.
    case finish(Place)
    /// The run is closed: derive record and report, release everything.
    case conclude
}
