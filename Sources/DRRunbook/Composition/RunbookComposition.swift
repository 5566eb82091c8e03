/// Puts the steps of sub-runbooks in the place of the steps that name them, so that there is one plan, one journal and
/// one hash. `orders`, a step that names a runbook with a step `restore`, becomes `orders/restore` and, as its last
/// step, `orders` itself.
struct RunbookComposition {
    /// How deep runbooks may lie in each other, and how many steps all of them may have.
    static let maximumDepth = 16
    static let maximumSteps = 100_000

    private let texts: [String: SourceText]
    private var decoded: [String: Runbook] = [:]
    private var stepCount = 0
    private(set) var diagnostics: [Diagnostic] = []

    /// - Parameter texts: the files of all sub-runbooks, by their paths from the outermost runbook's folder.
    init(texts: [String: SourceText]) { self.texts = texts }

    /// - Parameters:
    ///   - path: the runbook's own file, from the outermost's folder.
    ///   - around: the files of the runbooks that it lies in, outermost first.
    mutating func composed(_ runbook: Runbook, path: String, around: [String] = []) -> Runbook {
        for step in runbook.steps + runbook.cleanup { refuseInnerNames(step) }
        guard runbook.steps.contains(where: { $0.kind == .runbook }) else { return runbook }
        var whole = runbook
        whole.steps = []
        var results: [String: NameSubstitution.Substitute] = [:]
        for step in runbook.steps {
            guard step.kind == .runbook else {
                whole.steps.append(step)
                continue
            }
            guard let child = read(step, from: path, around: around + [path]) else {
                whole.steps.append(step)
                continue
            }
            var part = RunbookPart(step, child)
            part.compose()
            diagnostics += part.diagnostics
            whole.steps += part.steps
            // What was built up last is put back first.
            whole.cleanup = part.cleanup + whole.cleanup
            for (group, limit) in child.runbook.concurrency { whole.concurrency["\(step.id)/\(group)"] = limit }
            for (group, name) in child.runbook.sharedGroups { whole.sharedGroups["\(step.id)/\(group)"] = name }
            whole.dependencies.merge(part.dependencies) { own, _ in own }
            results.merge(part.results) { first, _ in first }
        }
        if !results.isEmpty { connect(&whole, results) }
        return whole
    }

    /// Puts the sub-runbooks' outputs where other steps read them.
    private mutating func connect(_ whole: inout Runbook, _ written: [String: NameSubstitution.Substitute]) {
        var results = written
        // One sub-runbook's output may have been another's input.
        for _ in results {
            let names = NameSubstitution(substitutes: results)
            let next = results.mapValues { result in
                (try? names.applied(to: result.template)).map { NameSubstitution.Substitute($0) } ?? result
            }
            if next.mapValues(\.template) == results.mapValues(\.template) { break }
            results = next
        }
        let names = NameSubstitution(substitutes: results)
        for (name, output) in whole.outputs {
            whole.outputs[name]?.value = (try? names.applied(to: output.value)) ?? output.value
        }
        whole.steps = whole.steps.map { step in
            step.substituting(names) { place, error in
                diagnostics.append(Diagnostic(.expression, at: place, "\(error)"))
            }
        }
    }

    private mutating func read(_ step: StepDefinition, from path: String, around: [String]) -> RunbookPart.Child? {
        guard let call = step.call, let place = step.action?.place else { return nil }
        func refuse(_ message: String, fix: String? = nil) -> RunbookPart.Child? {
            diagnostics.append(Diagnostic(.runbook, at: place, message, fix: fix))
            return nil
        }
        guard let file = RelativePath.joined(RelativePath.folder(of: path), call.file) else {
            return refuse(
                "`\(call.file)` leads out of the runbook's folder",
                fix: "put the runbook into the folder of the one that names it, or below it")
        }
        if around.contains(file) {
            return refuse("`\(file)` would be part of itself: \((around + [file]).joined(separator: " names "))")
        }
        guard around.count < Self.maximumDepth else {
            return refuse("runbooks lie in each other more than \(Self.maximumDepth) deep")
        }
        guard let text = texts[file] else {
            return refuse(
                "there is no file `\(file)` in the runbook's folder", fix: "paths start at the runbook's folder")
        }
        if decoded[file] == nil {
            let read = RunbookDecoder.decode(text)
            diagnostics += read.diagnostics
            decoded[file] = read.value
        }
        guard let runbook = decoded[file] else { return nil }
        // Said once; what follows would only take its time.
        guard stepCount <= Self.maximumSteps else { return nil }
        let whole = composed(runbook, path: file, around: around)
        stepCount += whole.steps.count
        guard stepCount <= Self.maximumSteps else {
            return refuse("this runbook has more than \(Self.maximumSteps) steps with those that are part of it")
        }
        return RunbookPart.Child(runbook: whole, file: file)
    }

    /// What a sub-runbook is made of is its own affair: others read its outputs.
    private mutating func refuseInnerNames(_ step: StepDefinition) {
        for placed in step.variants.flatMap(\.expressions) {
            guard let name = placed.expression.names.first(where: { $0.contains { "/[".contains($0) } }) else {
                continue
            }
            diagnostics.append(
                Diagnostic(
                    .expression, at: placed.place, "`\(name)` reads what is inside of a step",
                    fix: "read an output of the runbook: `steps.ID.outputs.NAME`, from its `spec.outputs`"))
        }
    }
}
