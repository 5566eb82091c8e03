// A drill of a part of its runbook, a drill at a table, and one that waits before it takes everything down.
extension Planner {
    /// - Returns: the steps that the drill has, in the plan's order.
    mutating func shaped(_ steps: [PlannedStep]) -> [PlannedStep] {
        guard let shape = request.shape else { return steps }
        var shaped = steps
        if let only = shape.only { shaped = part(of: shaped, about: only) }
        if shape.isTabletop == true { shaped = DrillShape.tabletop(shaped, owner: runbook.owner) }
        if let hold = shape.hold { shaped.append(DrillShape.holding(hold, after: shaped)) }
        return shaped
    }

    /// The steps that mark, measure or resynchronise one of these services, and all that they need.
    private mutating func part(of steps: [PlannedStep], about services: [String]) -> [PlannedStep] {
        let known = Set(steps.flatMap(\.services))
        for service in services where !known.contains(service) {
            report(
                .unknownName, at: runbook.place, "no step marks or measures anything of `\(service)`",
                fix: Suggestion.fix(for: service, among: known))
        }
        let graph = StepGraph(steps)
        var kept: Set<StepID> = []
        for step in steps where !step.services.isDisjoint(with: services) {
            kept.insert(step.id)
            kept.formUnion(graph.transitiveNeeds(of: step.id))
        }
        return steps.filter { kept.contains($0.escalation?.of ?? $0.id) }.map { step in
            var step = step
            if let until = step.background?.until, !kept.contains(until) { step.background?.until = nil }
            return step
        }
    }
}

extension PlannedStep {
    /// The services that it says something about.
    fileprivate var services: Set<String> {
        var services = Set(marks.map(\.service))
        if let measures { services.insert(measures.service) }
        if case .resync(let resync) = action { services.insert(resync.service) }
        return services
    }
}

extension DrillShape {
    /// Keeps everything up until somebody has seen enough (`drctl resolve RUN drill.hold --as done`), or the time is over.
    fileprivate static func holding(_ time: TimeSpan, after steps: [PlannedStep]) -> PlannedStep {
        PlannedStep(
            id: holdStep, title: "what was built up is kept for a look", action: .delay(time),
            needs: steps.map { Need(step: $0.id, accept: Need.Outcome.allCases) }, digest: StepDigest.none)
    }

    /// Cards in place of everything that would be done. What a step would read of another's outputs, and what it would
    /// measure, is not there.
    fileprivate static func tabletop(_ steps: [PlannedStep], owner: String) -> [PlannedStep] {
        let gates = Set(steps.filter { $0.gate != nil }.map(\.id))
        return steps.filter { !gates.contains($0.id) && $0.escalation == nil }.map { step in
            PlannedStep(
                id: step.id, title: step.title, action: card(of: step, owner: owner),
                needs: step.needs.filter { !gates.contains($0.step) }, effect: .read, skipInDrill: step.skipInDrill,
                digest: StepDigest.none)
        }
    }

    private static func card(of step: PlannedStep, owner: String) -> StepAction {
        let only = step.condition.map { "\nOnly where: \($0.source)" } ?? ""
        switch step.action {
        case .runbook, .notify:
            return step.action.isEffectFree ? step.action.literal : .notify(NotifyAction(text: Template(step.title)))
        case .approve(var card):
            card.message = Template(card.message.display + only)
            return .approve(card)
        case .manual(var card):
            card.instructions = Template(card.instructions.display + only)
            card.inputs = [:]
            card.evidenceRequired = false
            return .manual(card)
        default:
            return .manual(
                ManualCard(
                    instructions: Template("\(step.title)\n\(step.action.wouldDo)\(only)"), owner: owner))
        }
    }
}

extension StepAction {
    /// A message with its expressions as they are written: nothing gives them a value.
    fileprivate var literal: StepAction {
        switch self {
        case .notify(let notify): .notify(NotifyAction(text: Template(notify.text.display)))
        case .runbook(var part): .runbook(part.literal())
        default: self
        }
    }

    /// For a card: what would be done.
    fileprivate var wouldDo: String {
        switch self {
        case .run(.argv(let words)): "Would run: \(words.map(\.display).joined(separator: " "))"
        case .run(.script(let text)): "Would run a script:\n\(text)"
        case .http(let request): "Would ask: \(request.method) \(request.url.display)"
        case .wait(let wait): "Would wait until \(wait.check.display) holds"
        case .delay(let span): "Would wait \(span.words)"
        case .stop(let service): "Would stop the service of \(service)"
        case .backup(let backup):
            "Would back up \(backup.paths.map(\.display).joined(separator: ", ")) as \(backup.dataset.display)"
        case .verify(let verify): "Would verify \(verify.snapshot.display) of \(verify.dataset.display)"
        case .restore(let restore):
            "Would restore \(restore.snapshot.display) of \(restore.dataset.display) to \(restore.to.display)"
        case .resync(let resync): "Would bring \(resync.to.display) into the state of \(resync.from.display)"
        case .manual, .approve, .notify, .runbook: ""
        }
    }
}

extension SubRunbook {
    fileprivate mutating func literal() -> SubRunbook {
        inputs = inputs.mapValues { Template($0.display) }
        return self
    }
}

extension Check {
    fileprivate var display: String {
        switch self {
        case .run(.argv(let words)): words.map(\.display).joined(separator: " ")
        case .run(.script): "a script"
        case .http(let request): "\(request.method) \(request.url.display)"
        case .tcp(let address): address.display
        }
    }
}
