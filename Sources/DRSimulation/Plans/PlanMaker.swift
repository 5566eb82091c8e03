import DRCrypto
import DRRunbook

/// Random plans: every kind of step, option and graph that a runbook can ask for.
enum PlanMaker {
    static func plan(_ dice: inout Dice) -> Plan {
        let isDrill = dice.oneIn(2)
        var plan = Plan(
            runbook: RunbookIdentity(
                name: "simulated", title: "A simulated run", owner: "nobody", digest: Digest.of("runbook")),
            purpose: isDrill ? .rehearsal : .failover, mode: isDrill ? .drill : .real, environment: "simulated")
        plan.width = 1 + dice.below(4)
        plan.concurrency = ["one": 1, "two": 2, "uses d": 1]
        plan.repositories["main"] = PlannedRepository(address: Template("/w/repository"))
        plan.people = [
            PlannedPerson(name: "ada", user: "ada", uid: 1000, roles: ["commander"]),
            PlannedPerson(name: "bob", user: "bob", uid: 1001, roles: ["commander", "operator"]),
            PlannedPerson(name: "cleo", user: "cleo", uid: 1002, roles: ["commander"]),
            PlannedPerson(name: "dan", user: "dan", uid: 1003, roles: ["operator", "commander"]),
        ]
        if isDrill {
            plan.isolation = PlannedIsolation(
                mustNotReach: [], whenNotDemonstrated: dice.oneIn(2) ? .continue : .refuse)
        }
        let count = 2 + dice.below(9)
        for index in 0..<count { plan.steps.append(step(index, of: count, isDrill: isDrill, plan, &dice)) }
        plan.steps = plan.steps.flatMap { step in [step] + (escalation(of: step, &dice).map { [$0] } ?? []) }
        for step in plan.steps
        where step.escalation == nil && step.effect != .read && !step.action.isEffectFree && dice.oneIn(3) {
            plan.rollbacks.append(rollback(of: step, isDrill: isDrill, &dice))
        }
        plan.rollback = dice.of([.ask, .auto, .auto, .never])
        if isDrill {
            for index in 0..<dice.below(4) { plan.cleanup.append(cleanup(index, &dice)) }
            if dice.oneIn(8) { doWithoutIsolation(&plan) }
        }
        return plan
    }

    private static func doWithoutIsolation(_ plan: inout Plan) {
        plan.isolation?.doneWithout = "simulated"
        for index in plan.steps.indices { plan.steps[index].place = .outside }
        for index in plan.rollbacks.indices { plan.rollbacks[index].place = .outside }
        for index in plan.cleanup.indices { plan.cleanup[index].place = .outside }
    }

    private static func step(
        _ index: Int, of count: Int, isDrill: Bool, _ plan: Plan, _ dice: inout Dice
    ) -> PlannedStep {
        let id = StepID("s\(index)")
        var step = PlannedStep(id: id, title: id.rawValue, action: .run(.argv([Template("true")])), digest: none)
        step.effect = dice.of([.unsafe, .unsafe, .idempotent, .checkable, .read])
        step.place = isDrill && !dice.oneIn(4) ? .inside : .outside
        choose(&step, index, of: count, plan, &dice)
        if step.effect == .checkable, case .run = step.action { step.probe = .run(.argv([Template("probe")])) }
        let isCard = step.action.kind == .manual || step.action.kind == .approve
        if !isCard, step.gate == nil, dice.oneIn(4), !step.action.isEffectFree {
            step.concurrency = dice.of(["one", "two"])
        }
        if !isCard, step.background == nil, !step.action.isEffectFree {
            if step.effect != .unsafe, dice.oneIn(2) { step.retry = retry(&dice) }
            if dice.oneIn(4) { step.within = .seconds(Int64(dice.of([3, 15, 60]))) }
            step.timeout = dice.oneIn(3) ? .seconds(Int64(dice.of([1, 5, 20]))) : .minutes(10)
        }
        step.onFailure =
            switch dice.below(6) {
            case 0: .continue
            case 1: .abort
            case 2:
                isCard || step.action.isEffectFree
                    ? .hold(unattended: .minutes(5))
                    : .manual(ManualCard(instructions: Template("By hand"), owner: "ops", within: patience(&dice)))
            default: .hold(unattended: .minutes(Int64(dice.of([1, 10]))))
            }
        if isDrill, dice.oneIn(15) { step.skipInDrill = "drills leave it out" }
        if dice.oneIn(20) { step.condition = try? Expression(source: dice.oneIn(2) ? "true" : "false") }
        for earlier in 0..<index
        where dice.oneIn(3) && !step.needs.contains(where: { $0.step == plan.steps[earlier].id }) {
            var need = Need(step: StepID("s\(earlier)"))
            if plan.steps[earlier].onFailure == .continue { need.accept.append(.failed) }
            if dice.oneIn(4) { need.accept.append(.skipped) }
            step.needs.append(need)
        }
        return step
    }

    /// What the step is.
    private static func choose(
        _ step: inout PlannedStep, _ index: Int, of count: Int, _ plan: Plan, _ dice: inout Dice
    ) {
        switch dice.below(15) {
        case 0:
            step.action = .approve(
                ApprovalCard(
                    message: Template("Go on?"), roles: dice.oneIn(2) ? [] : ["commander"],
                    quorum: dice.of([1, 1, 2, 3]), notInitiator: dice.oneIn(2), within: patience(&dice)))
            step.effect = .read
        case 1:
            step.action = .manual(
                ManualCard(
                    instructions: Template("Look"), owner: "ops", within: patience(&dice),
                    inputs: dice.oneIn(2) ? ["seen": .integer] : [:], evidenceRequired: dice.oneIn(2)))
            step.effect = .unsafe
        case 2:
            step.action = .backup(
                BackupAction(repository: "main", dataset: Template("data"), paths: [Template("/w/data")]))
            step.effect = .checkable
            step.place = .outside
        case 3:
            step.action = .wait(WaitAction(check: .tcp(Template("127.0.0.1:80")), holds: .zero))
            step.effect = .read
            if dice.oneIn(2) {
                step.gate = PlannedGate(
                    dependency: "d", freshFor: .seconds(Int64(dice.of([0, 10, 600]))),
                    retryAfter: .seconds(Int64(dice.of([0, 30, 600]))))
                step.concurrency = "uses d"
            }
        case 4:
            step.action = .resync(ResyncAction(from: Template("/w/a"), to: Template("/w/b"), service: "orders"))
            step.effect = .idempotent
        case 7:
            step.action = .delay(.seconds(Int64(dice.of([0, 2, 30]))))
            step.effect = .read
        case 8:
            let channel = PlannedChannel(name: "ops", run: ["tell"])
            step.action = .notify(NotifyAction(text: Template("so far"), channel: dice.oneIn(2) ? channel : nil))
            step.effect = .idempotent
        case 9:
            let services = plan.steps.filter { $0.background != nil }
            guard !services.isEmpty else { break }
            let service = dice.of(services).id
            step.action = .stop(service)
            step.effect = .idempotent
            step.needs = [Need(step: service)]
        case 5, 6:
            step.background = BackgroundPolicy(
                ready: .tcp(Template("127.0.0.1:80")),
                until: dice.oneIn(2) && index + 1 < count
                    ? StepID("s\(index + 1 + dice.below(count - index - 1))") : nil,
                onLoss: dice.oneIn(2) ? .restart : .hold)
            step.effect = .idempotent
        default: break
        }
    }

    /// Somebody may be told that the step's card waits.
    private static func escalation(of step: PlannedStep, _ dice: inout Dice) -> PlannedStep? {
        let isManual = if case .manual = step.onFailure { true } else { false }
        guard isManual || step.action.kind == .manual || step.action.kind == .approve, dice.oneIn(2) else { return nil }
        let channel = PlannedChannel(name: "ops", run: ["tell"])
        var telling = PlannedStep(
            id: StepID("\(step.id).escalation"), title: "escalation",
            action: .notify(NotifyAction(text: Template("it waits"), channel: dice.oneIn(3) ? nil : channel)),
            effect: .idempotent, timeout: .seconds(5), onFailure: .continue, digest: none)
        if dice.oneIn(2) { telling.retry = retry(&dice) }
        telling.escalation = PlannedEscalation(of: step.id, after: .seconds(Int64(dice.of([0, 5, 60]))))
        return telling
    }

    private static func rollback(of undone: PlannedStep, isDrill: Bool, _ dice: inout Dice) -> PlannedStep {
        var step = cleanup(0, &dice)
        step.id = StepID("\(undone.id).rollback")
        step.undoes = undone.id
        if !isDrill { step.place = .outside }
        step.onFailure = .hold(unattended: .minutes(Int64(dice.of([1, 10]))))
        if dice.oneIn(5) {
            step.action = .manual(
                ManualCard(instructions: Template("Put it back"), owner: "ops", within: patience(&dice)))
            step.effect = .unsafe
            step.probe = nil
        }
        return step
    }

    private static func cleanup(_ index: Int, _ dice: inout Dice) -> PlannedStep {
        var step = PlannedStep(
            id: StepID("c\(index)"), title: "cleanup", action: .run(.argv([Template("rm")])), digest: none)
        step.effect = dice.of([.idempotent, .idempotent, .unsafe, .checkable])
        if step.effect == .checkable { step.probe = .run(.argv([Template("probe")])) }
        step.place = dice.oneIn(3) ? .outside : .inside
        step.timeout = .seconds(Int64(dice.of([5, 60])))
        if step.effect != .unsafe, dice.oneIn(2) { step.retry = retry(&dice) }
        return step
    }

    private static func retry(_ dice: inout Dice) -> RetryPolicy {
        RetryPolicy(
            attempts: 1 + dice.below(4), initial: .seconds(Int64(dice.of([1, 5]))), factorThousandths: 2000,
            maximum: .seconds(20), jitter: dice.oneIn(2) ? .full : .none,
            exitCodes: dice.oneIn(4) ? [1] : nil)
    }

    private static func patience(_ dice: inout Dice) -> TimeSpan? {
        dice.oneIn(2) ? nil : .seconds(Int64(dice.of([5, 60, 600])))
    }

    private static let none = Digest.of("step")
}
