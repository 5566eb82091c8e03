import DRSimulation
import Testing

/// A few worlds, so that a fault shows where it was made; `drctl-sim` and the campaigns run many.
@Suite struct SimulationTests {
    @Test(arguments: 0..<8)
    func noInvariantIsViolated(part: UInt64) {
        for seed in part * 40 + 1...part * 40 + 40 {
            let verdict = Simulation.run(seed: seed)
            #expect(verdict.violation == nil, "seed \(seed): \(verdict.violation?.description ?? "")")
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func aSeedAlwaysGivesTheSameRun(seed: UInt64) {
        let one = Simulation.run(seed: seed, tellsStory: true)
        let other = Simulation.run(seed: seed, tellsStory: true)
        #expect(one.story.count > 10)
        #expect(one.story == other.story)
    }

    @Test func allCoresGiveWhatOneGives() async {
        let one = await Campaign(seeds: 1...130).run(workers: 1)
        let two = await Campaign(seeds: 1...130).run(workers: 2)
        #expect(one.seeds == 130)
        #expect(one.endings == two.endings)
        #expect(one.statistics.events == two.statistics.events)
    }
}
