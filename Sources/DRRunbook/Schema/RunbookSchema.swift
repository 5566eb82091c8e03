/// What a runbook's file may hold.
enum RunbookSchema {
    static let document = ObjectSchema(
        name: "a runbook",
        keys: [
            .required("apiVersion", .constant("drctl/v1"), "The version of the language."),
            .required("kind", .constant("Runbook"), "What the file is."),
            .required("metadata", .object(metadata), "Who it is and whose."),
            .required("spec", .object(spec), "What it does."),
        ])

    static let metadata = ObjectSchema(
        name: "metadata",
        keys: [
            .required("name", .name, "The runbook's name; typed to confirm a real run."),
            .required("title", .text, "What it achieves, in a line."),
            .required("owner", .text, "The team that answers for it."),
            .optional("services", .list(.name), "Services of the catalogue that it recovers."),
            .optional(
                "accepts", .map(.text),
                "Advice of `lint --strict` that is not taken, by its number, each with the reason."),
        ])

    static let spec = ObjectSchema(
        name: "spec",
        keys: [
            .required("purpose", .choice(Purpose.allCases.map(\.rawValue)), "What it is for."),
            .optional("inputs", .map(.object(input)), "What is given when it is planned."),
            .optional("vars", .map(.template), "Values with names, which may read inputs and the values above them."),
            .required("environments", .map(.object(environment)), "Where it can run: real, or as a drill."),
            .optional("width", .integer(1...256), "How many attempts may be under way at once; 8."),
            .optional(
                "concurrency", .map(.either([.integer(1...256), .object(group)])),
                "Groups by name: how many steps of each may have an attempt under way at once."),
            .optional(
                "rollback", .choice(RollbackPolicy.allCases.map(\.rawValue)),
                "Whether a run that fails or is cancelled undoes its steps: `ask` (a real run's default), `auto` (a drill's), `never`."
            ),
            .optional(
                "dependencies", .map(.object(StepSchema.dependency)),
                "What the run cannot do without and does not control: name service, vault, registry."),
            .required("steps", .list(.object(StepSchema.step)), "The steps, in any order."),
            .optional(
                "outputs", .map(.expression),
                "What a runbook that names this one in a step reads as that step's outputs."
            ),
            .optional(
                "cleanup", .list(.object(StepSchema.cleanupStep)),
                "What a drill puts back at its end, in this order, whatever happened."),
        ])

    private static let group = ObjectSchema(
        name: "a group",
        keys: [
            .required("limit", .integer(1...256), "How many steps may have an attempt under way at once."),
            .required(
                "across", .choice(["runs"]),
                "The limit counts the steps of every run on this host that names a group so."),
        ])

    static let input = ObjectSchema(
        name: "an input",
        keys: [
            .required(
                "type", .choice(InputDefinition.Kind.allCases.map(\.rawValue)),
                "`string`, `integer`, `boolean`, or `directory`: an absolute path, where a default counts from the runbook's folder."
            ),
            .optional("description", .text, "What it is for."),
            .optional("default", .text, "Its value where none is given."),
            .optional("oneOf", .list(.text), "The only values it may have."),
            .optional("pattern", .text, "A regular expression that all of its text matches."),
            .optional("minimum", .integer(Int64.min...Int64.max), "The least number."),
            .optional("maximum", .integer(Int64.min...Int64.max), "The greatest number."),
        ])

    static let environment = ObjectSchema(
        name: "an environment",
        keys: [
            .required("for", .choice(RunMode.allCases.map(\.rawValue)), "Whether runs in it are real or drills."),
            .optional("vars", .map(.template), "Values that take the place of the runbook's of the same names."),
            .optional("targets", .map(.object(target)), "What steps act on, by name."),
            .optional(
                "repositories", .map(.object(repository)),
                "Repositories of this environment; they go before the site's."),
            .optional(
                "secrets", .map(.object(SiteSchema.secret)),
                "Where secrets of this environment are read; they go before the site's."),
            .optional("http", .object(http), "Where HTTP requests may go."),
            .optional(
                "isolation", .object(isolation), "What a drill must not reach, what it may reach, and what it may read."
            ),
        ])

    static let http = ObjectSchema(
        name: "an environment's http",
        keys: [
            .required(
                "allow", .list(.template, isEmptyAllowed: true),
                "The only places that requests may go to: a host, an address or a range of addresses, each with `:PORT` for one port alone."
            )
        ])

    static let target = ObjectSchema(
        name: "a target",
        keys: [
            .required(
                "kind", .choice(RunMode.allCases.map(\.rawValue)),
                "A drill refuses writing steps against a `real` target.")
        ],
        others: .template)

    static let repository = ObjectSchema(
        name: "a repository",
        keys: [
            .required("address", .template, "Its folder."),
            .optional("identity", .template, "The file with the age identity or the writer's key."),
            .optional("id", .template, "Its pinned id, in hexadecimal."),
        ])

    static let isolation = ObjectSchema(
        name: "isolation",
        keys: [
            .required(
                "mustNotReach", .list(.template, isEmptyAllowed: true),
                "`host:port`, shown to be out of reach before the first step."),
            .optional(
                "whenNotDemonstrated", .choice(PlannedIsolation.WhenNotDemonstrated.allCases.map(\.rawValue)),
                "What to do when a place in `mustNotReach` does not answer outside either; `refuse`."),
            .optional(
                "whenUnavailable", .choice(PlannedIsolation.WhenUnavailable.allCases.map(\.rawValue)),
                "What to do on a machine that cannot isolate; `refuse`. `doWithout` runs every step outside, and the report's first line says so."
            ),
            .optional("readOnly", .list(.template), "Absolute paths that the inside may read."),
            .optional(
                "networks", .list(.object(network)),
                "Networks of the drill's own, and what may be reached there; none: the loopback interface alone. They take a drill of root's."
            ),
        ])

    static let network = ObjectSchema(
        name: "a network",
        keys: [
            .required(
                "interface", .template,
                "The interface of this machine that leads there: a bridge, or one that a virtual interface is put on."),
            .required("address", .template, "The drill's own address there: `ADDRESS/BITS`."),
            .optional("gateway", .template, "The address in that network that leads beyond it."),
            .required(
                "allow", .list(.template),
                "All that can be reached: `ADDRESS`, `ADDRESS/BITS`, each with `:PORT` for one port alone."),
        ])
}
