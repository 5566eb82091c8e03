// What a step does, and what may happen when it does it again.
extension RunbookValidator {
    /// Nobody repeats by himself what must not happen twice.
    static func retries(_ validation: Validation) -> [Diagnostic] {
        validation.allVariants.compactMap { step in
            guard let retry = step.retry, retry.value.attempts > 1, step.action != nil,
                step.effectInForce == .unsafe
            else { return nil }
            return Diagnostic(
                .retry, at: retry.place, "`\(step.id)` is unsafe to repeat, and is retried without asking",
                fix: "write `effect: idempotent`, or `effect: checkable` with a `probe`, or leave `retry` out")
        }
    }

    /// What only reads leaves nothing to undo.
    static func rollbacks(_ validation: Validation) -> [Diagnostic] {
        validation.allVariants.compactMap { step in
            guard let undoing = step.rollback.first, step.action != nil, step.effectInForce == .read else { return nil }
            return Diagnostic(
                .notAllowed, at: undoing.place, "`\(step.id)` only reads: there is nothing to undo",
                fix: "leave `rollback` out, or write the step's true `effect`")
        }
    }

    static func effects(_ validation: Validation) -> [Diagnostic] {
        validation.allVariants.compactMap { step in
            guard let effect = step.effect, effect.value == .checkable, step.probe == nil, step.kind != .backup else {
                return nil
            }
            return Diagnostic(
                .probe, at: effect.place, "`\(step.id)` is checkable, and has no `probe`",
                fix: "write `probe: { run: [PROGRAM, …] }`: exit 0 holds, 1 does not hold")
        }
    }

    static func backgrounds(_ validation: Validation) -> [Diagnostic] {
        validation.allVariants.flatMap { step -> [Diagnostic] in
            guard let background = step.background else { return [] }
            var diagnostics: [Diagnostic] = []
            func report(_ message: String, fix: String?) {
                diagnostics.append(Diagnostic(.background, at: background.place, message, fix: fix))
            }
            if let kind = step.kind, kind != .run {
                report("`\(step.id)` is a `\(kind.rawValue)` step; only `run` goes on in the background", fix: nil)
            }
            if background.value.onLoss == .restart, step.effectInForce == .unsafe {
                report(
                    "`\(step.id)` is unsafe to repeat, and is restarted when it is lost",
                    fix: "write `effect: idempotent`, or `onLoss: hold`")
            }
            if background.value.until == step.id {
                report("`\(step.id)` would go on until itself", fix: "name a later step in `until`, or `run`")
            } else if let until = background.value.until, validation.graph.order.contains(until),
                !validation.graph.transitiveNeeds(of: until).contains(step.id)
            {
                report(
                    "`\(step.id)` goes on until `\(until)`, which may be over before it starts",
                    fix: "let `\(until)` need `\(step.id)`, directly or through other steps")
            }
            return diagnostics
        }
    }

    /// What is there several times is no single service, and measures no single loss.
    static func foreaches(_ validation: Validation) -> [Diagnostic] {
        validation.allVariants.flatMap { step -> [Diagnostic] in
            var diagnostics: [Diagnostic] = []
            func report(_ place: SourcePlace, _ message: String, fix: String? = nil) {
                diagnostics.append(Diagnostic(.foreach, at: place, message, fix: fix))
            }
            if let until = step.background?.value.until, validation.step(until)?.foreach != nil {
                report(step.place, "`\(step.id)` goes on until `\(until)`, which is there several times")
            }
            guard let foreach = step.foreach, step.undoes == nil else { return diagnostics }
            if let background = step.background {
                report(
                    background.place, "a service cannot be there several times with `foreach`",
                    fix: "write one step for each")
            }
            if let measures = step.measures {
                report(measures.place, "a loss is measured by one step, not by one of `foreach`")
            }
            if let group = step.concurrency, foreach.value.maximumParallel != nil {
                report(group.place, "`\(step.id)` has both a group and `maxParallel`", fix: "keep one of them")
            }
            if case .stop? = step.action?.value { report(foreach.place, "a service is stopped once") }
            return diagnostics
        }
    }

    /// What a `stop` stops is a service that has started before.
    static func stops(_ validation: Validation) -> [Diagnostic] {
        validation.allVariants.compactMap { step in
            guard let action = step.action, case .stop(let name) = action.value else { return nil }
            guard let stopped = validation.step(name) else {
                return Diagnostic(
                    .unknownName, at: action.place, "there is no step `\(name)`",
                    fix: Suggestion.fix(for: name.rawValue, among: validation.graph.order.map(\.rawValue)))
            }
            guard stopped.variants.contains(where: { $0.background != nil }) else {
                return Diagnostic(
                    .background, at: action.place, "`\(name)` is no service: it has no `background`",
                    fix: "name a step with `background`")
            }
            guard validation.graph.transitiveNeeds(of: step.id).contains(name) else {
                return Diagnostic(
                    .background, at: action.place, "`\(step.id)` stops `\(name)`, which may not have started by then",
                    fix: "let `\(step.id)` need `\(name)`, directly or through other steps")
            }
            return nil
        }
    }

    /// In a drill, what acts outside the namespaces only reads, or says why it must.
    static func places(_ validation: Validation) -> [Diagnostic] {
        validation.allVariants.compactMap { step in
            guard let location = step.location, location.value == .outside, step.locationReason == nil,
                step.action != nil, step.effectInForce != .read, step.defaultPlaceInDrill == .inside
            else { return nil }
            return Diagnostic(
                .place, at: location.place, "`\(step.id)` changes things, and a drill would run it outside",
                fix: "write `effect: read` if it only reads, or `place: { outside: REASON }`")
        }
    }

    /// A drill never writes to what is real.
    static func realTargets(_ validation: Validation) -> [Diagnostic] {
        validation.environments.filter { $0.value.mode == .drill }.flatMap { name, environment in
            validation.drillVariants.filter { $0.action != nil && $0.effectInForce != .read }.flatMap { step in
                step.expressions.compactMap { placed in
                    let real = placed.expression.names.compactMap { used -> String? in
                        let parts = used.split(separator: ".")
                        guard parts.count == 3, parts[0] == "targets" else { return nil }
                        return environment.targets[String(parts[1])]?.kind == .real ? String(parts[1]) : nil
                    }
                    return real.first.map { target in
                        Diagnostic(
                            .target, at: placed.place,
                            "`\(step.id)` would write to `\(target)`, which is real, in the drill environment `\(name)`",
                            fix: "give `\(name)` a target of `kind: drill`, or write `inDrill: { skip: REASON }`")
                    }
                }
            }
        }
    }

    static func times(_ validation: Validation) -> [Diagnostic] {
        validation.allVariants.flatMap { step -> [Diagnostic] in
            var diagnostics: [Diagnostic] = []
            if case .wait(let wait)? = step.action?.value, let limit = step.timeout?.value ?? step.defaultTimeout,
                wait.holds >= limit
            {
                diagnostics.append(
                    Diagnostic(
                        .duration, at: step.timeout?.place ?? step.place,
                        "`\(step.id)` can never hold that long: `holds` is not shorter than its time",
                        fix: "give it more time with `within`"))
            }
            if let within = step.within, let timeout = step.timeout, within.value < timeout.value {
                diagnostics.append(
                    Diagnostic(
                        .duration, at: within.place, "`within` ends `\(step.id)` before its `timeout` can",
                        fix: "`within` counts the whole step, `timeout` one attempt", severity: .warning))
            }
            if let zero = [step.timeout, step.within].compactMap({ $0 }).first(where: { $0.value == .zero }) {
                diagnostics.append(Diagnostic(.duration, at: zero.place, "`\(step.id)` has no time at all"))
            }
            return diagnostics
        }
    }

    /// Keys that say nothing about a step of this kind.
    static func kindsOfKeys(_ validation: Validation) -> [Diagnostic] {
        validation.allVariants.flatMap { step -> [Diagnostic] in
            guard let kind = step.kind else { return [] }
            var diagnostics: [Diagnostic] = []
            func refuse(_ key: String, at place: SourcePlace?, _ why: String, fix: String? = nil) {
                guard let place else { return }
                diagnostics.append(
                    Diagnostic(.notAllowed, at: place, "`\(kind.rawValue)` steps take no `\(key)`: \(why)", fix: fix))
            }
            if step.action?.value.isEffectFree == true, step.channel == nil {
                let refused = [
                    ("timeout", step.timeout?.place), ("within", step.within?.place), ("retry", step.retry?.place),
                    ("probe", step.probe?.place), ("concurrency", step.concurrency?.place),
                ]
                for (key, place) in refused { refuse(key, at: place, "nothing runs") }
            }
            if kind == .runbook {
                let refused = [
                    ("effect", step.effect != nil), ("onFailure", step.onFailure != nil), ("env", !step.env.isEmpty),
                    ("place", step.location != nil), ("rollback", !step.rollback.isEmpty),
                    ("background", step.background != nil), ("measures", step.measures != nil),
                ]
                for (key, isWritten) in refused where isWritten {
                    refuse(key, at: step.place, "the steps of the runbook have their own")
                }
            }
            if case .instead(let other)? = step.inDrill, kind == .runbook || other.kind == .runbook {
                diagnostics.append(
                    Diagnostic(
                        .notAllowed, at: other.place,
                        "a drill cannot run another thing instead of a runbook, or a runbook instead",
                        fix: "write `inDrill` in the steps of that runbook, or leave it out of drills with `skip`"))
            }
            if step.undoes != nil, let channel = step.escalationChannels.first {
                diagnostics.append(
                    Diagnostic(
                        .notAllowed, at: channel.place,
                        "the card of a rollback tells nobody else: it has no `escalate`",
                        fix: "leave it out; whoever asked for the rollback is there"))
            }
            if kind == .manual || kind == .approve {
                refuse("timeout", at: step.timeout?.place, "a person answers", fix: "write `within` in the card")
                refuse("retry", at: step.retry?.place, "a person answers")
            }
            if kind != .run { refuse("limits", at: step.limits?.place, "only commands have them") }
            if kind != .run, !step.outputs.isEmpty {
                refuse("outputs", at: step.place, "they have their own")
            }
            if step.background != nil, !step.outputs.isEmpty {
                diagnostics.append(
                    Diagnostic(
                        .notAllowed, at: step.place, "`\(step.id)` goes on in the background and has no outputs",
                        fix: "read them in a step of their own"))
            }
            return diagnostics
        }
    }
}
