import DRMachine
import DRRunbook
import Testing

/// A drill cut off after each of its events. Worlds full of faults are those of `DRSimulation`.
@Suite struct SimulationTests {
    private static let drill = [
        "plan drill width=3", "service orders rto=600", "repository main",
        "step prepare run effect=idempotent",
        "step serve run needs=prepare background effect=idempotent until=break onLoss=restart",
        "step log run needs=serve background effect=idempotent onLoss=restart",
        "step save backup needs=serve effect=checkable place=outside", "step once run needs=serve effect=unsafe",
        "step tolerated run needs=prepare effect=read retry=2 onFailure=continue",
        "step break run needs=save,once,log effect=checkable probe marks=disrupted:orders",
        "step restore run needs=break effect=idempotent retry=2",
        "step prove wait needs=restore effect=read marks=proven:orders",
        "step go approve needs=prove", "step hand manual needs=go", "step back resync needs=hand effect=idempotent",
        "cleanup sweep run effect=idempotent", "cleanup shut run effect=idempotent place=outside",
    ]

    private static func plan(_ lines: [String]) throws -> Plan {
        var plan = ScenarioPlan()
        for line in lines { try plan.take(line.split(separator: " ").map(String.init)) }
        return plan.plan
    }

    @Test func theDrillFinishesWithoutFaults() throws {
        var world = try World(plan: Self.plan(Self.drill))
        world.checksCodec = true
        try world.startRunner()
        try world.finish()
        #expect(world.state.status == .closed(.succeeded, reason: "every step is over"))
        #expect(world.spawns.values.allSatisfy { $0 == 1 })
    }

    enum Crash: CaseIterable { case runner, inside, outside, everything }

    /// Whatever prefix of the journal is left, the run is finished with the same outcome.
    @Test(arguments: Crash.allCases)
    func everyPrefixIsTakenUpAgain(crash: Crash) throws {
        try Self.cutEverywhere(Self.plan(Self.drill), crash: crash)
    }

    static func cutEverywhere(_ plan: Plan, crash: Crash) throws {
        var whole = try World(plan: plan)
        whole.recordsHistory = true
        try whole.startRunner()
        try whole.finish()
        let cuts = whole.history.flatMap { batch in
            batch.world.flatMap { world in
                let end =
                    whole.history.first { $0.eventsBefore > batch.eventsBefore }?.eventsBefore ?? whole.journal.count
                return (batch.eventsBefore..<end).map { (world, $0 + 1) }
            }
        }
        #expect(cuts.count >= whole.journal.count - 1)
        for (before, length) in cuts where length > 1 {
            var world = before
            world.journal = Array(whole.journal[..<length])
            if crash == .inside || crash == .everything { try world.killSupervisor(.inside) }
            if crash == .outside || crash == .everything { try world.killSupervisor(.outside) }
            try world.startRunner()
            do {
                try world.finish()
            } catch {
                Issue.record("cut after event \(length) (\(whole.journal[length - 1].event.name)): \(error)")
                continue
            }
            guard case .closed(let outcome, _) = world.state.status else {
                Issue.record("cut after event \(length): \(world.state.status)")
                continue
            }
            #expect(outcome == .succeeded, "cut after event \(length): \(world.state.status)")
            #expect(world.spawns.values.allSatisfy { $0 == 1 }, "cut after event \(length): \(world.spawns)")
            #expect(world.spawns.keys.count { $0.step == "once" && $0.part == .action } <= 1)
        }
    }
}
