import DRRunbook

/// What the plan says about order, looked up once: a thousand steps must not be searched for every input.
final class Topology: Sendable, Equatable {
    let plan: Plan
    /// Steps, then cleanup; a step's index here is its declared order.
    let steps: [PlannedStep]
    let mainCount: Int
    /// Where cleanup begins; between the main steps and it stands what undoes them.
    let cleanupStart: Int
    let positions: [StepID: Int]
    /// For each step, those that need it, once for each need.
    let dependents: [[Int]]
    let needCounts: [Int]
    /// For each step, the background steps that live until it.
    let untilServices: [[Int]]
    /// For each step, the steps that stop its service.
    let stoppers: [[Int]]
    /// For each step, its group; 0 for those without one.
    let groups: [Int]
    let groupLimits: [Int]
    /// Whether a group is that of a dependency's gates: one of them is open at a time, also while a person sees to it.
    let isGateGroup: [Bool]
    /// For a step whose card somebody may be told of, the step that tells.
    let escalations: [Int: Int]
    let files: Set<String>

    init(_ plan: Plan) {
        self.plan = plan
        steps = plan.allSteps
        mainCount = plan.steps.count
        cleanupStart = mainCount + plan.rollbacks.count
        var positions: [StepID: Int] = [:]
        positions.reserveCapacity(steps.count)
        // By index: a loop over the steps would copy each of them.
        for index in steps.indices where positions[steps[index].id] == nil { positions[steps[index].id] = index }
        var dependents = [[Int]](repeating: [], count: steps.count)
        var untilServices = dependents
        var stoppers = dependents
        let names = plan.concurrency.keys.sorted()
        let numbers = Dictionary(names.enumerated().map { ($1, $0 + 1) }) { first, _ in first }
        groups = steps.map { step in step.concurrency.flatMap { numbers[$0] } ?? 0 }
        groupLimits = [.max] + names.map { max(1, plan.concurrency[$0] ?? 1) }
        var isGateGroup = groupLimits.map { _ in false }
        for index in steps.indices where steps[index].gate != nil { isGateGroup[groups[index]] = true }
        self.isGateGroup = isGateGroup
        var escalations: [Int: Int] = [:]
        var needCounts = [Int](repeating: 0, count: steps.count)
        for (index, step) in plan.steps.enumerated() {
            needCounts[index] = step.needs.count
            for need in step.needs {
                if let needed = positions[need.step] { dependents[needed].append(index) }
            }
            if let card = step.escalation.flatMap({ positions[$0.of] }) { escalations[card] = index }
            if let until = step.background?.until, let end = positions[until] { untilServices[end].append(index) }
            if case .stop(let service) = step.action, let stopped = positions[service] {
                stoppers[stopped].append(index)
                untilServices[index].append(stopped)
            }
        }
        self.positions = positions
        self.dependents = dependents
        self.needCounts = needCounts
        self.untilServices = untilServices
        self.escalations = escalations
        self.stoppers = stoppers
        files = Set(plan.files.map(\.path))
    }

    static func == (one: Topology, other: Topology) -> Bool { one === other || one.plan == other.plan }

    func isMain(_ index: Int) -> Bool { index < mainCount }
    func isRollback(_ index: Int) -> Bool { index >= mainCount && index < cleanupStart }
    func isCleanup(_ index: Int) -> Bool { index >= cleanupStart }
    var cleanup: Range<Int> { cleanupStart..<steps.count }

    /// Why no run can follow this plan: doubled steps, needs that lead nowhere, cycles.
    func faults() -> [String] {
        var faults: [String] = []
        for (index, step) in steps.enumerated() {
            if positions[step.id] != index { faults.append("step \(step.id) is there twice") }
            for need in step.needs where (positions[need.step] ?? mainCount) >= mainCount && isMain(index) {
                faults.append("step \(step.id) needs \(need.step), which is not a step of the plan")
            }
            if isRollback(index), step.undoes.flatMap({ positions[$0] }).map(isMain) != true {
                faults.append("rollback \(step.id) undoes no step of the plan")
            }
            if let escalation = step.escalation, (positions[escalation.of] ?? mainCount) >= mainCount || !isMain(index)
            {
                faults.append("step \(step.id) tells of \(escalation.of), which is not a step of the plan")
            }
            if let until = step.background?.until, (positions[until] ?? mainCount) >= mainCount {
                faults.append("step \(step.id) lives until \(until), which is not a step of the plan")
            }
        }
        if faults.isEmpty { faults += cycles() }
        return faults
    }

    /// Takes away what needs nothing until nothing more can be taken away; what is left goes round in circles.
    private func cycles() -> [String] {
        var open = needCounts
        var free = (0..<mainCount).filter { open[$0] == 0 }
        var taken = 0
        while let index = free.popLast() {
            taken += 1
            for dependent in dependents[index] {
                open[dependent] -= 1
                if open[dependent] == 0 { free.append(dependent) }
            }
        }
        if taken == mainCount { return [] }
        let names = (0..<mainCount).filter { open[$0] > 0 }.map { steps[$0].id.rawValue }
        return ["steps need each other in a circle: \(names.joined(separator: ", "))"]
    }
}
