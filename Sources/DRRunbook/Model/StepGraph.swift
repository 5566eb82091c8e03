/// Who needs whom. Works on any steps, circles and unknown names included.
struct StepGraph {
    private let needs: [StepID: [Need]]
    /// Of steps of the same name, the first one's.
    private let places: [StepID: Int]
    /// In the order of the file.
    let order: [StepID]

    init(_ steps: [StepDefinition]) { self.init(steps.map { ($0.id, $0.needs.map(\.value)) }) }

    init(_ steps: [PlannedStep]) { self.init(steps.map { ($0.id, $0.needs) }) }

    private init(_ steps: [(id: StepID, needs: [Need])]) {
        order = steps.map(\.id)
        needs = Dictionary(steps.map { ($0.id, $0.needs) }) { first, _ in first }
        places = Dictionary(order.enumerated().map { ($1, $0) }) { first, _ in first }
    }

    func contains(_ step: StepID) -> Bool { places[step] != nil }

    /// Which step of the file it is, counted from 0.
    func index(of step: StepID) -> Int? { places[step] }

    /// The steps that it names as its needs, each once.
    func directNeeds(of step: StepID) -> Set<StepID> { Set(needs[step, default: []].map(\.step)) }

    /// Every step that has to be over before this one, in any of its ends; the step itself only in a circle.
    func transitiveNeeds(of step: StepID) -> Set<StepID> {
        var found: Set<StepID> = []
        var open = needs[step, default: []].map(\.step)
        while let next = open.popLast() {
            guard needs[next] != nil, found.insert(next).inserted else { continue }
            open += needs[next, default: []].map(\.step)
        }
        return found
    }

    /// The steps that have certainly succeeded once this one starts.
    func certainlySucceeded(before step: StepID) -> Set<StepID> {
        var found: Set<StepID> = []
        var visited: Set<StepID> = []
        var open = [step]
        while let next = open.popLast() {
            guard visited.insert(next).inserted else { continue }
            for need in needs[next, default: []] {
                if need.accept == [.succeeded] { found.insert(need.step) }
                // What was skipped did not wait for its needs; what succeeded or failed had started.
                if !need.accept.contains(.skipped) { open.append(need.step) }
            }
        }
        return found
    }

    /// The circles: sets of steps that all need each other, each in the order in which they do, starting with
    /// the one that comes first in the file.
    var cycles: [[StepID]] {
        let levels = levels
        var reported: Set<StepID> = []
        var cycles: [[StepID]] = []
        // What has a level waits for no circle, and is in none.
        for step in order where levels[step] == nil && !reported.contains(step) {
            guard let cycle = cycle(through: step) else { continue }
            reported.formUnion(cycle)
            cycles.append(cycle)
        }
        return cycles
    }

    /// The shortest way from a step back to itself.
    private func cycle(through start: StepID) -> [StepID]? {
        var cameFrom: [StepID: StepID] = [:]
        var open = [start]
        var next = 0
        while next < open.count {
            let step = open[next]
            next += 1
            for need in needs[step, default: []] {
                if need.step == start {
                    return Array(sequence(first: step) { $0 == start ? nil : cameFrom[$0] }).reversed()
                }
                if cameFrom[need.step] == nil {
                    cameFrom[need.step] = step
                    open.append(need.step)
                }
            }
        }
        return nil
    }

    /// How many steps one after another have to be over before a step; none for what is in a circle or waits for one.
    private var levels: [StepID: Int] {
        var dependents: [StepID: [StepID]] = [:]
        var pending: [StepID: Int] = [:]
        for (step, needs) in needs {
            let needs = needs.filter { places[$0.step] != nil }
            pending[step] = needs.count
            for need in needs { dependents[need.step, default: []].append(step) }
        }
        var levels: [StepID: Int] = [:]
        var ready = pending.filter { $0.value == 0 }.map(\.key)
        var level = 0
        while !ready.isEmpty {
            var following: [StepID] = []
            for step in ready {
                levels[step] = level
                for dependent in dependents[step, default: []] {
                    pending[dependent, default: 0] -= 1
                    if pending[dependent] == 0 { following.append(dependent) }
                }
            }
            ready = following
            level += 1
        }
        return levels
    }

    /// Steps so that each comes after its needs, otherwise in the order of the file; last those that can have no such
    /// place.
    var inOrderOfNeeds: [StepID] {
        let levels = levels
        let grouped = Dictionary(grouping: order) { levels[$0] ?? Int.max }
        return grouped.keys.sorted().flatMap { grouped[$0, default: []] }
    }
}
