package import DRCrypto
package import DRRunbook

/// An event with its place in the journal. Numbers start at 1 and have no gaps.
package struct JournaledEvent: Sendable, Equatable {
    package var number: Int
    package var at: Moment
    package var event: Event

    package init(number: Int, at: Moment, event: Event) {
        self.number = number
        self.at = at
        self.event = event
    }
}

/// What happened or is about to happen in a run. The journal is a sequence of these, and everything else
/// (state, measurements, record, report) is a fold over it.
package enum Event: Sendable, Equatable {
    /// Always event 1.
    case runCreated(RunCreated)
    case runnerStarted(RunnerIdentity)
    case supervisorReady(SupervisorIdentity)
    case supervisorLost(Place, generation: Int)
    /// The negative probe and its positive control, before the first step of a drill.
    case isolationChecked(IsolationReport)

    case stepSkipped(StepID, reason: String)
    /// Durable before anything happens in the world.
    case attemptIntended(AttemptSpec)
    case attemptStarted(AttemptID, AttemptStart)
    case attemptEnded(AttemptID, AttemptEnd)
    /// What became of the attempt is not known, and its effect class does not say what to do by itself.
    case attemptInDoubt(AttemptID, reason: String)
    case retryScheduled(StepID, due: Moment, reason: String)
    case stepSucceeded(StepID, outputs: [String: Value])
    case stepFailed(StepID, reason: String, policy: AfterFailure)
    /// The run stays open and a person answers; unattended, until `due`.
    case stepHeld(StepID, reason: String, due: Moment?)
    case cardShown(Card)
    case cardExpired(StepID, card: Digest)
    case approvalCounted(StepID, Approval)
    case serviceLost(StepID, attempt: AttemptID)
    case serviceStopping(StepID, attempt: AttemptID)
    case serviceStopped(StepID, attempt: AttemptID)

    case clockMarked(ClockMark)
    case lossMeasured(LossMeasure)
    case resyncRecorded(ResyncRecord)

    /// Exact bytes and owner of a request that was carried out; its effects follow in the same batch.
    case requestApplied(AcceptedRequest)
    case requestRefused(id: String, ownerUID: UInt32?, reason: String)
    case noted(uid: UInt32, text: String)

    case runPaused(reason: String)
    case runProceeded(reason: String)
    /// Nothing starts from here on but cleanup.
    case stoppingBegan(StopCause, reason: String)
    case cleanupBegan
    case cleanupOwed(StepID, reason: String)
    case cleanupSettled(StepID, uid: UInt32, reason: String)
    case runClosed(RunOutcome, reason: String)
}

package struct RunCreated: Codable, Sendable, Equatable {
    /// Which rules `decide` and `apply` follow; a run of an unknown version is not resumed, but still verifies.
    package var semantics: Int
    package var run: String
    /// SHA-256 of the exact bytes of `plan.json`.
    package var plan: Digest
    package var mode: RunMode
    package var runbook: String
    /// 32 hexadecimal digits; jitter is a hash of it, the step and the attempt.
    package var seed: String
    package var initiatorUID: UInt32
    package var initiator: String
    /// What nobody answers within its time ends the run.
    package var unattended: Bool
    package var planned: Bool?
    package var incident: String?
    /// Absolute path of the run's `work/`, which expressions know as `run.directory`.
    package var workDirectory: String
}

package struct RunnerIdentity: Codable, Sendable, Equatable {
    package var epoch: Int
    package var host: String
    package var pid: Int32
    package var bootID: String
    package var version: String
}

package struct IsolationReport: Codable, Sendable, Equatable {
    package var verdict: Verdict
    package var probes: [Probe]

    package enum Verdict: String, Codable, Sendable {
        /// Every probe answered outside and failed inside.
        case demonstrated
        /// Enforced by the namespaces; some probe showed nothing because nothing answered outside.
        case enforcedNotDemonstrated
        /// Something answered inside.
        case broken
    }

    package struct Probe: Codable, Sendable, Equatable {
        /// `canary 127.0.0.1:PORT`, `socket PATH`, or the runbook's `host:port`.
        package var name: String
        package var isControl: Bool
        package var answeredOutside: Bool
        package var answeredInside: Bool
        package var detail: String
    }
}

package enum AfterFailure: String, Codable, Sendable { case hold, abort, `continue`, manual }

/// What a person is asked; its digest binds the answer to what was shown.
package struct Card: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable { case approval, manual }

    package var step: StepID
    package var kind: Kind
    package var text: String
    package var owner: String?
    package var roles: [String]
    package var quorum: Int
    package var notInitiator: Bool
    package var inputs: [String: OutputType]
    package var evidenceRequired: Bool
    package var due: Moment?
    /// SHA-256 over the card's other fields, the run and the plan.
    package var digest: Digest
}

package struct Approval: Codable, Sendable, Equatable {
    package var uid: UInt32
    /// The plan's person with this uid; nil is *not established* and fills no role.
    package var person: String?
    package var roles: [String]
    package var card: Digest
    package var request: String
    package var breakGlass: Bool
    package var comment: String?
}

package struct ClockMark: Codable, Sendable, Equatable {
    package var clock: ClockName
    package var service: String
    package var at: Moment
    /// `step STEP`, or the basis a person gave.
    package var basis: String
    /// The runbook caused this disruption on purpose.
    package var synthetic: Bool
}

package struct LossMeasure: Codable, Sendable, Equatable {
    package var side: PlannedMeasure.Side
    package var service: String
    package var step: StepID
    package var lastWrite: Int64?
    /// Nanoseconds since 1970.
    package var lastWriteAt: Int64?
}

/// What a resynchronisation moved and proved.
package struct ResyncRecord: Codable, Sendable, Equatable {
    package var step: StepID
    package var service: String
    package var from: String
    package var to: String
    package var startedAt: Moment
    package var endedAt: Moment
    package var filesCopied: Int64
    package var bytesCopied: Int64
    package var filesDeleted: Int64
    package var filesCompared: Int64
    package var sourceDigest: String?
    package var targetDigest: String?
    /// nil: not established.
    package var treesEqual: Bool?
}

package enum StopCause: String, Codable, Sendable { case finished, failed, cancelled, refused }

package enum RunOutcome: String, Codable, Sendable { case succeeded, failed, cancelled, refused }
