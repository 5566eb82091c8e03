/// One sub-runbook, being made part of the runbook around it.
struct RunbookPart {
    /// The runbook that a step names, itself composed.
    struct Child {
        var runbook: Runbook
        /// Its file, from the outermost runbook's folder.
        var file: String
    }

    private let step: StepDefinition
    private let child: Child
    private(set) var diagnostics: [Diagnostic] = []
    /// The child's steps, and then the step itself, which is over when they are.
    private(set) var steps: [StepDefinition] = []
    private(set) var cleanup: [StepDefinition] = []
    private(set) var dependencies: [String: DependencyDefinition] = [:]
    /// What stands for the step's outputs, by their whole names.
    private(set) var results: [String: NameSubstitution.Substitute] = [:]

    init(_ step: StepDefinition, _ child: Child) {
        self.step = step
        self.child = child
    }

    mutating func compose() {
        let names = names()
        let folder = RelativePath.folder(of: child.file)
        let inner = child.runbook.steps.map { own($0, names, folder) }
        let undone = mayBeSkipped()
        var end = step
        end.needs = zip(inner, child.runbook.steps).map { placed, written in
            var accept: [Need.Outcome] = [.succeeded]
            if written.onFailure == .continue { accept.append(.failed) }
            if undone.contains(written.id) { accept.append(.skipped) }
            return Placed(Need(step: placed.id, accept: accept), at: step.place)
        }
        end.uses = []
        end.title = step.title ?? child.runbook.title
        if let action = step.action, let call = step.call {
            end.action = Placed(
                .runbook(
                    SubRunbook(
                        file: child.file, name: child.runbook.name, title: child.runbook.title,
                        digest: child.runbook.digest, inputs: call.inputs.mapValues(\.value))), at: action.place)
            end.call?.definitions = child.runbook.inputs
            for (name, given) in call.inputs {
                guard let input = child.runbook.inputs[name], given.value.parts.count == 1,
                    let expression = given.value.expressions.first
                else { continue }
                end.expressions.append(
                    PlacedExpression(expression: expression, use: .argument(input.type.output), place: given.place))
            }
        }
        for (name, written) in child.runbook.dependencies {
            var found: [Diagnostic] = []
            var dependency = written.substituting(names) { place, error in
                found.append(Diagnostic(.expression, at: place, "\(error)"))
            }
            diagnostics += found
            dependency.gate.settle(in: folder, part: step.id)
            dependencies["\(step.id)/\(name)"] = dependency
        }
        if step.foreach != nil { end.runbookCopy = step.id }
        steps = inner + [end]
        cleanup = child.runbook.cleanup.map { own($0, names, folder, isCleanup: true) }
        if let foreach = step.foreach {
            guard !child.runbook.cleanup.isEmpty else { return }
            diagnostics.append(
                Diagnostic(
                    .foreach, at: foreach.place, "`\(step.id)` is there several times, and \(child.file) has cleanup",
                    fix: "put back in a step what has to be put back for each of them"))
            return
        }
        for (name, written) in child.runbook.outputs {
            do {
                let syntax = try names.applied(to: written.value).syntax
                results["steps.\(step.id).outputs.\(name)"] = NameSubstitution.Substitute(syntax)
            } catch {
                diagnostics.append(Diagnostic(.expression, at: written.place, "\(error)"))
            }
        }
    }

    private mutating func own(
        _ written: StepDefinition, _ names: NameSubstitution, _ folder: String, isCleanup: Bool = false
    ) -> StepDefinition {
        var found: [Diagnostic] = []
        var own = written.placed(below: step.id).substituting(names) { place, error in
            found.append(Diagnostic(.expression, at: place, "\(error)"))
        }
        diagnostics += found
        own.settle(in: folder, part: step.id)
        guard !isCleanup else { return own }
        if written.needs.isEmpty { own.needs = step.needs }
        own.uses += step.uses
        if let condition = step.condition { own.require(condition) }
        if case .skip(let reason)? = step.inDrill { own.inDrill = .skip(reason: reason) }
        if let foreach = step.foreach {
            if written.foreach != nil {
                diagnostics.append(
                    Diagnostic(
                        .foreach, at: foreach.place,
                        "`\(step.id)` is there several times, and so is `\(written.id)` in \(child.file)",
                        fix: "a `foreach` holds no other: take one of them out"))
            }
            own.stand(in: foreach, of: step.id)
        }
        return own
    }

    // MARK: Names

    /// What the names of the child's expressions stand for.
    private mutating func names() -> NameSubstitution {
        let prefix = step.id.rawValue
        var names = NameSubstitution(substitutes: inputs()) { name in
            // What the child does not have it shall not find around itself.
            for space in ["inputs.", "vars.", "steps.", "dependencies."] where name.hasPrefix(space) {
                return "\(space)\(prefix)/\(name.dropFirst(space.count))"
            }
            return nil
        }
        for variable in child.runbook.vars {
            do {
                let template = try names.applied(to: variable.value.value).substituting(EvaluationContext())
                names.substitutes["vars.\(variable.name)"] = NameSubstitution.Substitute(template)
            } catch {
                diagnostics.append(Diagnostic(.expression, at: variable.value.place, "\(error)"))
            }
        }
        return names
    }

    private mutating func inputs() -> [String: NameSubstitution.Substitute] {
        let given = step.call?.inputs ?? [:]
        let place = step.action?.place ?? step.place
        for (name, value) in given where child.runbook.inputs[name] == nil {
            diagnostics.append(
                Diagnostic(
                    .input, at: value.place, "\(child.file) has no input `\(name)`",
                    fix: Suggestion.fix(for: name, among: child.runbook.inputs.keys)))
        }
        var substitutes: [String: NameSubstitution.Substitute] = [:]
        for (name, input) in child.runbook.inputs {
            if let value = given[name] {
                substitutes["inputs.\(name)"] = substitute(value, for: name, input)
            } else if let value = input.defaultValue?.value {
                substitutes["inputs.\(name)"] = standard(value, of: input)
            } else {
                diagnostics.append(
                    Diagnostic(
                        .input, at: place, "\(child.file) is not given its input `\(name)`, which has no default",
                        fix: "write `inputs: { \(name): VALUE }` beside `file`"))
            }
        }
        return substitutes
    }

    private mutating func substitute(
        _ given: Placed<Template>, for name: String, _ input: InputDefinition
    ) -> NameSubstitution.Substitute {
        guard let text = given.value.literal else { return NameSubstitution.Substitute(given.value) }
        guard let why = input.fault(of: text) else { return NameSubstitution.Substitute(input.value(of: text)) }
        diagnostics.append(Diagnostic(.input, at: given.place, "the input `\(name)` of \(child.file) \(why)"))
        // Of the right type, so that nothing else is said about it.
        switch input.type {
        case .string, .directory: return NameSubstitution.Substitute(Value.string(text))
        case .integer: return NameSubstitution.Substitute(Value.integer(0))
        case .boolean: return NameSubstitution.Substitute(Value.boolean(false))
        }
    }

    /// A directory that is not given counts from the folder of the runbook that it is an input of.
    private func standard(_ value: String, of input: InputDefinition) -> NameSubstitution.Substitute {
        guard input.type == .directory, !value.hasPrefix("/") else {
            return NameSubstitution.Substitute(input.value(of: value))
        }
        let folder = RelativePath.folder(of: child.file)
        let path = folder.isEmpty ? value : "\(folder)/\(value)"
        return NameSubstitution.Substitute(
            Template(parts: [.expression(Expression(.name(Planner.folderName))), .literal("/\(path)")]))
    }

    // MARK: Ends

    /// The child's steps that may have been skipped when it is done: by themselves, or because of what they need.
    private func mayBeSkipped() -> Set<StepID> {
        var skipped: Set<StepID> = []
        let graph = StepGraph(child.runbook.steps)
        for written in graph.inOrderOfNeeds.map({ child.runbook.steps[$0] }) {
            var isLeftOut = written.condition != nil
            if case .skip? = written.inDrill { isLeftOut = true }
            let waits = written.needs.contains {
                skipped.contains($0.value.step) && !$0.value.accept.contains(.skipped)
            }
            if isLeftOut || waits { skipped.insert(written.id) }
        }
        return skipped
    }
}

extension StepDefinition {
    /// Its files are in this folder, and it came from the runbook that this step names.
    fileprivate mutating func settle(in folder: String, part: StepID) {
        // What was settled already lies deeper.
        self.folder = self.folder ?? folder
        self.part = part
        rollback = rollback.map { $0.settled(in: folder, part: part) }
        if case .instead(let other)? = inDrill { inDrill = .instead(other.settled(in: folder, part: part)) }
    }

    private func settled(in folder: String, part: StepID) -> StepDefinition {
        var step = self
        step.settle(in: folder, part: part)
        return step
    }

    /// It is also skipped where this is false.
    fileprivate mutating func require(_ other: Expression) {
        condition = condition.map { Expression(.binary(.and, other.syntax, $0.syntax)) } ?? other
        if case .instead(var instead)? = inDrill {
            instead.require(other)
            inDrill = .instead(instead)
        }
    }

    /// It is one of the steps that are there together once for each of something.
    fileprivate mutating func stand(in foreach: Placed<Foreach>, of copied: StepID) {
        self.foreach = foreach
        runbookCopy = copied
        for index in rollback.indices { rollback[index].stand(in: foreach, of: copied) }
        if case .instead(var instead)? = inDrill {
            instead.stand(in: foreach, of: copied)
            inDrill = .instead(instead)
        }
    }
}
