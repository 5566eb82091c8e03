import Testing

@testable import DRRunbook

/// The graph's answers against the plainest way to find them.
@Suite struct StepGraphTests {
    /// Needs by step, in the order of the file.
    private typealias Needs = [(step: Int, needs: [Int])]

    private func graph(_ needs: Needs) throws -> StepGraph {
        let steps = needs.map { step, needs in
            let names = needs.map { "s\($0)" }.joined(separator: ", ")
            return "    - { id: s\(step), run: [\"true\"]\(needs.isEmpty ? "" : ", needs: [\(names)]") }"
        }
        let source = Fixture.runbook(steps: steps.joined(separator: "\n"))
        return StepGraph(try #require(RunbookDecoder.decode(source).value).steps)
    }

    private func drawn(seed: UInt64, count: Int, backwardsOnly: Bool) -> Needs {
        var state = seed
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        return (0..<count).map { step in
            let bound = backwardsOnly ? step : count
            let needs = bound == 0 ? [] : (0..<next(3)).map { _ in next(bound) }
            return (step, Array(Set(needs)).sorted())
        }
    }

    /// In rounds: whatever has all its needs behind it, in the order of the file.
    private func inRounds(_ needs: Needs) -> [Int] {
        var done: Set<Int> = []
        var result: [Int] = []
        while true {
            let ready = needs.filter { !done.contains($0.step) && done.isSuperset(of: $0.needs) }.map(\.step)
            if ready.isEmpty { return result + needs.map(\.step).filter { !done.contains($0) } }
            result += ready
            done.formUnion(ready)
        }
    }

    private func reaches(_ start: Int, _ needs: Needs) -> Bool {
        var seen: Set<Int> = []
        var open = needs[start].needs
        while let step = open.popLast() {
            if step == start { return true }
            if seen.insert(step).inserted { open += needs[step].needs }
        }
        return false
    }

    @Test(arguments: 0..<60)
    func stepsComeAfterTheirNeedsInTheOrderOfTheFile(seed: Int) throws {
        let needs = drawn(seed: UInt64(seed), count: 12, backwardsOnly: seed.isMultiple(of: 2))
        #expect(try graph(needs).inOrderOfNeeds == inRounds(needs))
    }

    @Test(arguments: 0..<60)
    func circlesAreWhatLeadsBackToItself(seed: Int) throws {
        let needs = drawn(seed: UInt64(seed), count: 12, backwardsOnly: seed.isMultiple(of: 6))
        let cycles = try graph(needs).cycles.map { $0.map { Int($0.rawValue.dropFirst()) ?? -1 } }
        for cycle in cycles {
            for (step, need) in zip(cycle, cycle.dropFirst() + cycle.prefix(1)) {
                #expect(needs[step].needs.contains(need))
            }
        }
        let inCircles = needs.map(\.step).filter { reaches($0, needs) }
        #expect(cycles.isEmpty == inCircles.isEmpty)
        #expect(cycles.first?.first == inCircles.first)
        #expect(Set(cycles.joined()).isSubset(of: inCircles))
    }

    /// What needs a step that is not there is in no circle for that, and hides none.
    @Test func unknownNeedsHideNothing() throws {
        let graph = try graph([(0, [9]), (1, [0, 2]), (2, [1]), (3, [9])])
        #expect(graph.cycles == [[StepID("s1"), StepID("s2")]])
        #expect(!graph.contains(StepID("s9")))
        #expect(graph.index(of: StepID("s3")) == 3)
    }
}
