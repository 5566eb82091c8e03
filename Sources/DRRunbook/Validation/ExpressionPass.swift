extension RunbookValidator {
    /// Expressions name only what there is, what has been before, and what fits together.
    static func expressions(_ validation: Validation) -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        if let (name, environment) = validation.environments.first {
            let scope = Scope(validation: validation, environmentName: name, environment: environment)
            diagnostics += validation.runbook.varExpressions.compactMap { scope.diagnostic(for: $0, in: nil) }
        }
        for (name, environment) in validation.environments {
            let scope = Scope(validation: validation, environmentName: name, environment: environment)
            for step in validation.variants(for: environment.mode) {
                diagnostics += step.expressions.compactMap { scope.diagnostic(for: $0, in: step) }
            }
            for dependency in validation.runbook.dependencies.values {
                diagnostics += dependency.gate.expressions.compactMap { scope.diagnostic(for: $0, in: nil) }
            }
            diagnostics += environment.expressions.compactMap { scope.diagnostic(for: $0, in: nil) }
        }
        return diagnostics
    }
}

/// The names that an environment's expressions may read.
private struct Scope {
    let validation: Validation
    let environmentName: String
    let environment: EnvironmentDefinition

    func diagnostic(for placed: PlacedExpression, in step: SeenStep?) -> Diagnostic? {
        let typing = ExpressionTyping { name in type(of: name, in: step, for: placed.use) }
        do throws(ExpressionTyping.Unknown) {
            let found = try typing.type(of: placed.expression.syntax)
            if case .argument(let expected) = placed.use, found.type != expected {
                throw ExpressionTyping.Unknown(
                    message:
                        "`\(placed.expression.source)` is \(found.type.name), and the input it is given to is \(expected.name)"
                )
            }
            if found.mayBeAbsent { throw ExpressionTyping.absent(placed.expression.source) }
            if placed.use == .condition || placed.use == .services, found.type != .boolean {
                throw ExpressionTyping.Unknown(
                    message:
                        "`\(placed.use == .services ? "services" : "when")` is \(found.type.name) where true or false should be"
                )
            }
            return nil
        } catch {
            return Diagnostic(error.code, at: placed.place, error.message, fix: error.fix)
        }
    }

    private typealias Typed = Result<StaticType, ExpressionTyping.Unknown>

    private func type(of name: String, in step: SeenStep?, for use: PlacedExpression.Use) -> Typed {
        let parts = name.split(separator: ".").map(String.init)
        let text = Typed.success(StaticType(type: .string))
        if name == Planner.folderName { return text }
        if use == .services {
            if let type = Foreach.serviceNames[name] { return .success(StaticType(type: type)) }
            return unknown("a service has no `\(name)`", name, among: Foreach.serviceNames.keys)
        }
        switch (parts.first, parts.count) {
        case ("each", 2) where use.isOfStep:
            guard let names = step?.foreach?.value.names else {
                return .failure(
                    ExpressionTyping.Unknown(
                        message: "`\(name)` is read where there is no `foreach`", fix: Self.readable(for: use)))
            }
            if let type = names[parts[1]] { return .success(StaticType(type: type)) }
            return unknown("`each` has no `\(parts[1])` here", parts[1], among: names.keys)
        case ("inputs", 2):
            if let input = validation.runbook.inputs[parts[1]] { return .success(StaticType(type: input.type.output)) }
            return unknown("there is no input `\(parts[1])`", parts[1], among: validation.runbook.inputs.keys)
        case ("vars", 2):
            if validation.variables.contains(parts[1]) { return text }
            return unknown("there is no value `\(parts[1])` in `vars`", parts[1], among: validation.variables)
        case ("targets", 3) where use != .target && use != .variable:
            guard let target = environment.targets[parts[1]] else {
                return unknown(
                    "environment `\(environmentName)` has no target `\(parts[1])`", parts[1],
                    among: environment.targets.keys)
            }
            if target.values[parts[2]] != nil { return text }
            return unknown(
                "target `\(parts[1])` of environment `\(environmentName)` has no `\(parts[2])`", parts[2],
                among: target.values.keys)
        case ("run", 2) where use != .target && use != .isolation && use != .variable:
            if ["id", "directory"].contains(parts[1]) { return text }
            if parts[1] == "mode" { return mode(name) }
            return unknown("a run has no `\(parts[1])`", parts[1], among: ["id", "directory"])
        case ("steps", 4) where parts[2] == "outputs" && step != nil && use != .isolation:
            return typeOfOutput(parts[3], of: StepID(parts[1]), in: step, for: use)
        case ("dependencies", 3) where step != nil && use.isOfStep:
            return typeOfDependency(parts[1], parts[2], in: step)
        case ("mode", _), ("environment", _), ("drill", _), ("real", _): return mode(name)
        default:
            return .failure(
                ExpressionTyping.Unknown(
                    message: "`\(name)` is not a name that can be read here", fix: Self.readable(for: use)))
        }
    }

    private func typeOfOutput(
        _ output: String, of name: StepID, in step: SeenStep?, for use: PlacedExpression.Use
    ) -> Typed {
        guard let step else { return .failure(ExpressionTyping.Unknown(message: "there are no steps here")) }
        guard let written = validation.step(name) else {
            return unknown(
                "there is no step `\(name)`", name.rawValue, among: validation.graph.order.map(\.rawValue))
        }
        // Of a copy of a sub-runbook each instance reads its own.
        if written.foreach != nil, written.runbookCopy == nil || written.runbookCopy != step.runbookCopy {
            return .failure(
                ExpressionTyping.Unknown(
                    message: "`\(name)` is there several times, and its outputs cannot be read",
                    fix: "write what others read into a file under ${{ run.directory }}"))
        }
        if step.isCleanup {
            return .failure(
                ExpressionTyping.Unknown(
                    message: "cleanup cannot read the outputs of `\(name)`: it also runs where that step never did",
                    fix: "use a fixed path under `${{ run.directory }}`"))
        }
        let main = step.undoes ?? step.id
        // A rollback also runs where the step that it undoes failed.
        let isUndone = name == step.undoes
        let isOwn = name == step.id && use == .mark
        if name == step.id, !isOwn {
            return .failure(
                ExpressionTyping.Unknown(
                    message: "`\(step.id)` cannot read its own output: there is none before it has run",
                    fix: "read it in a step that needs `\(step.id)`"))
        }
        guard isOwn || isUndone || validation.graph.transitiveNeeds(of: main).contains(name) else {
            return .failure(
                ExpressionTyping.Unknown(
                    message: "`\(step.id)` reads an output of `\(name)`, which need not be over by then",
                    fix: "add `\(name)` to the needs of `\(main)`"))
        }
        let outputs = (written.definition.variant(for: environment.mode) ?? written.definition).outputsInForce
        guard let type = outputs[output] else {
            return unknown("step `\(name)` has no output `\(output)`", output, among: outputs.keys)
        }
        let isCertain = isOwn || validation.graph.certainlySucceeded(before: main).contains(name)
        return .success(StaticType(type: type, mayBeAbsent: !isCertain))
    }

    private func typeOfDependency(_ name: String, _ key: String, in step: SeenStep?) -> Typed {
        guard let dependency = validation.runbook.dependencies[name] else {
            return unknown("there is no dependency `\(name)`", name, among: validation.runbook.dependencies.keys)
        }
        guard step?.uses.contains(where: { $0.value == name }) == true else {
            return .failure(
                ExpressionTyping.Unknown(
                    message: "`\(step?.id.rawValue ?? "")` reads a value of `\(name)`, and does not use it",
                    fix: "write `uses: [\(name)]` in the step"))
        }
        guard dependency.values[key] != nil else {
            return unknown("the dependency `\(name)` has no value `\(key)`", key, among: dependency.values.keys)
        }
        return .success(StaticType(type: .string))
    }

    private func unknown(_ message: String, _ word: String, among names: some Collection<String>) -> Typed {
        .failure(ExpressionTyping.Unknown(message: message, fix: Suggestion.fix(for: word, among: Array(names))))
    }

    private func mode(_ name: String) -> Typed {
        .failure(
            ExpressionTyping.Unknown(
                message: "`\(name)`: an expression cannot read whether this is a drill",
                fix: "write what a drill does differently under `inDrill`", code: .mode))
    }

    private static func readable(for use: PlacedExpression.Use) -> String {
        switch use {
        case .template, .condition, .mark, .argument:
            "there are inputs.NAME, vars.NAME, targets.NAME.KEY, run.id, run.directory, steps.ID.outputs.NAME"
        case .repository: "there are inputs.NAME, vars.NAME, targets.NAME.KEY, run.id, run.directory"
        case .isolation: "there are inputs.NAME, vars.NAME, targets.NAME.KEY"
        case .services: "there are name, owner, tier"
        case .target, .variable: "there are inputs.NAME, vars.NAME"
        }
    }
}

extension PlacedExpression.Use {
    /// Whether it stands in a step, which can be there several times.
    fileprivate var isOfStep: Bool {
        switch self {
        case .template, .condition, .mark, .argument: true
        case .target, .isolation, .repository, .variable, .services: false
        }
    }
}
