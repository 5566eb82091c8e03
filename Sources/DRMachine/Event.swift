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
package indirect enum Event: Sendable, Equatable {
    /// Always event 1.
    case runCreated(RunCreated)
    case runnerStarted(RunnerIdentity)
    /// The run goes on by another plan.
    case planAdopted(PlanAdoption)
    case supervisorReady(SupervisorIdentity)
    /// The line to it has ended; whether it lives is not known.
    case supervisorLost(Place, generation: Int)
    /// No supervisor lives there: it was seen to end, or none answers.
    case supervisorGone(Place, generation: Int)
    /// The negative probe and its positive control, before the first step of a drill.
    case isolationChecked(IsolationReport)

    case stepSkipped(StepID, reason: String)
    /// A step without a process: it waits until `due`, says `text`, or waits for a service's end.
    case stepBegan(StepID, due: Moment?, text: String?)
    /// Durable before anything happens in the world.
    case attemptIntended(AttemptSpec)
    case attemptStarted(AttemptID, AttemptStart)
    case attemptEnded(AttemptID, AttemptEnd)
    /// The attempt is being ended before its time: `within` has passed, a service was not ready, the run stops.
    case attemptStopping(AttemptID, reason: String)
    /// Its process is gone and nobody knows what it did; the step's effect class says what follows.
    case attemptLost(AttemptID, reason: String)
    /// What became of the attempt is not known, and its effect class does not say what to do by itself.
    /// A person answers; unattended, until `due`.
    case attemptInDoubt(AttemptID, reason: String, due: Moment?)
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
    /// Whether what was done is to be undone.
    case rollbackAsked(due: Moment?)
    /// These steps of the rollback run, in this order.
    case rollbackBegan([StepID])
    case rollbackDeclined(reason: String)
    case cleanupBegan
    case cleanupOwed(StepID, reason: String)
    case cleanupSettled(StepID, uid: UInt32, reason: String)
    /// Everything is over; what is left is to end the supervisors, and with them the drill's namespaces.
    case closingBegan
    case runClosed(RunOutcome, reason: String)
}

/// What a run is. Event 1 holds it as it was made; in the state, an adopted plan has its digest and folder here.
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
    /// Absolute path of the run's `work/`, which expressions know as `run.directory`, and where attempts work.
    package var workDirectory: String
    /// Absolute path of the run's `files/`, where the plan's copied files lie.
    package var filesDirectory: String

    package init(
        semantics: Int, run: String, plan: Digest, mode: RunMode, runbook: String, seed: String,
        initiatorUID: UInt32, initiator: String, unattended: Bool, planned: Bool? = nil, incident: String? = nil,
        workDirectory: String, filesDirectory: String
    ) {
        self.semantics = semantics
        self.run = run
        self.plan = plan
        self.mode = mode
        self.runbook = runbook
        self.seed = seed
        self.initiatorUID = initiatorUID
        self.initiator = initiator
        self.unattended = unattended
        self.planned = planned
        self.incident = incident
        self.workDirectory = workDirectory
        self.filesDirectory = filesDirectory
    }
}

extension [JournaledEvent] {
    /// SHA-256 of the plan that was adopted last; nil: none was.
    package var digestOfPlanInForce: Digest? {
        for entry in reversed() {
            if case .planAdopted(let adoption) = entry.event { return adoption.digest }
        }
        return nil
    }

    /// The plan that the run follows in the end, having begun with another one perhaps.
    /// - Throws: `planUnsound` for an adopted plan that cannot be read.
    package func planInForce(after first: Plan) throws(MachineError) -> Plan {
        for entry in reversed() {
            if case .planAdopted(let adoption) = entry.event { return try adoption.plan() }
        }
        return first
    }
}

/// The process that drives a run; a higher epoch bars it.
package struct RunnerIdentity: Codable, Sendable, Equatable {
    package var epoch: Int
    package var host: String
    package var pid: Int32
    package var bootID: String
    package var version: String

    package init(epoch: Int, host: String, pid: Int32, bootID: String, version: String) {
        self.epoch = epoch
        self.host = host
        self.pid = pid
        self.bootID = bootID
        self.version = version
    }
}

/// What the negative probe and its positive control showed.
package struct IsolationReport: Codable, Sendable, Equatable {
    /// Generation of the inside supervisor whose namespaces were probed; the verdict says nothing of another one.
    package var generation: Int
    package var verdict: Verdict
    package var probes: [Probe]

    package init(generation: Int, verdict: Verdict, probes: [Probe]) {
        self.generation = generation
        self.verdict = verdict
        self.probes = probes
    }

    /// What the probes together say.
    package enum Verdict: String, Codable, Sendable {
        /// Every probe answered outside and failed inside.
        case demonstrated
        /// Enforced by the namespaces; some probe showed nothing because nothing answered outside.
        case enforcedNotDemonstrated
        /// Something answered inside.
        case broken
    }

    /// One address, asked from both sides.
    package struct Probe: Codable, Sendable, Equatable {
        /// `canary 127.0.0.1:PORT`, `socket PATH`, or the runbook's `host:port`.
        package var name: String
        package var isControl: Bool
        package var answeredOutside: Bool
        package var answeredInside: Bool
        package var detail: String

        package init(name: String, isControl: Bool, answeredOutside: Bool, answeredInside: Bool, detail: String) {
            self.name = name
            self.isControl = isControl
            self.answeredOutside = answeredOutside
            self.answeredInside = answeredInside
            self.detail = detail
        }
    }
}

/// What the failure of a step is followed by; `continue` also where nothing follows any more.
package enum AfterFailure: String, Codable, Sendable { case hold, abort, `continue`, manual }

/// What a person is asked; its digest binds the answer to what was shown.
package struct Card: Codable, Sendable, Equatable {
    /// What kind of answer is asked for.
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
    /// Only signed approvals count; nil: all do.
    package var signed: Bool?
    package var due: Moment?
    /// SHA-256 over the card's other fields, the run and the plan.
    package var digest: Digest

    package init(
        step: StepID, kind: Kind, text: String, owner: String? = nil, roles: [String], quorum: Int,
        notInitiator: Bool, inputs: [String: OutputType], evidenceRequired: Bool, due: Moment? = nil, digest: Digest
    ) {
        self.step = step
        self.kind = kind
        self.text = text
        self.owner = owner
        self.roles = roles
        self.quorum = quorum
        self.notInitiator = notInitiator
        self.inputs = inputs
        self.evidenceRequired = evidenceRequired
        self.due = due
        self.digest = digest
    }
}

/// One person's word for the card that was shown.
package struct Approval: Codable, Sendable, Equatable {
    package var uid: UInt32
    /// The plan's person with this uid; nil is *not established* and fills no role.
    package var person: String?
    package var roles: [String]
    package var card: Digest
    package var request: String
    package var breakGlass: Bool
    package var comment: String?
    /// By signature, and not by the owner of a file; nil: it was not.
    package var signed: Bool?

    package init(
        uid: UInt32, person: String? = nil, roles: [String], card: Digest, request: String, breakGlass: Bool,
        comment: String? = nil, signed: Bool? = nil
    ) {
        self.uid = uid
        self.person = person
        self.roles = roles
        self.card = card
        self.request = request
        self.breakGlass = breakGlass
        self.comment = comment
        self.signed = signed
    }
}

/// A moment of one of the seven clocks of a service.
package struct ClockMark: Codable, Sendable, Equatable {
    package var clock: ClockName
    package var service: String
    package var at: Moment
    /// `step STEP`, or the basis a person gave.
    package var basis: String
    /// The runbook caused this disruption on purpose.
    package var synthetic: Bool

    package init(clock: ClockName, service: String, at: Moment, basis: String, synthetic: Bool) {
        self.clock = clock
        self.service = service
        self.at = at
        self.basis = basis
        self.synthetic = synthetic
    }
}

/// One side of the achieved data loss; nil: the step did not tell.
package struct LossMeasure: Codable, Sendable, Equatable {
    package var side: PlannedMeasure.Side
    package var service: String
    package var step: StepID
    package var lastWrite: Int64?
    /// Nanoseconds since 1970.
    package var lastWriteAt: Int64?

    package init(
        side: PlannedMeasure.Side, service: String, step: StepID, lastWrite: Int64? = nil, lastWriteAt: Int64? = nil
    ) {
        self.side = side
        self.service = service
        self.step = step
        self.lastWrite = lastWrite
        self.lastWriteAt = lastWriteAt
    }
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

    package init(
        step: StepID, service: String, from: String, to: String, startedAt: Moment, endedAt: Moment,
        filesCopied: Int64, bytesCopied: Int64, filesDeleted: Int64, filesCompared: Int64,
        sourceDigest: String? = nil, targetDigest: String? = nil, treesEqual: Bool? = nil
    ) {
        self.step = step
        self.service = service
        self.from = from
        self.to = to
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.filesCopied = filesCopied
        self.bytesCopied = bytesCopied
        self.filesDeleted = filesDeleted
        self.filesCompared = filesCompared
        self.sourceDigest = sourceDigest
        self.targetDigest = targetDigest
        self.treesEqual = treesEqual
    }
}

/// Why a run began to stop.
package enum StopCause: String, Codable, Sendable { case finished, failed, cancelled, refused }

/// How a run ended.
package enum RunOutcome: String, Codable, Sendable { case succeeded, failed, cancelled, refused }
