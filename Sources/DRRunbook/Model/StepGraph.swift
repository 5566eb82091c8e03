/// Who needs whom. Works on any steps, circles and unknown names included. Of steps of the same name the first one counts.
struct StepGraph {
    /// In the order of the file.
    let order: [StepID]
    private let places: [StepID: Int]
    private let needs: [[Need]]
    /// The places of a step's needs that there are, in the order in which it names them.
    private let needed: [[Int]]

    init(_ steps: [StepDefinition]) { self.init(order: steps.map(\.id), needs: steps.map { $0.needs.map(\.value) }) }

    init(_ steps: [PlannedStep]) { self.init(order: steps.map(\.id), needs: steps.map(\.needs)) }

    private init(order: [StepID], needs: [[Need]]) {
        let places = Dictionary(order.enumerated().map { ($1, $0) }) { first, _ in first }
        self.order = order
        self.places = places
        self.needs = needs
        needed = needs.map { $0.compactMap { places[$0.step] } }
    }

    func contains(_ step: StepID) -> Bool { places[step] != nil }

    /// Which step of the file it is, counted from 0.
    func index(of step: StepID) -> Int? { places[step] }

    /// The places of the steps that a step names as its needs, each once.
    func directNeeds(of place: Int) -> Set<Int> { Set(needed[place]) }

    private func needs(of step: StepID) -> [Need] { places[step].map { needs[$0] } ?? [] }

    /// Every step that has to be over before this one, in any of its ends; the step itself only in a circle.
    func transitiveNeeds(of step: StepID) -> Set<StepID> {
        var found: Set<Int> = []
        var open = places[step].map { needed[$0] } ?? []
        while let next = open.popLast() {
            if found.insert(next).inserted { open += needed[next] }
        }
        return Set(found.map { order[$0] })
    }

    /// The steps that have certainly succeeded once this one starts.
    func certainlySucceeded(before step: StepID) -> Set<StepID> {
        var found: Set<StepID> = []
        var visited: Set<StepID> = []
        var open = [step]
        while let next = open.popLast() {
            guard visited.insert(next).inserted else { continue }
            for need in needs(of: next) {
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
        var reported: Set<Int> = []
        var cycles: [[StepID]] = []
        // What has a level waits for no circle, and is in none.
        for place in order.indices where levels[place] == nil && !reported.contains(place) {
            guard let cycle = cycle(through: place) else { continue }
            reported.formUnion(cycle)
            cycles.append(cycle.map { order[$0] })
        }
        return cycles
    }

    /// The shortest way from a step back to itself.
    private func cycle(through start: Int) -> [Int]? {
        var cameFrom: [Int: Int] = [:]
        var open = [start]
        var next = 0
        while next < open.count {
            let step = open[next]
            next += 1
            for need in needed[step] {
                if need == start {
                    return Array(sequence(first: step) { $0 == start ? nil : cameFrom[$0] }).reversed()
                }
                if cameFrom[need] == nil {
                    cameFrom[need] = step
                    open.append(need)
                }
            }
        }
        return nil
    }

    /// How many steps one after another have to be over before a step, by its place; nil for what is in a circle or waits
    /// for one.
    private var levels: [Int?] {
        var dependents: [[Int]] = Array(repeating: [], count: order.count)
        var pending = needed.map(\.count)
        for (place, needed) in needed.enumerated() {
            for need in needed { dependents[need].append(place) }
        }
        var levels: [Int?] = Array(repeating: nil, count: order.count)
        var ready = order.indices.filter { pending[$0] == 0 }
        var level = 0
        while !ready.isEmpty {
            var following: [Int] = []
            for place in ready {
                levels[place] = level
                for dependent in dependents[place] {
                    pending[dependent] -= 1
                    if pending[dependent] == 0 { following.append(dependent) }
                }
            }
            ready = following
            level += 1
        }
        return levels
    }

    /// The places of the steps so that each comes after its needs, otherwise in the order of the file; last those that can
    /// have no such place.
    var inOrderOfNeeds: [Int] {
        let levels = levels
        let grouped = Dictionary(grouping: order.indices) { levels[$0] ?? Int.max }
        return grouped.keys.sorted().flatMap { grouped[$0, default: []] }
    }
}
