// Names that lead out of the runbook: site, catalogue, inputs, environments.
extension RunbookValidator {
    static func repositoriesAndSecrets(_ validation: Validation) -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        let shared = validation.site.map { Set($0.repositories.keys) } ?? []
        for (name, environment) in validation.environments {
            let known = shared.union(environment.repositories.keys)
            for step in validation.variants(for: environment.mode) {
                guard let repository = step.repository, !known.contains(repository.value) else { continue }
                diagnostics.append(
                    Diagnostic(
                        .unknownName, at: repository.place,
                        "neither environment `\(name)` nor the site has a repository `\(repository.value)`",
                        fix: Suggestion.fix(for: repository.value, among: known)))
            }
        }
        return diagnostics + secrets(validation)
    }

    private static func secrets(_ validation: Validation) -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        let shared = validation.site.map { Set($0.secrets.keys) } ?? []
        var told: Set<SourcePlace> = []
        for (name, environment) in validation.environments {
            let known = shared.union(environment.secrets.keys)
            let gates = validation.runbook.dependencies.values.map { SeenStep($0.gate) }
            for step in validation.variants(for: environment.mode) + gates {
                for secret in step.secrets where !known.contains(secret.value) && told.insert(secret.place).inserted {
                    let missing =
                        environment.secrets.isEmpty
                        ? "the site has no secret" : "neither environment `\(name)` nor the site has a secret"
                    diagnostics.append(
                        Diagnostic(
                            .unknownName, at: secret.place, "\(missing) `\(secret.value)`",
                            fix: Suggestion.fix(for: secret.value, among: known)))
                }
            }
        }
        return diagnostics
    }

    /// Channels of the site, and groups of the runbook.
    static func channelsAndGroups(_ validation: Validation) -> [Diagnostic] {
        let channels = validation.site.map { Array($0.channels.keys) } ?? []
        let groups = Array(validation.runbook.concurrency.keys)
        return validation.allVariants.flatMap { step -> [Diagnostic] in
            var diagnostics: [Diagnostic] = []
            let told = [step.channel].compactMap { $0 } + step.escalationChannels
            for channel in told where !channels.contains(channel.value) {
                diagnostics.append(
                    Diagnostic(
                        .unknownName, at: channel.place, "the site has no channel `\(channel.value)`",
                        fix: Suggestion.fix(for: channel.value, among: channels)))
            }
            if let group = step.concurrency, !groups.contains(group.value) {
                diagnostics.append(
                    Diagnostic(
                        .unknownName, at: group.place, "`spec.concurrency` has no group `\(group.value)`",
                        fix: Suggestion.fix(for: group.value, among: groups)))
            }
            return diagnostics
        }
    }

    /// Somebody has to be able to say yes.
    static func people(_ validation: Validation) -> [Diagnostic] {
        validation.allVariants.flatMap { step -> [Diagnostic] in
            guard let action = step.action, case .approve(let card) = action.value, !card.roles.isEmpty else {
                return []
            }
            let roles = validation.site?.roles ?? []
            let unknown = card.roles.filter { !roles.contains($0) }
            if !unknown.isEmpty {
                return unknown.map { role in
                    Diagnostic(
                        .unknownName, at: action.place, "nobody at the site has the role `\(role)`",
                        fix: Suggestion.fix(for: role, among: roles))
                }
            }
            // Root is whoever became root: who that is, is not established, and fills no role.
            let holders = (validation.site?.people ?? []).filter {
                ($0.user != "root" || card.signed == true) && (card.signed != true || $0.keys?.isEmpty == false)
                    && !Set($0.roles).isDisjoint(with: card.roles)
            }
            guard holders.count < card.quorum else { return [] }
            return [
                Diagnostic(
                    .restriction, at: action.place,
                    "`\(step.id)` asks \(card.quorum == 1 ? "1 person" : "\(card.quorum) people"), and \(holders.count) hold a role it lists (root, who may be anybody, fills none)",
                    fix: "list more roles, give people of the site one, or lower the quorum")
            ]
        }
    }

    /// What a step uses is declared, and what takes a value's place takes the place of one.
    static func dependencies(_ validation: Validation) -> [Diagnostic] {
        let known = validation.runbook.dependencies
        var diagnostics: [Diagnostic] = []
        for step in validation.allVariants {
            var seen: Set<String> = []
            for use in step.uses {
                if known[use.value] == nil {
                    diagnostics.append(
                        Diagnostic(
                            .unknownName, at: use.place, "`spec.dependencies` has no `\(use.value)`",
                            fix: Suggestion.fix(for: use.value, among: known.keys)))
                } else if !seen.insert(use.value).inserted {
                    diagnostics.append(
                        Diagnostic(
                            .need, at: use.place, "`\(step.id)` uses `\(use.value)` twice", fix: "keep one of them"))
                }
            }
        }
        for (name, dependency) in known {
            guard case .alternate(let others) = dependency.ifDown else { continue }
            for (key, value) in others where dependency.values[key] == nil {
                diagnostics.append(
                    Diagnostic(
                        .unknownName, at: value.place,
                        "the dependency `\(name)` has no value `\(key)` that this is another of",
                        fix: "write `\(key)` in `values` as well"))
            }
        }
        return diagnostics
    }

    /// What others read of a runbook is there to be read.
    static func outputs(_ validation: Validation) -> [Diagnostic] {
        validation.runbook.outputs.sorted { $0.key < $1.key }.flatMap { name, written in
            written.value.names.compactMap { used -> Diagnostic? in
                let parts = used.split(separator: ".").map(String.init)
                guard parts.count == 4, parts[0] == "steps", parts[2] == "outputs" else {
                    if ["inputs", "vars", "targets"].contains(parts.first) { return nil }
                    return Diagnostic(
                        .expression, at: written.place,
                        "the output `\(name)` reads `\(used)`, which is no output of a step",
                        fix: "write `steps.ID.outputs.NAME`")
                }
                guard let step = validation.step(StepID(parts[1])) else {
                    return Diagnostic(
                        .unknownName, at: written.place, "there is no step `\(parts[1])`",
                        fix: Suggestion.fix(for: parts[1], among: validation.graph.order.map(\.rawValue)))
                }
                // Those of a sub-runbook stand in its own file.
                let outputs = step.outputsInForce
                guard step.kind != .runbook, outputs[parts[3]] == nil else { return nil }
                return Diagnostic(
                    .unknownName, at: written.place, "step `\(parts[1])` has no output `\(parts[3])`",
                    fix: Suggestion.fix(for: parts[3], among: outputs.keys))
            }
        }
    }

    static func services(_ validation: Validation) -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        let named = Set(validation.runbook.services.map(\.value))
        for service in validation.runbook.services where validation.catalogue?.services[service.value] == nil {
            let known = validation.catalogue.map { Array($0.services.keys) } ?? []
            diagnostics.append(
                Diagnostic(
                    .unknownName, at: service.place,
                    validation.catalogue == nil
                        ? "there is no catalogue to look `\(service.value)` up in"
                        : "the catalogue has no service `\(service.value)`",
                    fix: validation.catalogue == nil
                        ? "put services.yaml beside the runbook" : Suggestion.fix(for: service.value, among: known)))
        }
        func check(_ service: String, at place: SourcePlace) {
            guard !named.contains(service) else { return }
            diagnostics.append(
                Diagnostic(
                    .unknownName, at: place, "`\(service)` is none of the services that this runbook recovers",
                    fix: Suggestion.fix(for: service, among: named) ?? "add it to `metadata.services`"))
        }
        for step in validation.allVariants {
            for mark in step.marks where !(mark.value.service == Foreach.each && step.foreach != nil) {
                check(mark.value.service, at: mark.place)
            }
            if let measures = step.measures { check(measures.value.service, at: measures.place) }
            if let action = step.action, case .resync(let resync) = action.value {
                check(resync.service, at: action.place)
            }
        }
        return diagnostics
    }

    static func marks(_ validation: Validation) -> [Diagnostic] {
        validation.allVariants.flatMap { step in
            step.marks.compactMap { mark in
                guard mark.value.synthetic, mark.value.clock != .disrupted else { return nil }
                return Diagnostic(
                    .mark, at: mark.place, "only `disrupted` can be synthetic, not `\(mark.value.clock.rawValue)`",
                    fix: "leave `synthetic` out")
            }
        }
    }

    /// An objective that nothing will be compared with would look like one that nobody set.
    static func unmarkedClocks(_ validation: Validation) -> [Diagnostic] {
        let marked = Set(validation.allVariants.flatMap(\.marks).map { "\($0.value.service) \($0.value.clock)" })
        // Which services those are is known when the run is planned.
        let markedForEach = Set(
            validation.allVariants.flatMap(\.marks).filter { $0.value.service == Foreach.each }.map(\.value.clock))
        return validation.runbook.services.compactMap { service in
            guard let planned = validation.catalogue?.services[service.value]?.planned,
                planned.recoveryTimeObjective != nil, planned.to != .accepted,
                !marked.contains("\(planned.name) \(planned.to)"), !markedForEach.contains(planned.to)
            else { return nil }
            let clock = planned.to.rawValue
            return Diagnostic(
                .mark, at: service.place,
                "no step marks `\(clock)` of `\(planned.name)`, so its recovery time will not be established",
                fix: "write `marks: { clock: \(clock), service: \(planned.name) }` in the step after which it is so",
                severity: .warning)
        }
    }

    static func measures(_ validation: Validation) -> [Diagnostic] {
        validation.allVariants.compactMap { step in
            guard let measures = step.measures, step.action != nil else { return nil }
            let fix =
                "write `outputs: { lastWrite: integer, lastWriteAt: integer }`; the time in nanoseconds since 1970"
            guard step.outputs["lastWrite"] == .integer else {
                return Diagnostic(
                    .measure, at: measures.place, "`\(step.id)` measures loss without an integer output `lastWrite`",
                    fix: fix)
            }
            guard step.outputs["lastWriteAt"] == .integer || step.outputs["lastWriteAt"] == .string else {
                return Diagnostic(
                    .measure, at: measures.place,
                    "`\(step.id)` measures loss without an output `lastWriteAt`, an integer or a string", fix: fix)
            }
            return nil
        }
    }

    /// What is written about an input fits together, and its default is one that could be given.
    static func inputs(_ validation: Validation) -> [Diagnostic] {
        validation.runbook.inputs.sorted { $0.key < $1.key }.flatMap { name, input -> [Diagnostic] in
            var diagnostics: [Diagnostic] = []
            if let pattern = input.pattern, (try? Regex(pattern.value)) == nil {
                diagnostics.append(
                    Diagnostic(.input, at: pattern.place, "the pattern of `\(name)` is no regular expression"))
            }
            if input.pattern != nil, input.type != .string {
                diagnostics.append(
                    Diagnostic(.input, at: input.place, "only a `string` has a pattern, and `\(name)` is none"))
            }
            if input.minimum != nil || input.maximum != nil, input.type != .integer {
                diagnostics.append(
                    Diagnostic(
                        .input, at: input.place, "only an `integer` has a least or greatest, and `\(name)` is none"))
            }
            if input.type != .directory, let value = input.defaultValue, let why = input.fault(of: value.value) {
                diagnostics.append(
                    Diagnostic(
                        .input, at: value.place, "the default of `\(name)` \(why)",
                        fix: input.oneOf.flatMap { Suggestion.fix(for: value.value, among: $0) }))
            }
            return diagnostics
        }
    }

    /// What is accepted is an advice that there is.
    static func accepted(_ validation: Validation) -> [Diagnostic] {
        validation.runbook.accepts.keys.sorted().filter { Advice(rawValue: $0) == nil }.map { number in
            Diagnostic(
                .unknownName, at: validation.runbook.place, "there is no advice `\(number)` that could be accepted",
                fix: Suggestion.fix(for: number, among: Advice.allCases.map(\.rawValue)))
        }
    }

    /// A value reads those above it, and an environment sets those that there are.
    static func variables(_ validation: Validation) -> [Diagnostic] {
        let order = validation.runbook.vars.map(\.name)
        func readsTooMuch(_ variable: VariableDefinition) -> Diagnostic? {
            let above = order.prefix { $0 != variable.name }.map { "vars.\($0)" }
            let names = variable.value.value.expressions.flatMap(\.names)
            guard let early = names.first(where: { $0.hasPrefix("vars.") && !above.contains($0) }) else { return nil }
            guard validation.variables.contains(String(early.dropFirst(5))) else { return nil }
            return Diagnostic(
                .expression, at: variable.value.place, "`\(variable.name)` reads `\(early)`, which is not above it",
                fix: "write `\(early.dropFirst(5))` above `\(variable.name)` in `spec.vars`")
        }
        var diagnostics = validation.runbook.vars.compactMap(readsTooMuch)
        for (name, environment) in validation.environments {
            diagnostics += environment.vars.compactMap(readsTooMuch)
            for variable in environment.vars where !validation.variables.contains(variable.name) {
                diagnostics.append(
                    Diagnostic(
                        .unknownName, at: variable.value.place,
                        "environment `\(name)` sets `\(variable.name)`, which `spec.vars` does not have",
                        fix: Suggestion.fix(for: variable.name, among: order)))
            }
        }
        return diagnostics
    }

    static func environments(_ validation: Validation) -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        if validation.runbook.environments.isEmpty {
            diagnostics.append(
                Diagnostic(
                    .environment, at: validation.runbook.place, "there is no environment to run in",
                    fix: "write `environments: { rehearsal: { for: drill } }`"))
        }
        for (name, environment) in validation.environments where environment.mode == .real {
            guard let place = environment.isolation.place else { continue }
            diagnostics.append(
                Diagnostic(
                    .environment, at: place, "`\(name)` is real, and only drills are isolated",
                    fix: "move `isolation` to an environment `for: drill`"))
        }
        return diagnostics
    }
}
