// A step of a sub-runbook as a step of the runbook around it.

extension StepDefinition {
    /// The step with names in other names' places, everywhere.
    /// - Parameter report: is told what cannot be replaced, once for each place.
    func substituting(
        _ names: NameSubstitution, report: (SourcePlace, ExpressionError) -> Void
    ) -> StepDefinition {
        var step = self
        step.expressions = []
        for placed in expressions {
            do throws(ExpressionError) {
                step.expressions += try names.applied(to: placed)
            } catch {
                report(placed.place, error)
            }
        }
        // What cannot be replaced is among the expressions, and was reported.
        let change: TemplateChange = { template throws(ExpressionError) in
            (try? names.applied(to: template)) ?? template
        }
        step.apply(change)
        step.condition = condition.map { (try? names.applied(to: $0)) ?? $0 }
        if case .services(let condition, let isOrdered)? = foreach?.value.source {
            step.foreach?.value.source = .services(
                (try? names.applied(to: condition)) ?? condition, inOrderOfDependencies: isOrdered)
        }
        for index in step.words.indices {
            step.words[index].template = (try? names.applied(to: words[index].template)) ?? words[index].template
        }
        step.rollback = rollback.map { $0.substituting(names, report: report) }
        if case .instead(let other)? = inDrill {
            step.inDrill = .instead(other.substituting(names, report: report))
        }
        return step
    }

    private mutating func apply(_ change: TemplateChange) {
        action = action.map { Placed((try? $0.value.changed(change)) ?? $0.value, at: $0.place) }
        onFailure = onFailure.map { (try? $0.changed(change)) ?? $0 }
        probe = probe.map { Placed((try? $0.value.changed(change)) ?? $0.value, at: $0.place) }
        background = background.map { Placed((try? $0.value.changed(change)) ?? $0.value, at: $0.place) }
        for (name, value) in env { env[name]?.value = (try? value.value.changed(change)) ?? value.value }
        for index in marks.indices {
            marks[index].value = (try? marks[index].value.changed(change)) ?? marks[index].value
        }
        if case .list(let elements)? = foreach?.value.source {
            foreach?.value.source = .list(elements.map { Placed((try? change($0.value)) ?? $0.value, at: $0.place) })
        }
    }

    /// The step with every step and group that it names, itself included, below another one's name.
    func placed(below parent: StepID) -> StepDefinition {
        var step = self
        step.id = id.placed(below: parent)
        step.undoes = undoes?.placed(below: parent)
        step.runbookCopy = runbookCopy?.placed(below: parent)
        step.uses = uses.map { Placed("\(parent)/\($0.value)", at: $0.place) }
        step.concurrency = concurrency.map { Placed("\(parent)/\($0.value)", at: $0.place) }
        for index in step.needs.indices { step.needs[index].value.step = needs[index].value.step.placed(below: parent) }
        step.background?.value.until = background?.value.until?.placed(below: parent)
        if case .stop(let service)? = action?.value { step.action?.value = .stop(service.placed(below: parent)) }
        step.rollback = rollback.map { $0.placed(below: parent) }
        if case .instead(let other)? = inDrill { step.inDrill = .instead(other.placed(below: parent)) }
        return step
    }
}

extension DependencyDefinition {
    /// The dependency with names in other names' places, everywhere.
    /// - Parameter report: is told what cannot be replaced, once for each place.
    func substituting(
        _ names: NameSubstitution, report: (SourcePlace, ExpressionError) -> Void
    ) -> DependencyDefinition {
        var dependency = self
        // Its expressions hold those of the values as well, which are reported there.
        dependency.gate = gate.substituting(names, report: report)
        let change: TemplateChange = { template throws(ExpressionError) in
            (try? names.applied(to: template)) ?? template
        }
        func changed(_ values: [String: Placed<Template>]) -> [String: Placed<Template>] {
            values.mapValues { Placed((try? change($0.value)) ?? $0.value, at: $0.place) }
        }
        dependency.values = changed(values)
        switch ifDown {
        case .alternate(let others): dependency.ifDown = .alternate(changed(others))
        case .manual(let card): dependency.ifDown = .manual((try? card.changed(change)) ?? card)
        case .fail, .wait: break
        }
        return dependency
    }
}

extension StepID {
    fileprivate func placed(below parent: StepID) -> StepID { StepID("\(parent)/\(rawValue)") }
}
