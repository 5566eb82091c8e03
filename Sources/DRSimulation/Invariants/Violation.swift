/// What must hold in every simulated run.
package enum Invariant: String, Sendable, CaseIterable, Error {
    /// Every input in every state leads to events, or to none; never to an error.
    case totality
    /// What is acknowledged is in the journal afterwards, unchanged and in order.
    case acknowledgedIsKept
    /// Folding the journal gives the state, however often it is done.
    case replayIsTheSame
    /// An intent is durable before its process is there.
    case intentBeforeEffect
    /// An attempt's process is started once.
    case startedOnce
    /// What succeeded does not run again.
    case successIsFinal
    /// Attempts stay within what is declared, and a retry waits until it is due.
    case retriesAsDeclared
    /// An unsafe step runs once, unless a person has it run again.
    case unsafeRunsOnce
    /// Needs are over, in an accepted end, before a step starts; no more steps are under way than `width` says.
    case orderAndWidth
    /// A report is what really happened, and what nobody knows is said to be in doubt.
    case reportsAreTrue
    /// What was lost is gone before it is taken as lost.
    case lostIsGone
    /// A step succeeds only on the strength of an attempt, a probe, a person or a quorum.
    case successHasAReason
    /// Approvals are what people gave: for this card, in time, each counted once, by who may.
    case approvalsAreGenuine
    /// Every request is applied once or refused once.
    case requestsAreAnswered
    /// One runner acts in an epoch, and none of an earlier one.
    case oneRunnerAnEpoch
    /// After a restart of the machine finished steps are probed, or a person says that they hold.
    case restartIsNoticed
    /// Another plan is adopted only where nothing is under way, and what is over is the same in both.
    case adoptionKeepsWhatIsDone
    /// A run ends in one order, and cleanup is done or owed.
    case stoppingOrder
    /// A rollback undoes exactly what did something, in reverse order, when it is asked for.
    case rollbackUndoes
    /// Nothing acts inside a drill whose isolation is not established.
    case isolation
    /// A pause and a stop start nothing.
    case pauseHolds
    /// Time does not run backwards in a journal within one start of the machine.
    case timeGoesForward
    /// A closed run leaves no process, and its outcome is what happened.
    case endIsClean
    /// Once faults have stopped, a run ends.
    case runsEnd
}

/// An invariant that did not hold.
package struct Violation: Error, Sendable, CustomStringConvertible {
    package var invariant: Invariant
    package var detail: String

    init(_ invariant: Invariant, _ detail: String) {
        self.invariant = invariant
        self.detail = detail
    }

    package var description: String { "\(invariant.rawValue): \(detail)" }
}
