import DRCrypto

/// A sound runbook, for one environment and its inputs, frozen into a plan.
package struct Planner {
    let runbook: Runbook
    let site: Site?
    let catalogue: Catalogue?
    let request: PlanningRequest
    private let world: PlanningWorld
    var diagnostics: [Diagnostic] = []

    /// Resolves everything that can be known before a run starts.
    /// - Parameter runbook: one in which decoder and validator found no error.
    /// - Returns: the plan; nil where a diagnostic says why there is none.
    package static func plan(
        _ runbook: Runbook, site: Site?, catalogue: Catalogue?, _ request: PlanningRequest, world: PlanningWorld
    ) -> Diagnosed<Plan> {
        var planner = Planner(runbook: runbook, site: site, catalogue: catalogue, request: request, world: world)
        let plan = planner.plan()
        return Diagnosed(planner.diagnostics.hasErrors ? nil : plan, planner.diagnostics)
    }

    /// The name under which the outermost runbook's folder stands, where a directory counts from it: one that nobody
    /// can write.
    static let folderName = "/folder"

    private init(
        runbook: Runbook, site: Site?, catalogue: Catalogue?, request: PlanningRequest, world: PlanningWorld
    ) {
        self.runbook = runbook
        self.site = site
        self.catalogue = catalogue
        self.request = request
        self.world = world
    }

    private mutating func plan() -> Plan? {
        let inputs = resolveInputs()
        guard let (name, environment) = chooseEnvironment() else { return nil }
        var context = EvaluationContext()
        for (input, value) in inputs {
            context.values["inputs.\(input)"] = runbook.inputs[input]?.value(of: value) ?? .string(value)
        }
        for variable in runbook.vars {
            let written = environment.vars.first { $0.name == variable.name } ?? variable
            if let text = literal(written.value, context) { context.values["vars.\(variable.name)"] = .string(text) }
        }
        context.values[Self.folderName] = .string(request.folder)
        let targets = resolveTargets(environment, context)
        for (target, resolved) in targets {
            for (key, value) in resolved.values { context.values["targets.\(target).\(key)"] = .string(value) }
        }
        let variants = runbook.steps.map { ($0, $0.variant(for: request.mode) ?? $0) }
        var files = FileCollector(world: world)
        for (_, variant) in variants {
            files.collect(variant)
            for undoing in variant.rollback { files.collect(undoing) }
        }
        for step in runbook.cleanup { files.collect(step) }
        let isolation = request.mode == .drill ? isolation(environment.isolation, context) : nil
        let reads = isolation?.readOnlyBinds
        let gates = runbook.dependencies.values.map(\.gate)
        for gate in gates { files.collect(gate) }
        let (expanded, rollbacks, uses, limits) = expanded(variants, context, files, drillReads: reads)
        let steps = shaped(escalated(gated(expanded, uses: uses, context, files, drillReads: reads)))
        let isTabletop = request.shape?.isTabletop == true
        let kept = Set(steps.map(\.id))
        let undoing = isTabletop ? [] : rollbacks.filter { $0.undoes.map(kept.contains) == true }
        // Only drills have something to put back.
        let cleanup =
            request.mode == .drill && !isTabletop
            ? runbook.cleanup.compactMap { planned($0, of: $0, context, files, drillReads: reads) } : []
        diagnostics += files.diagnostics
        let repositories = repositories(
            environment, context,
            used: variants.flatMap { [$0.1.repository] + $0.1.rollback.map(\.repository) }.compactMap { $0?.value })
        guard !diagnostics.hasErrors else { return nil }
        var plan = Plan(
            runbook: RunbookIdentity(
                name: runbook.name, title: runbook.title, owner: runbook.owner, digest: runbook.digest),
            purpose: runbook.purpose, mode: request.mode, environment: name, inputs: inputs, targets: targets,
            services: services(marked: steps).filter { request.shape?.only?.contains($0.name) != false },
            isolation: isTabletop ? nil : isolation,
            steps: digested(steps, files), rollbacks: digested(undoing, files),
            rollback: isTabletop ? .never : runbook.rollback ?? (request.mode == .drill ? .auto : .ask),
            cleanup: digested(cleanup, files),
            files: files.files,
            people: (site?.people ?? []).withDelegatedRoles.map { person in
                var person = person
                person.uid = person.uid ?? world.uid(person.user)
                return person
            },
            repositories: repositories, secrets: secrets(of: steps + undoing + cleanup, in: environment),
            width: runbook.width,
            concurrency: runbook.concurrency.merging(limits) { own, _ in own }, dependencies: dependencies(context),
            httpAllow: httpAllow(environment, context), shape: request.shape, siteDigest: site?.digest,
            catalogueDigest: catalogue?.digest)
        if !isTabletop, !runbook.sharedGroups.isEmpty { plan.sharedGroups = runbook.sharedGroups }
        return plan
    }

    /// The services that the runbook names, and those whose clocks a `foreach` marks.
    private func services(marked steps: [PlannedStep]) -> [PlannedService] {
        var names = runbook.services.map(\.value)
        for service in steps.flatMap(\.marks).map(\.service) where !names.contains(service) { names.append(service) }
        return names.compactMap { catalogue?.services[$0]?.planned }
    }

    // MARK: What is given

    private mutating func resolveInputs() -> [String: String] {
        var values: [String: String] = [:]
        for given in request.inputs.keys.sorted() where runbook.inputs[given] == nil {
            report(
                .input, at: runbook.place, "the runbook has no input `\(given)`",
                fix: Suggestion.fix(for: given, among: Array(runbook.inputs.keys)))
        }
        for (name, input) in runbook.inputs.sorted(by: { $0.key < $1.key }) {
            let given = request.inputs[name]
            guard var value = given ?? input.defaultValue?.value else {
                let summary = input.summary.map { " (\($0))" } ?? ""
                report(
                    .input, at: input.place, "the input `\(name)`\(summary) is not given and has no default",
                    fix: "give it with `--input \(name)=VALUE`")
                continue
            }
            if input.type == .directory {
                if given == nil { value = AbsolutePath.join(request.folder, value) }
                guard let path = AbsolutePath.normalized(value) else {
                    report(.input, at: input.place, "the directory `\(name)` is not an absolute path: \(value)")
                    continue
                }
                value = path
            }
            if let why = input.fault(of: value) {
                report(
                    .input, at: input.place, "the input `\(name)` \(why)",
                    fix: input.oneOf.flatMap { Suggestion.fix(for: value, among: $0) })
                continue
            }
            values[name] = value
        }
        return values
    }

    private mutating func chooseEnvironment() -> (String, EnvironmentDefinition)? {
        let word = request.mode == .drill ? "drill" : "real"
        let fitting = runbook.environments.filter { $0.value.mode == request.mode }.keys.sorted()
        guard let name = request.environment else {
            if let only = fitting.first, fitting.count == 1, let environment = runbook.environments[only] {
                return (only, environment)
            }
            report(
                .environment, at: runbook.place,
                fitting.isEmpty
                    ? "no environment of this runbook is `for: \(word)`"
                    : "there is more than one environment `for: \(word)`: \(fitting.joined(separator: ", "))",
                fix: fitting.isEmpty ? nil : "name one with `--environment`")
            return nil
        }
        guard let environment = runbook.environments[name] else {
            report(
                .environment, at: runbook.place, "there is no environment `\(name)`",
                fix: Suggestion.fix(for: name, among: Array(runbook.environments.keys)))
            return nil
        }
        guard environment.mode == request.mode else {
            report(
                .environment, at: environment.place,
                "environment `\(name)` is for \(environment.mode.rawValue) runs, and this is a \(word) one",
                fix: Suggestion.fix(for: name, among: fitting))
            return nil
        }
        return (name, environment)
    }

    private mutating func resolveTargets(
        _ environment: EnvironmentDefinition, _ context: EvaluationContext
    ) -> [String: PlannedTarget] {
        var targets: [String: PlannedTarget] = [:]
        for (name, target) in environment.targets {
            var values: [String: String] = [:]
            for (key, template) in target.values {
                values[key] = literal(Placed(template, at: target.place), context)
            }
            targets[name] = PlannedTarget(kind: target.kind, values: values)
        }
        return targets
    }

    private mutating func repositories(
        _ environment: EnvironmentDefinition, _ context: EvaluationContext, used: [String]
    ) -> [String: PlannedRepository] {
        var repositories: [String: PlannedRepository] = [:]
        for name in Set(used).sorted() {
            guard let repository = environment.repositories[name] ?? site?.repositories[name] else { continue }
            do {
                repositories[name] = try repository.changed { template throws(ExpressionError) in
                    try template.substituting(context)
                }
            } catch {
                report(.expression, at: environment.place, "\(error)")
            }
        }
        return repositories
    }

    private func secrets(
        of steps: [PlannedStep], in environment: EnvironmentDefinition
    ) -> [String: SecretReference] {
        var used: [String: SecretReference] = [:]
        for name in steps.flatMap(\.secrets) { used[name] = environment.secrets[name] ?? site?.secrets[name] }
        return used
    }

    mutating func literal(_ written: Placed<Template>, _ context: EvaluationContext) -> String? {
        do {
            if let text = try written.value.substituting(context).literal { return text }
            report(.expression, at: written.place, "`\(written.value.display)` is not known before the run")
        } catch {
            report(.expression, at: written.place, "\(error)")
        }
        return nil
    }

    // MARK: Steps

    mutating func planned(
        _ variant: StepDefinition, of step: StepDefinition, _ context: EvaluationContext, _ files: FileCollector,
        drillReads: [String]?
    ) -> PlannedStep? {
        guard let action = variant.action else { return nil }
        let change: TemplateChange = { template throws(ExpressionError) in
            files.named(try template.substituting(context), in: variant.folder)
        }
        let isDrill = request.mode == .drill
        do {
            var planned = PlannedStep(
                id: variant.id, title: variant.title ?? variant.id.rawValue, action: try action.value.changed(change),
                needs: variant.needs.map(\.value).sorted { $0.step < $1.step },
                condition: variant.condition?.substituting(context), effect: variant.effectInForce,
                place: isDrill && request.withoutIsolation == nil
                    ? variant.location?.value ?? variant.defaultPlaceInDrill : .outside,
                placeReason: isDrill ? variant.locationReason : nil,
                timeout: variant.timeout?.value ?? variant.defaultTimeout, within: variant.within?.value,
                retry: variant.retry?.value ?? .never,
                onFailure: try variant.onFailure?.changed(change) ?? .hold(unattended: .minutes(10)),
                probe: try variant.probe?.value.changed(change), outputs: variant.outputsInForce,
                measures: variant.measures?.value, background: try variant.background?.value.changed(change),
                concurrency: variant.concurrency?.value, undoes: variant.undoes,
                digest: StepDigest.none)
            if case .notify(var notify) = planned.action, let channel = variant.channel?.value,
                !isDrill || variant.locationReason != nil
            {
                // A drill tells nobody outside, unless its runbook says why it does.
                notify.channel = site?.channels[channel]
                planned.action = .notify(notify)
            }
            planned.limits = variant.limits?.value
            for (name, value) in variant.env { planned.env[name] = try value.value.changed(change) }
            for mark in variant.marks {
                var mark = try mark.value.changed(change)
                mark.synthetic = mark.synthetic || (isDrill && mark.clock == .disrupted)
                planned.marks.append(mark)
            }
            if isDrill, let difference = step.inDrill {
                switch difference {
                case .skip(let reason): planned.skipInDrill = reason
                case .instead: planned.differsInDrill = true
                }
            }
            checkInputs(of: planned, variant)
            diagnostics += ActionPass.diagnostics(
                for: planned.id, action: planned.action, probe: planned.probe, ready: planned.background?.ready,
                at: action.place, drillReads: drillReads)
            return planned
        } catch {
            report(.expression, at: step.place, "\(error)")
            return nil
        }
    }

    /// What a sub-runbook is given, as far as it is known now, is what it may be given.
    private mutating func checkInputs(of step: PlannedStep, _ written: StepDefinition) {
        guard case .runbook(let part) = step.action, let call = written.call else { return }
        for (name, input) in call.definitions.sorted(by: { $0.key < $1.key }) {
            guard let given = call.inputs[name], let value = part.inputs[name] else { continue }
            if let text = value.literal {
                guard let why = input.fault(of: text) else { continue }
                report(.input, at: given.place, "the input `\(name)` of \(part.file) \(why)")
            } else if input.isChecked {
                report(
                    .input, at: given.place,
                    "the input `\(name)` of \(part.file) is known only during the run, and could not be checked before it",
                    fix: "give it something that is known when the run is planned, or take the checks of `\(name)` out")
            }
        }
    }

    private mutating func digested(_ steps: [PlannedStep], _ files: FileCollector) -> [PlannedStep] {
        do {
            return try StepDigest.digested(steps, files: files)
        } catch {
            report(.file, at: runbook.place, error.message)
            return []
        }
    }

    mutating func report(
        _ code: Diagnostic.Code, at place: SourcePlace, _ message: String, fix: String? = nil
    ) {
        diagnostics.append(Diagnostic(code, at: place, message, fix: fix))
    }
}
