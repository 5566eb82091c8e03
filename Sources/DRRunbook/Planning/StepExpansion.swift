// Steps that are there several times, once for each of something.
extension Planner {
    /// Every step, those with `foreach` once for each of something, with what undoes them and the limits that
    /// `maxParallel` sets.
    mutating func expanded(
        _ variants: [(StepDefinition, StepDefinition)], _ context: EvaluationContext, _ files: FileCollector,
        drillReads: [String]?
    ) -> (steps: [PlannedStep], rollbacks: [PlannedStep], uses: [StepID: [String]], limits: [String: Int]) {
        var (steps, rollbacks): ([PlannedStep], [PlannedStep]) = ([], [])
        var limits: [String: Int] = [:]
        var uses: [StepID: [String]] = [:]
        var instances: [StepID: [StepID]] = [:]
        for (step, variant) in variants {
            for name in variant.uses.map(\.value) { limits[Self.gateGroup(name)] = 1 }
            guard let foreach = variant.foreach else {
                if !variant.uses.isEmpty { uses[step.id] = variant.uses.map(\.value) }
                if let one = planned(variant, of: step, context, files, drillReads: drillReads) { steps.append(one) }
                rollbacks += variant.rollback.compactMap {
                    planned($0, of: $0, context, files, drillReads: drillReads)
                }
                continue
            }
            var expansion = ForeachExpansion(catalogue: catalogue, context: context)
            let copied = step.runbookCopy ?? step.id
            let group = foreach.value.maximumParallel.map { _ in "foreach \(copied)" }
            if let group { limits[group] = foreach.value.maximumParallel }
            instances[step.id] = []
            for instance in expansion.instances(of: foreach) {
                var own = context
                own.values.merge(instance.values) { _, new in new }
                let id = step.id.instance(instance.key, of: copied)
                instances[step.id]?.append(id)
                if !variant.uses.isEmpty { uses[id] = variant.uses.map(\.value) }
                let variant = variant.instance(instance.key)
                if var one = planned(variant, of: step, own, files, drillReads: drillReads) {
                    one.become(id, instance.key)
                    one.concurrency = group ?? one.concurrency
                    if !variant.needs.contains(where: { variant.isInSameCopy($0.value.step) }) {
                        one.needs += instance.after.map { Need(step: copied.instance($0, of: copied)) }
                    }
                    steps.append(one)
                }
                for undoing in variant.rollback {
                    guard var one = planned(undoing, of: undoing, own, files, drillReads: drillReads) else { continue }
                    one.become(StepID("\(id).rollback"), instance.key)
                    one.undoes = id
                    rollbacks.append(one)
                }
            }
            diagnostics += expansion.diagnostics
        }
        for index in steps.indices {
            steps[index].needs = steps[index].needs.flatMap { need in
                instances[need.step]?.map { Need(step: $0, accept: need.accept) } ?? [need]
            }.sorted { $0.step < $1.step }
        }
        if !instances.isEmpty, let cycle = StepGraph(steps).cycles.first {
            report(
                .cycle, at: runbook.place,
                "services of the catalogue cannot do without each other: \(cycle.map(\.rawValue).joined(separator: ", "))"
            )
        }
        return (steps, rollbacks, uses, limits)
    }
}

extension StepDefinition {
    /// Whether a step of its runbook has the same number of instances as it has itself, each with its own of these.
    fileprivate func isInSameCopy(_ other: StepID) -> Bool {
        guard let runbookCopy else { return false }
        return other.rawValue.hasPrefix("\(runbookCopy)/")
    }

    /// The step with what it names of its own copy of a sub-runbook.
    fileprivate func instance(_ key: String) -> StepDefinition {
        guard let copied = runbookCopy else { return self }
        let names = NameSubstitution(substitutes: [:]) { name in
            let inner = "steps.\(copied)/"
            return name.hasPrefix(inner) ? "steps.\(copied)[\(key)]/\(name.dropFirst(inner.count))" : nil
        }
        // Nothing is combined here that was not before.
        var step = substituting(names) { _, _ in }
        for index in step.needs.indices where isInSameCopy(step.needs[index].value.step) {
            step.needs[index].value.step = step.needs[index].value.step.instance(key, of: copied)
        }
        return step
    }
}

extension StepID {
    /// One of a step's instances: `step[key]`, and `step[key]/inner` for a part of what is there several times.
    fileprivate func instance(_ key: String, of copied: StepID) -> StepID {
        StepID("\(copied)[\(key)]\(rawValue.dropFirst(copied.rawValue.count))")
    }
}

extension PlannedStep {
    /// Makes it one of the instances of a step.
    fileprivate mutating func become(_ id: StepID, _ key: String) {
        self.id = id
        title = title.contains(key) ? title : "\(title) (\(key))"
        for index in marks.indices where marks[index].service == Foreach.each { marks[index].service = key }
    }
}
