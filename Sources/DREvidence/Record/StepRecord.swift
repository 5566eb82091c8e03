package import DRCrypto
package import DRMachine
package import DRRunbook

/// What became of a step.
package enum StepOutcome: String, Codable, Sendable, CaseIterable {
    case succeeded, failed, skipped
    /// Nothing of it ever began.
    case notStarted
    /// It was under way when the journal ends.
    case unfinished
    /// It waits for a person after a failure.
    case held
    /// A card is shown and not answered.
    case waiting
    /// What became of an attempt, nobody knows.
    case inDoubt
}

/// A step of the plan with all that happened to it.
package struct StepRecord: Codable, Sendable, Equatable {
    package var id: StepID
    package var title: String
    package var kind: StepKind
    package var effect: Effect
    package var place: Place
    package var isCleanup: Bool
    /// The step that this one undid, in a rollback.
    package var undoes: StepID?
    /// Its process goes on after the step succeeded.
    package var isBackground: Bool
    package var needs: [StepID]
    /// SHA-256 over the step's definition and the digests of its needs, which cover theirs.
    package var digest: Digest
    /// The drill runs something else than a real run would.
    package var differsInDrill: Bool
    package var outcome: StepOutcome
    package var reason: String?
    /// What it said, where that is all it did.
    package var message: String?
    package var startedAt: RecordTime?
    package var endedAt: RecordTime?
    package var elapsedNanoseconds: Int64?
    package var attempts: [AttemptRecord]
    /// When people were waited for.
    package var waits: [PeopleWait]
    package var retries: [Retry]
    package var outputs: [NamedValue]
    package var approvals: [CountedApproval]

    /// Whether it belongs to what the runbook is for: neither rollback nor cleanup.
    package var isMain: Bool { !isCleanup && undoes == nil }

    /// A time during which a step waited for a person.
    package struct PeopleWait: Codable, Sendable, Equatable {
        /// What the person was asked for.
        package enum Kind: String, Codable, Sendable, CaseIterable { case approval, manual, held, inDoubt }

        package var kind: Kind
        package var from: RecordTime
        /// Nil: nobody has answered by the journal's end.
        package var to: RecordTime?
        package var elapsedNanoseconds: Int64?
        /// What was shown, or why it was held.
        package var text: String
        package var owner: String?
        package var roles: [String]
        package var card: Digest?
        package var expired: Bool
    }

    /// A pause before the next attempt.
    package struct Retry: Codable, Sendable, Equatable {
        package var at: RecordTime
        package var due: RecordTime
        package var reason: String
    }

    /// An approval that counted towards a card's quorum.
    package struct CountedApproval: Codable, Sendable, Equatable {
        package var at: RecordTime
        package var uid: UInt32
        /// Nil is *not established*.
        package var person: String?
        package var roles: [String]
        package var card: Digest
        package var request: String
        package var breakGlass: Bool
        package var comment: String?
        /// Who it was says an SSH signature that was checked; nil: the owner of a file says it.
        package var signed: Bool?
    }
}

/// One try, by the supervisor's clock.
package struct AttemptRecord: Codable, Sendable, Equatable {
    package var attempt: AttemptID
    package var place: Place
    /// What was asked for, secrets as references.
    package var work: String
    package var intendedAt: RecordTime
    package var startedAt: RecordTime?
    package var endedAt: RecordTime?
    package var elapsedNanoseconds: Int64?
    package var executable: String?
    package var executableDigest: Digest?
    /// In words: `exited 0`, `ended by signal 9`, `ran out of time`; nil when the journal holds no end.
    package var result: String?
    /// Nil unless the process exited by itself.
    package var exitCode: Int32?
    package var succeeded: Bool
    package var standardOutput: OutputRecord?
    package var standardError: OutputRecord?
    package var survivors: [String]
    /// Why nobody knows what became of it.
    package var lost: String?
    /// When that was noticed.
    package var lostAt: RecordTime?
}
