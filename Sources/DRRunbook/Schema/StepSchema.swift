/// What a step may hold.
enum StepSchema {
    static let kinds = StepKind.allCases.map(\.rawValue)

    static let step = ObjectSchema(
        name: "a step",
        keys: [
            .required("id", .name, "Its name, unique in the runbook."),
            .optional("title", .text, "What is true when it is done; its id."),
            .optional(
                "needs", .list(.either([.name, .object(need)])),
                "Steps that have to be over first: succeeded, failed where they say `onFailure: continue`, or in an end that `accept` adds."
            ),
            .optional("when", .expression, "The step is skipped where this is false."),
            .optional("within", .duration, "The longest the whole step may take, waiting and retries included."),
            .optional(
                "foreach", .either([.list(.template, isEmptyAllowed: true), .object(foreach)]),
                "The step is there once for each text of a list, or for each of the catalogue's services that fit."),
            .optional("marks", .either([.object(mark), .list(.object(mark))]), "Clocks that its end sets."),
            .optional("measures", .object(measure), "One side of the achieved data loss."),
            .optional(
                "rollback", .object(rollback), "What undoes it, if the run is rolled back after it did something."),
            .optional(
                "inDrill", .object(inDrill),
                "What a drill does instead: `skip` with a reason, or other values of the keys here."),
        ] + actions + common,
        exactlyOne: kinds)

    /// Cleanup runs after everything else, in order, so much of a step has no meaning there.
    static let cleanupStep = ObjectSchema(
        name: "a cleanup step",
        keys: [
            .required("id", .name, "Its name, unique in the runbook."),
            .optional("title", .text, "What is true when it is done; its id."),
            .required("run", .command, "The command."),
        ] + common.filter { ["effect", "probe", "timeout", "limits", "retry", "env"].contains($0.name) })

    static let undoingKinds = ["run", "http", "manual", "restore", "resync"]

    /// It runs alone, in its turn, and nothing needs it.
    static let rollback = ObjectSchema(
        name: "rollback",
        keys: [.optional("title", .text, "What is true when it is done.")]
            + actions.filter { undoingKinds.contains($0.name) }
            + common.filter { ["effect", "probe", "place", "timeout", "limits", "retry", "env"].contains($0.name) },
        exactlyOne: undoingKinds)

    static let dependency = ObjectSchema(
        name: "a dependency",
        keys: [
            .required("probe", .object(check("a probe")), "Tells whether it is there; asked where the step runs."),
            .optional("timeout", .duration, "How long it is asked before it counts as down; 10s."),
            .optional("freshFor", .duration, "How long it counts as there without being asked again; 10s."),
            .optional("retryAfter", .duration, "How long it is not asked again once it was down; 30s."),
            .optional("values", .map(.template), "What `dependencies.NAME.KEY` is, known when the run is planned."),
            .optional(
                "ifDown", .either([.choice(["fail"]), .object(ifDown)]),
                "What follows for a step that uses it: `fail`, the default, is a failure of that step."),
        ])

    private static let ifDown = ObjectSchema(
        name: "ifDown",
        keys: [
            .optional("wait", .duration, "It is asked so long; then the step fails."),
            .optional("manual", .object(manual), "A person sees to it, for all steps that use it."),
            .optional("alternate", .map(.template), "Values that take the place of its `values`."),
        ], exactlyOne: ["wait", "manual", "alternate"])

    static let inDrill = ObjectSchema(
        name: "inDrill",
        keys: [
            .optional("skip", .text, "Why drills leave the step out."),
            .optional("rollback", .object(rollback), "What undoes it."),
        ] + actions
            + common.filter { $0.name != "onFailure" },
        atMostOne: ["skip"] + kinds, refusesNothing: true)

    private static let actions: [KeySchema] = [
        .optional("run", .command, "A program with its arguments, or a script for `bash -euo pipefail`."),
        .optional("http", .object(request), "A request over HTTP."),
        .optional("wait", .object(wait), "Asks until a check holds."),
        .optional("manual", .object(manual), "A card for a person."),
        .optional("approve", .object(approve), "Asks people to let the run go on."),
        .optional("backup", .object(backup), "Stores paths as a snapshot."),
        .optional("verify", .object(verify), "Reads a snapshot back."),
        .optional("restore", .object(restore), "Restores a snapshot."),
        .optional("resync", .object(resync), "Brings one tree into another's state and compares both."),
        .optional(
            "notify", .either([.template, .object(notify)]), "Writes a message into the journal, and tells a channel."),
        .optional(
            "runbook", .either([.text, .object(runbook)]),
            "Another runbook in or below this one's folder, whose steps become part of this run."),
        .optional("stop", .name, "A background step, whose service is stopped."),
    ]

    private static let common: [KeySchema] = [
        .optional(
            "effect", .choice(Effect.allCases.map(\.rawValue)),
            "What repeating it would mean; decides what an attempt in doubt leads to."),
        .optional("probe", .object(check("a probe")), "Tells whether the effect is there."),
        .optional(
            "place", .either([.choice(Place.allCases.map(\.rawValue)), .object(outside)]),
            "Where a drill runs it: `inside`, `outside` (reading steps), or `{outside: REASON}`."),
        .optional("timeout", .duration, "The longest an attempt may take."),
        .optional("limits", .object(limits), "What an attempt's processes may hold together."),
        .optional("retry", .object(retry), "When a failed attempt is followed by another."),
        .optional(
            "onFailure", .either([.choice(["hold", "abort", "continue"]), .object(onFailure)]),
            "What happens when it failed for good; `hold`."),
        .optional(
            "uses", .list(.name),
            "Names of `spec.dependencies`: it starts when they are there, or as their `ifDown` says."),
        .optional("env", .map(.either([.template, .object(secret)])), "Variables of its environment."),
        .optional(
            "outputs", .map(.choice(OutputType.allCases.map(\.rawValue))),
            "What it writes to `$DRCTL_OUTPUT` as a JSON object, with types."),
        .optional(
            "concurrency", .name, "A group of `spec.concurrency`: only so many of its steps are under way at once."),
        .optional("background", .object(background), "The process goes on as a service once `ready` holds."),
    ]

    private static let limits = ObjectSchema(
        name: "limits",
        keys: [
            .optional("memory", .size, "Resident memory of all of them."),
            .optional("processes", .integer(1...1_000_000), "How many there may be at once."),
        ], refusesNothing: true)

    private static let runbook = ObjectSchema(
        name: "runbook",
        keys: [
            .required("file", .text, "The runbook's file, from this one's folder."),
            .optional("inputs", .map(.template), "Its inputs; those that are left out have their defaults."),
        ])

    private static let foreach = ObjectSchema(
        name: "foreach",
        keys: [
            .optional("list", .list(.template, isEmptyAllowed: true), "Texts, read as `each.value`."),
            .optional(
                "services", .expression,
                "Which services, by `name`, `tier` and `owner`; read as `each.name`, `each.tier` and `each.owner`."),
            .optional(
                "order", .choice(["dependencies"]),
                "A service's step needs those of the services that it cannot do without."),
            .optional("maxParallel", .integer(1...256), "How many may have an attempt under way at once."),
        ], exactlyOne: ["list", "services"], excludes: [("list", ["order"])])

    private static let need = ObjectSchema(
        name: "a need",
        keys: [
            .required("step", .name, "The step."),
            .required(
                "accept", .list(.choice(Need.Outcome.allCases.map(\.rawValue))),
                "Its ends that will do, beside `succeeded`."),
        ])

    private static let outside = ObjectSchema(
        name: "place", keys: [.required("outside", .text, "Why a writing step acts outside the drill.")])

    private static let secret = ObjectSchema(
        name: "a variable", keys: [.required("secret", .name, "A secret of the site.")])

    private static let mark = ObjectSchema(
        name: "a mark",
        keys: [
            .required("clock", .choice(ClockName.allCases.map(\.rawValue)), "The clock."),
            .required("service", .name, "The service whose clock it is."),
            .optional("at", .template, "The time (RFC 3339), not yet to come; the step's own where it is left out."),
            .optional("synthetic", .boolean, "The disruption is caused on purpose; always so in drills."),
        ])

    private static let measure = ObjectSchema(
        name: "measures",
        keys: [
            .required(
                "loss", .choice(["source", "recovered"]),
                "Which side the outputs `lastWrite` and `lastWriteAt` are of."),
            .required("service", .name, "The service."),
        ])

    private static let retry = ObjectSchema(
        name: "retry",
        keys: [
            .required("attempts", .integer(1...1000), "All attempts, the first one included."),
            .optional("backoff", .object(backoff), "How long to wait in between."),
            .optional("exitCodes", .list(.integer(1...255)), "Only these are retried."),
        ])

    private static let backoff = ObjectSchema(
        name: "backoff",
        keys: [
            .optional("initial", .duration, "Before the second attempt; 1s."),
            .optional("factor", .decimal(1000...100_000), "Times this for each further one; 2."),
            .optional("max", .duration, "Never longer than this; 60s."),
            .optional("jitter", .choice(["full", "none"]), "Whether a random share of it is waited; `full`."),
        ])

    private static let onFailure = ObjectSchema(
        name: "onFailure",
        keys: [
            .optional("hold", .object(hold), "Dependents wait and a person answers."),
            .optional("manual", .object(manual), "The step becomes a card."),
        ], exactlyOne: ["hold", "manual"])

    private static let hold = ObjectSchema(
        name: "hold", keys: [.required("unattended", .duration, "How long an unattended run waits; 10m.")])

    private static let background = ObjectSchema(
        name: "background",
        keys: [
            .required("ready", .object(check("ready")), "The step has succeeded when this holds."),
            .optional("interval", .duration, "How often `ready` is asked; 250ms."),
            .required(
                "until", .name, "The step at whose start its end is expected and at whose end it is stopped, or `run`."),
            .optional("onLoss", .choice(["hold", "restart"]), "What an end before that leads to; `hold`."),
        ])

    private static let manual = ObjectSchema(
        name: "manual",
        keys: [
            .required("instructions", .template, "What to do, exactly."),
            .required("owner", .text, "Who does it."),
            .optional("within", .duration, "By when."),
            .optional("escalate", .object(escalate), "Whom to tell when nobody acknowledges it."),
            .optional(
                "inputs", .map(.choice(OutputType.allCases.map(\.rawValue))),
                "What the person enters; the step's outputs."),
            .optional("evidence", .choice(["required", "optional"]), "Whether evidence has to be given; `optional`."),
        ])

    private static let escalate = ObjectSchema(
        name: "escalate",
        keys: [
            .required("after", .duration, "How long after it is shown."),
            .required(
                "channel", .name, "A channel of the site; in a drill it is told only by `place: {outside: REASON}`."),
        ])

    private static let approve = ObjectSchema(
        name: "approve",
        keys: [
            .optional("message", .template, "What is asked; the step's title."),
            .optional("roles", .list(.name, isEmptyAllowed: true), "Who may: people holding any of these; anybody."),
            .optional("quorum", .integer(1...100), "How many distinct people; 1."),
            .optional("signed", .boolean, "Whether only approvals signed with an SSH key count; false."),
            .optional("notInitiator", .boolean, "Whether who started the run does not count; false."),
            .optional("within", .duration, "After which it is asked again."),
            .optional("escalate", .object(escalate), "Whom to tell when nobody acknowledges it."),
        ])

    private static let backup = ObjectSchema(
        name: "backup",
        keys: [
            .required("repository", .name, "A repository of the environment or the site."),
            .required("dataset", .template, "The name the snapshots are kept under."),
            .required("paths", .list(.template), "What is backed up."),
        ])

    private static let verify = ObjectSchema(
        name: "verify",
        keys: [
            .required("repository", .name, "A repository of the environment or the site."),
            .required("dataset", .template, "The dataset."),
            .optional("snapshot", .template, "A snapshot's id, or `latest`, the default."),
            .optional("level", .choice(VerifyAction.Level.allCases.map(\.rawValue)), "How much is read; `stored`."),
        ])

    private static let restore = ObjectSchema(
        name: "restore",
        keys: [
            .required("repository", .name, "A repository of the environment or the site."),
            .required("dataset", .template, "The dataset."),
            .optional("snapshot", .template, "A snapshot's id, or `latest`, the default."),
            .required("to", .template, "The folder it is restored into."),
        ])

    private static let notify = ObjectSchema(
        name: "notify",
        keys: [
            .required("text", .template, "What is said."),
            .optional(
                "channel", .name, "A channel of the site; in a drill it is told only by `place: {outside: REASON}`."),
        ])

    private static let resync = ObjectSchema(
        name: "resync",
        keys: [
            .required("from", .template, "The tree that is right."),
            .required("to", .template, "The tree that is brought into its state."),
            .required("service", .name, "The service whose data it is."),
        ])

    static let methods = ["get", "head", "post", "put", "patch", "delete"]

    private static let request = ObjectSchema(
        name: "http",
        keys: methods.map { .optional($0, .template, "The URL of a \($0.uppercased()) request.") } + [
            .optional("headers", .map(.either([.template, .object(secret)])), "Header fields."),
            .optional("body", .template, "What is sent."),
            .optional("expect", .object(expectation), "What a good answer is; status 200."),
            .optional(
                "redirects", .integer(1...10),
                "How many redirects a GET or HEAD request follows; none where it is not said."
            ),
            .optional("tls", .object(tls), "What a connection to https:// is made with."),
        ], exactlyOne: methods)

    private static let tls = ObjectSchema(
        name: "tls",
        keys: [
            .optional("ca", .template, "A PEM file with the only authorities that are taken; the machine's."),
            .optional("certificate", .template, "A PEM file that says who asks."),
            .optional("key", .template, "The PEM file with the certificate's key; an absolute path."),
        ], refusesNothing: true)

    private static let expectation = ObjectSchema(
        name: "expect",
        keys: [
            .optional("status", .either([.integer(100...599), .list(.integer(100...599))]), "Accepted status codes."),
            .optional("bodyContains", .text, "A text that the body has to contain."),
            .optional(
                "json", .map(.text),
                "What the body holds as JSON: by a path with dots (`replicas.0.state`) a text, a number, true, false or null."
            ),
        ])

    static let checkKinds = ["run", "http", "tcp"]

    private static func check(_ name: String, and others: [KeySchema] = []) -> ObjectSchema {
        ObjectSchema(
            name: name,
            keys: [
                .optional("run", .command, "Exit 0: holds, 1: does not hold, anything else: not established."),
                .optional("http", .object(request), "Holds when the answer is as expected."),
                .optional("tcp", .template, "Holds when `host:port` accepts a connection."),
            ] + others, exactlyOne: checkKinds)
    }

    private static let wait: ObjectSchema = {
        var schema = check(
            "wait",
            and: [
                .optional("for", .duration, "Waits so long, and asks nothing."),
                .optional("holds", .duration, "How long the check has to hold without a break; 0s."),
                .optional("interval", .duration, "How often it is asked; 250ms."),
                .optional("within", .duration, "By when; 5m."),
            ])
        schema.exactlyOne.append("for")
        schema.excludes = [("for", ["holds", "interval", "within"])]
        return schema
    }()
}
