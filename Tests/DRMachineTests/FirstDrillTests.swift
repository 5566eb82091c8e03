import DRCrypto
import DRMachine
import DRRunbook
import DRTestSupport
import Foundation
import Testing

/// `Runbooks/first-drill.yaml`, planned as it is, in a world where everything dies at every moment.
@Suite struct FirstDrillTests {
    private static func plan() throws -> Plan {
        let folder = GoldenFile("../../Runbooks").path
        func source(_ name: String) throws -> SourceText {
            SourceText(file: name, bytes: Array(try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))))
        }
        let sources = RunbookSources(
            runbook: try source("first-drill.yaml"), site: try source("site.yaml"),
            catalogue: try source("services.yaml"))
        let world = PlanningWorld(
            file: { $0.hasPrefix("scripts/") ? RunbookFile(bytes: Array($0.utf8), isExecutable: true) : nil },
            uid: { _ in nil })
        let request = PlanningRequest(mode: .drill, inputs: ["source": "/srv/site"], folder: "/runbooks")
        return try #require(sources.plan(request, world: world).value)
    }

    @Test func itFinishesAndMarksItsClocks() throws {
        var world = try World(plan: Self.plan())
        try world.startRunner()
        try world.finish()
        #expect(world.state.status == .closed(.succeeded, reason: "every step is over"))
        #expect(world.spawns.values.allSatisfy { $0 == 1 })
        let clocks = Set(world.state.clocks.map(\.clock))
        #expect(clocks == [.started, .disrupted, .detected, .executed, .proven])
        #expect(world.state.losses.map(\.side) == [.source, .recovered])
        #expect(world.state.resyncs.count == 1)
        #expect(world.state.owedCleanup.isEmpty)
    }

    @Test(arguments: SimulationTests.Crash.allCases)
    func itIsTakenUpAgainAfterEveryEvent(crash: SimulationTests.Crash) throws {
        try SimulationTests.cutEverywhere(Self.plan(), crash: crash)
    }

    @Test(arguments: 1...40)
    func faultsDoNotKeepItFromSucceeding(seed: Int) throws {
        var world = try World(plan: Self.plan(), seed: UInt64(seed))
        world.mayCancel = false
        try world.startRunner()
        try world.finish(faults: true)
        guard case .closed(.succeeded, _) = world.state.status else {
            Issue.record("\(world.state.status)")
            return
        }
    }
}
