/// What the passes look at.
struct Validation {
    let runbook: Runbook
    let site: Site?
    let catalogue: Catalogue?
    let graph: StepGraph
    let steps: [SeenStep]
    /// Steps and cleanup.
    let allSteps: [SeenStep]
    /// All steps, each with what undoes it: what can run in a real run.
    let realVariants: [SeenStep]
    /// What can run in a drill.
    let drillVariants: [SeenStep]
    /// What can run in either, each once.
    let allVariants: [SeenStep]

    init(runbook: Runbook, site: Site?, catalogue: Catalogue?) {
        self.runbook = runbook
        self.site = site
        self.catalogue = catalogue
        graph = StepGraph(runbook.steps)
        steps = runbook.steps.map(SeenStep.init)
        allSteps = steps + runbook.cleanup.map(SeenStep.init)
        var (real, drill, all): ([SeenStep], [SeenStep], [SeenStep]) = ([], [], [])
        for step in allSteps {
            let written = [step] + step.rollback.map(SeenStep.init)
            real += written
            all += written
            switch step.inDrill {
            case nil: drill += written
            case .skip: break
            case .instead(let other):
                let instead = other.withRollback.map(SeenStep.init)
                drill += instead
                all += instead
            }
        }
        (realVariants, drillVariants, allVariants) = (real, drill, all)
    }

    /// What can run in a mode.
    func variants(for mode: RunMode) -> [SeenStep] { mode == .drill ? drillVariants : realVariants }

    /// The names of `vars`.
    var variables: Set<String> { Set(runbook.vars.map(\.name)) }

    /// The first step of this name.
    func step(_ id: StepID) -> SeenStep? { graph.index(of: id).map { steps[$0] } }

    var environments: [(name: String, value: EnvironmentDefinition)] {
        runbook.environments.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    }
}

/// A step that is looked at and not changed: one reference, where a definition has dozens to be counted for each of the
/// passes.
@dynamicMemberLookup final class SeenStep: Sendable {
    let definition: StepDefinition

    init(_ definition: StepDefinition) { self.definition = definition }

    subscript<Member>(dynamicMember member: KeyPath<StepDefinition, Member>) -> Member { definition[keyPath: member] }
}
