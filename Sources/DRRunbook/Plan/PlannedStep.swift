package import DRCrypto

/// A step of the plan: everything that is known before the run starts, in full.
package struct PlannedStep: Sendable, Equatable {
    package var id: StepID
    package var title: String
    package var action: StepAction
    package var needs: [Need]
    /// The step is skipped where this is false.
    package var condition: Expression?
    package var effect: Effect
    package var place: Place
    /// Why a writing step may act outside the drill's namespaces; shown in the report.
    package var placeReason: String?
    /// The longest an attempt may take.
    package var timeout: TimeSpan?
    /// The longest the whole step may take, waiting and retries included.
    package var within: TimeSpan?
    /// What an attempt's processes may hold; nil: what the machine has.
    @Boxed package var limits: ProcessLimits?
    package var retry: RetryPolicy
    package var onFailure: FailurePolicy
    @Boxed package var probe: Check?
    package var env: [String: EnvironmentValue]
    package var outputs: [String: OutputType]
    package var marks: [PlannedMark]
    @Boxed package var measures: PlannedMeasure?
    @Boxed package var background: BackgroundPolicy?
    /// The group of `Plan.concurrency` whose limit counts it.
    package var concurrency: String?
    /// It asks whether a dependency is there; nil for all other steps.
    @Boxed package var gate: PlannedGate?
    /// It tells somebody that another step's card waits; nil for all other steps.
    @Boxed package var escalation: PlannedEscalation?
    /// The main step that it undoes; nil for all but rollbacks.
    package var undoes: StepID?
    /// Set where the runbook leaves this step out of drills; the step is then skipped with this reason.
    package var skipInDrill: String?
    /// Whether the drill runs something else than a real run would (`inDrill: {run: …}`).
    package var differsInDrill: Bool
    /// SHA-256 over this definition and the digests of its needs, which cover theirs.
    package var digest: Digest

    /// Names of the secrets that it is given, in its environment or in a request's header.
    package var secrets: [String] {
        let variables = env.values.compactMap { value in
            if case .secret(let name) = value { name } else { nil }
        }
        return variables
            + [action.request, probe?.request, background?.ready.request].compactMap { $0 }.flatMap {
                Array(($0.secretHeaders ?? [:]).values)
            }
    }

    package init(
        id: StepID, title: String, action: StepAction, needs: [Need] = [], condition: Expression? = nil,
        effect: Effect = .read, place: Place = .outside, placeReason: String? = nil, timeout: TimeSpan? = nil,
        within: TimeSpan? = nil, retry: RetryPolicy = .never,
        onFailure: FailurePolicy = .hold(unattended: .minutes(10)), probe: Check? = nil,
        env: [String: EnvironmentValue] = [:], outputs: [String: OutputType] = [:], marks: [PlannedMark] = [],
        measures: PlannedMeasure? = nil, background: BackgroundPolicy? = nil, concurrency: String? = nil,
        undoes: StepID? = nil,
        skipInDrill: String? = nil,
        differsInDrill: Bool = false, digest: Digest
    ) {
        self.id = id
        self.title = title
        self.action = action
        self.needs = needs
        self.condition = condition
        self.effect = effect
        self.place = place
        self.placeReason = placeReason
        self.timeout = timeout
        self.within = within
        self.retry = retry
        self.onFailure = onFailure
        self.probe = probe
        self.env = env
        self.outputs = outputs
        self.marks = marks
        self.measures = measures
        self.background = background
        self.concurrency = concurrency
        self.undoes = undoes
        self.skipInDrill = skipInDrill
        self.differsInDrill = differsInDrill
        self.digest = digest
    }
}

/// That another step has to be over first, and in which of its ends.
package struct Need: Sendable, Equatable {
    package var step: StepID
    package var accept: [Outcome]

    /// How a step may be over.
    package enum Outcome: String, Codable, Sendable, CaseIterable { case succeeded, failed, skipped }

    package init(step: StepID, accept: [Outcome] = [.succeeded]) {
        self.step = step
        self.accept = accept
    }
}

/// When a failed attempt is followed by another. The delay before attempt n + 1 is
/// `min(maximum, initial × factor^(n-1))`, times a fraction in [0, 1) when jitter is full.
package struct RetryPolicy: Sendable, Equatable {
    /// All attempts, the first one included; 1 means no retry.
    package var attempts: Int
    package var initial: TimeSpan
    package var factorThousandths: Int
    package var maximum: TimeSpan
    package var jitter: Jitter
    /// Only these exit codes are retried; nil retries any failure.
    package var exitCodes: [Int32]?

    /// How much of the delay is left to chance.
    package enum Jitter: String, Codable, Sendable { case full, none }

    package static let never = RetryPolicy(
        attempts: 1, initial: .seconds(1), factorThousandths: 2000, maximum: .seconds(60), jitter: .full,
        exitCodes: nil)

    package init(
        attempts: Int, initial: TimeSpan, factorThousandths: Int, maximum: TimeSpan, jitter: Jitter,
        exitCodes: [Int32]? = nil
    ) {
        self.attempts = attempts
        self.initial = initial
        self.factorThousandths = factorThousandths
        self.maximum = maximum
        self.jitter = jitter
        self.exitCodes = exitCodes
    }
}

/// What happens when a step has failed for good.
package enum FailurePolicy: Sendable, Equatable {
    /// Dependents wait, independent branches go on, a person answers; unattended, for this long.
    case hold(unattended: TimeSpan)
    case abort
    case `continue`
    /// The same step becomes a card.
    case manual(ManualCard)
}

/// What a person is asked to do.
package struct ManualCard: Codable, Sendable, Equatable {
    package var instructions: Template
    package var owner: String
    package var within: TimeSpan?
    /// What the person has to enter, by name.
    package var inputs: [String: OutputType]
    package var evidenceRequired: Bool
    /// Whom to tell when nobody acknowledges it; nil: nobody.
    package var escalate: Escalation?

    package init(
        instructions: Template, owner: String, within: TimeSpan? = nil, inputs: [String: OutputType] = [:],
        evidenceRequired: Bool = false
    ) {
        self.instructions = instructions
        self.owner = owner
        self.within = within
        self.inputs = inputs
        self.evidenceRequired = evidenceRequired
    }
}

/// What people are asked to agree to, and who may.
package struct ApprovalCard: Codable, Sendable, Equatable {
    package var message: Template
    package var roles: [String]
    /// Distinct people holding any listed role.
    package var quorum: Int
    package var notInitiator: Bool
    package var within: TimeSpan?
    /// Only approvals signed with a key of the plan count; nil: all do.
    package var signed: Bool?
    /// Whom to tell when nobody acknowledges it; nil: nobody.
    package var escalate: Escalation?

    package init(
        message: Template, roles: [String] = [], quorum: Int = 1, notInitiator: Bool = false, within: TimeSpan? = nil
    ) {
        self.message = message
        self.roles = roles
        self.quorum = quorum
        self.notInitiator = notInitiator
        self.within = within
    }
}

/// What follows when nobody says in time that a card was seen.
package struct Escalation: Codable, Sendable, Equatable {
    /// Counted from when the card is shown.
    package var after: TimeSpan
    /// A channel of the site.
    package var channel: String

    package init(after: TimeSpan, channel: String) {
        self.after = after
        self.channel = channel
    }
}

/// That a step only tells somebody that the card of another one waits. It begins when that card is shown.
package struct PlannedEscalation: Codable, Sendable, Equatable {
    /// The step whose card it is.
    package var of: StepID
    package var after: TimeSpan

    package init(of: StepID, after: TimeSpan) {
        self.of = of
        self.after = after
    }
}

/// The types of what a step gives.
package enum OutputType: String, Codable, Sendable, CaseIterable { case string, integer, boolean }

/// A variable of a step's environment: a text, or a secret by reference that only the supervisor resolves.
package enum EnvironmentValue: Sendable, Equatable {
    case text(Template)
    case secret(String)
}

/// A clock that a step sets.
package struct PlannedMark: Codable, Sendable, Equatable {
    package var clock: ClockName
    package var service: String
    /// An expression giving an RFC 3339 time; nil takes the supervisor's time (`disrupted`: start, others: end).
    package var at: Template?
    /// The runbook causes this disruption on purpose; always so in a drill, for `disrupted`.
    package var synthetic: Bool

    package init(clock: ClockName, service: String, at: Template? = nil, synthetic: Bool = false) {
        self.clock = clock
        self.service = service
        self.at = at
        self.synthetic = synthetic
    }
}

/// One side of the achieved data loss; the step's outputs `lastWrite` and `lastWriteAt` hold the figures.
package struct PlannedMeasure: Codable, Sendable, Equatable {
    package var loss: Side
    package var service: String

    /// Where the last write was read.
    package enum Side: String, Codable, Sendable { case source, recovered }

    package init(loss: Side, service: String) {
        self.loss = loss
        self.service = service
    }
}

/// A process that goes on after its step succeeded.
package struct BackgroundPolicy: Codable, Sendable, Equatable {
    package var ready: Check
    /// How often and for how long `ready` is asked; the step's `timeout` bounds it.
    package var readyInterval: TimeSpan
    /// The step at whose start this service's end is expected and at whose end it is stopped; nil: the run.
    package var until: StepID?
    package var onLoss: OnLoss

    /// What follows when the process ends unexpectedly.
    package enum OnLoss: String, Codable, Sendable { case hold, restart }

    package init(
        ready: Check, readyInterval: TimeSpan = .milliseconds(250), until: StepID? = nil, onLoss: OnLoss = .hold
    ) {
        self.ready = ready
        self.readyInterval = readyInterval
        self.until = until
        self.onLoss = onLoss
    }
}
