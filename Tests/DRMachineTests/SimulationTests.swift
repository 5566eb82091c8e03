import DRMachine
import DRRunbook
import Testing

/// Random plans in a world with crashes, and a fixed one cut off after each of its events.
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

    @Test(arguments: 1...150)
    func seededFaultsBreakNoInvariant(seed: Int) throws {
        var dice = Dice(UInt64(seed))
        var world = try World(plan: Self.plan(Self.randomPlan(&dice)), seed: UInt64(seed) &* 7919)
        world.checksCodec = seed <= 10
        world.failureOdds = [0, 3, 8][dice.below(3)]
        try world.startRunner()
        try world.finish(faults: true)
        guard case .closed = world.state.status else {
            Issue.record("not closed: \(world.state.status)")
            return
        }
        #expect(world.spawns.values.allSatisfy { $0 == 1 })
        // Replaying the journal gives the same state.
        var folded = RunState(plan: world.plan)
        for event in world.journal { try RunMachine.apply(&folded, event) }
        #expect(folded == world.state)
    }

    private static func randomPlan(_ dice: inout Dice) -> [String] {
        let isDrill = dice.oneIn(2)
        var lines = ["plan \(isDrill ? "drill" : "real") width=\(1 + dice.below(4))", "repository main"]
        let count = 2 + dice.below(10)
        for index in 0..<count {
            var line = "step s\(index) "
            let kind = dice.below(8)
            line += kind == 0 ? "approve" : kind == 1 ? "manual" : kind == 2 ? "backup effect=checkable" : "run"
            if kind > 2 {
                line += ["", " effect=read", " effect=idempotent", " effect=checkable probe"][dice.below(4)]
                if dice.oneIn(4), index + 1 < count {
                    line += " background onLoss=\(dice.oneIn(2) ? "restart" : "hold")"
                    if dice.oneIn(2) { line += " until=s\(index + 1 + dice.below(count - index - 1))" }
                    if !line.contains("effect") { line += " effect=idempotent" }
                } else if line.contains("effect") {
                    line += " retry=\(1 + dice.below(3))"
                    if dice.oneIn(4) { line += " within=5" }
                }
                line += ["", " onFailure=continue", " onFailure=manual", " onFailure=abort"][dice.below(4)]
            }
            if isDrill, dice.oneIn(4) { line += " place=outside" }
            var needs: [String] = []
            for earlier in 0..<index where dice.oneIn(3) {
                needs.append("s\(earlier)" + ["", "(succeeded+failed)", "(succeeded+skipped)"][dice.below(3)])
            }
            if !needs.isEmpty { line += " needs=" + needs.joined(separator: ",") }
            lines.append(line)
        }
        for index in 0..<dice.below(3) {
            lines.append("cleanup c\(index) run effect=\(dice.oneIn(2) ? "idempotent" : "unsafe")")
        }
        return lines
    }
}
