// What a step that uses something outside is preceded by: the question whether that is there.
extension Planner {
    /// The dependencies as the run knows them: their values are known now.
    mutating func dependencies(_ context: EvaluationContext) -> [String: PlannedDependency] {
        var planned: [String: PlannedDependency] = [:]
        for (name, dependency) in runbook.dependencies.sorted(by: { $0.key < $1.key }) {
            var one = PlannedDependency()
            for (key, value) in dependency.values { one.values[key] = literal(value, context) }
            if case .alternate(let others) = dependency.ifDown {
                one.alternate = others.compactMapValues { literal($0, context) }
            }
            planned[name] = one
        }
        return planned
    }

    /// The steps with gates before those that use something, and one at the beginning for each dependency that is used
    /// at all: it holds nothing up, and is there so that what is down is known early.
    mutating func gated(
        _ steps: [PlannedStep], uses: [StepID: [String]], _ context: EvaluationContext, _ files: FileCollector,
        drillReads: [String]?
    ) -> [PlannedStep] {
        guard !uses.isEmpty else { return steps }
        var gates: [String: PlannedStep] = [:]
        for (name, dependency) in runbook.dependencies {
            gates[name] = planned(dependency.gate, of: dependency.gate, context, files, drillReads: drillReads)
        }
        var first: [PlannedStep] = []
        var seen: Set<String> = []
        var rest: [PlannedStep] = []
        for step in steps {
            let needs = step.needs
            var step = step
            for name in uses[step.id] ?? [] {
                guard let dependency = runbook.dependencies[name], var gate = gates[name] else { continue }
                gate.gate = PlannedGate(
                    dependency: name, freshFor: dependency.freshFor, retryAfter: dependency.retryAfter)
                gate.concurrency = Self.gateGroup(name)
                gate.place = step.place
                gate.effect = .read
                gate.timeout = dependency.patience
                if seen.insert(name).inserted {
                    first.append(Self.preflight(gate, name))
                }
                gate.id = StepID("\(step.id).uses.\(name)")
                gate.title = "\(name) is there for \(step.id)"
                gate.needs = needs
                gate.condition = step.condition
                gate.skipInDrill = step.skipInDrill
                gate.onFailure = step.onFailure
                var accept: [Need.Outcome] = [.succeeded, .skipped]
                switch dependency.ifDown {
                case .fail: break
                case .wait(let time):
                    gate.timeout = time
                    // It is there to wait: that it was down a moment ago is no reason not to.
                    gate.gate?.retryAfter = .zero
                case .manual(let card): gate.onFailure = .manual(card)
                case .alternate:
                    gate.onFailure = .continue
                    accept = [.succeeded, .failed, .skipped]
                }
                rest.append(gate)
                step.needs.append(Need(step: gate.id, accept: accept))
            }
            step.needs.sort { $0.step < $1.step }
            rest.append(step)
        }
        return first + rest
    }

    private static func preflight(_ gate: PlannedStep, _ name: String) -> PlannedStep {
        var gate = gate
        gate.id = StepID("uses.\(name)")
        gate.title = "\(name) is there at the beginning"
        gate.onFailure = .continue
        return gate
    }

    /// One question about a dependency is asked at a time: what it tells is an answer for all.
    static func gateGroup(_ name: String) -> String { "uses \(name)" }
}
