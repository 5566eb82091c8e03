/// A step as it is written; absent keys are nil, so that defaults can depend on the mode.
package struct StepDefinition: Sendable {
    package var id: StepID
    var place: SourcePlace
    var title: String?
    /// nil where it could not be read.
    @Boxed var action: Placed<StepAction>?
    var needs: [Placed<Need>]
    @Boxed var condition: Expression?
    @Boxed var effect: Placed<Effect>?
    @Boxed var location: Placed<Place>?
    var locationReason: String?
    @Boxed var timeout: Placed<TimeSpan>?
    @Boxed var within: Placed<TimeSpan>?
    @Boxed var limits: Placed<ProcessLimits>?
    @Boxed var retry: Placed<RetryPolicy>?
    @Boxed var onFailure: FailurePolicy?
    @Boxed var probe: Placed<Check>?
    var env: [String: Placed<EnvironmentValue>]
    var outputs: [String: OutputType]
    var marks: [Placed<PlannedMark>]
    @Boxed var measures: Placed<PlannedMeasure>?
    @Boxed var background: Placed<BackgroundPolicy>?
    /// Every expression above, with its place.
    var expressions: [PlacedExpression]
    /// Every argument of a command, of the action and of checks alike.
    var words: [CommandWord]
    /// Secrets that it is given, in its environment or in a request's header.
    var secrets: [Placed<String>] = []
    /// The site's channel that the action names.
    @Boxed var channel: Placed<String>?
    /// The site's channels that its cards escalate to.
    var escalationChannels: [Placed<String>] = []
    /// It is there once for each of something.
    @Boxed var foreach: Placed<Foreach>?
    /// How many of its kind may be under way: the name of a group.
    @Boxed var concurrency: Placed<String>?
    /// The repository that the action names.
    @Boxed var repository: Placed<String>?
    var isCleanup: Bool
    /// What undoes the step: one at most.
    var rollback: [StepDefinition] = []
    /// The step that this one undoes.
    var undoes: StepID?
    @Boxed var inDrill: DrillDifference?
    /// External dependencies that it cannot do without.
    var uses: [Placed<String>] = []
    /// What it gives to the runbook that it names.
    @Boxed var call: RunbookCall?
    /// Where the paths of its commands start, from the outermost runbook's folder; nil: there.
    var folder: String?
    /// The step whose runbook it is a part of; nil for the outermost runbook's own.
    var part: StepID?
    /// The step with `foreach` whose runbook it belongs to: of each of its instances there is one of this step.
    var runbookCopy: StepID?

    /// What a drill does instead.
    indirect enum DrillDifference: Sendable {
        case skip(reason: String)
        case instead(StepDefinition)
    }
}

/// A step's use of another runbook.
struct RunbookCall: Sendable {
    /// As it is written: from the folder of the runbook that names it.
    var file: String
    var inputs: [String: Placed<Template>]
    /// The inputs that the runbook has, once it was read.
    var definitions: [String: InputDefinition] = [:]
}

/// An argument of a command.
struct CommandWord: Sendable {
    var template: Template
    /// The program itself.
    var isProgram: Bool
    var place: SourcePlace
}

extension StepDefinition {
    package var kind: StepKind? { action?.value.kind }

    /// What runs in a mode: the step, or what a drill does instead; nil where drills leave it out.
    func variant(for mode: RunMode) -> StepDefinition? {
        guard mode == .drill else { return self }
        switch inDrill {
        case nil: return self
        case .skip: return nil
        case .instead(let other): return other
        }
    }

    /// The step and what a drill does instead of it, each with what undoes it.
    var variants: [StepDefinition] {
        if case .instead(let other) = inDrill { withRollback + other.withRollback } else { withRollback }
    }

    /// The step and what undoes it.
    var withRollback: [StepDefinition] { [self] + rollback }

    /// As written, or what the kind says.
    var effectInForce: Effect {
        if let written = effect?.value { return written }
        return switch action?.value {
        case .wait, .delay, .verify, .approve, .runbook, nil: .read
        case .http(let request): ["GET", "HEAD"].contains(request.method) ? .read : .unsafe
        case .restore, .resync, .notify, .stop: .idempotent
        case .backup: .checkable
        case .run, .manual: .unsafe
        }
    }

    /// Declared outputs and those that the kind gives by itself.
    var outputsInForce: [String: OutputType] {
        outputs.merging(action?.value.ownOutputs ?? [:]) { declared, _ in declared }
    }

    var defaultPlaceInDrill: Place {
        switch kind {
        // They need keys, which nothing inside may see.
        case .backup, .verify, .restore: .outside
        default: .inside
        }
    }

    /// What an attempt may take where nothing is written; nil: as long as it takes.
    var defaultTimeout: TimeSpan? {
        switch kind {
        case .run: background == nil ? .minutes(10) : .minutes(1)
        case .http, .notify: .seconds(30)
        case .wait: if case .delay? = action?.value { nil } else { .minutes(5) }
        case .backup, .verify, .restore, .resync: .minutes(12 * 60)
        case .manual, .approve, .stop, .runbook, nil: nil
        }
    }
}

extension StepAction {
    /// The outputs that a kind has without declaring them.
    package var ownOutputs: [String: OutputType] {
        switch self {
        case .run, .http, .wait, .delay, .approve, .notify, .stop, .runbook: [:]
        case .manual(let card): card.inputs
        case .backup:
            [
                "snapshot": .string, "filesRead": .integer, "bytesRead": .integer, "bytesStored": .integer,
                "complete": .boolean,
            ]
        case .verify:
            [
                "snapshot": .string, "level": .string, "packsRead": .integer, "bytesRead": .integer,
                "verdict": .string,
            ]
        case .restore:
            ["snapshot": .string, "path": .string, "files": .integer, "bytes": .integer, "mismatches": .integer]
        case .resync:
            [
                "filesCopied": .integer, "bytesCopied": .integer, "filesDeleted": .integer, "filesCompared": .integer,
                "sourceDigest": .string, "targetDigest": .string, "treesEqual": .boolean,
            ]
        }
    }
}
