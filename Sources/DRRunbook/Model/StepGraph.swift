/// Who needs whom. Works on any steps, circles and unknown names included.
struct StepGraph {
    private let needs: [StepID: [Need]]
    /// In the order of the file.
    let order: [StepID]

    init(_ steps: [StepDefinition]) {
        order = steps.map(\.id)
        needs = Dictionary(steps.map { ($0.id, $0.needs.map(\.value)) }) { first, _ in first }
    }

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
        var reported: Set<StepID> = []
        var cycles: [[StepID]] = []
        for step in order where !reported.contains(step) {
            guard let cycle = cycle(through: step) else { continue }
            reported.formUnion(cycle)
            cycles.append(cycle)
        }
        return cycles
    }

    /// The shortest way from a step back to itself.
    private func cycle(through start: StepID) -> [StepID]? {
        var ways: [[StepID]] = [[start]]
        var visited: Set<StepID> = []
        while !ways.isEmpty {
            var longer: [[StepID]] = []
            for way in ways {
                for need in needs[way[way.count - 1], default: []] {
                    if need.step == start { return way }
                    if visited.insert(need.step).inserted { longer.append(way + [need.step]) }
                }
            }
            ways = longer
        }
        return nil
    }

    /// Steps so that each comes after its needs, otherwise in the order of the file.
    var inOrderOfNeeds: [StepID] {
        var done: Set<StepID> = []
        var result: [StepID] = []
        var remaining = order
        while !remaining.isEmpty {
            let ready = remaining.filter { needs[$0, default: []].allSatisfy { done.contains($0.step) } }
            guard !ready.isEmpty else { return result + remaining }
            result += ready
            done.formUnion(ready)
            remaining.removeAll(where: done.contains)
        }
        return result
    }
}
