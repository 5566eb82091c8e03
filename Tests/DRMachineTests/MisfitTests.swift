import DRMachine
import DRRunbook
import Testing

/// A journal that this machine did not write for this plan is refused with the event's number, never trapped on.
@Suite struct MisfitTests {
    private func finished() throws -> World {
        var plan = ScenarioPlan()
        for line in [
            "plan drill", "service orders", "step a run effect=idempotent", "step serve run background needs=a until=b",
            "step b run needs=serve marks=disrupted:orders", "step go approve needs=b",
            "cleanup c run effect=idempotent",
        ] { try plan.take(line.split(separator: " ").map(String.init)) }
        var world = try World(plan: plan.plan)
        try world.startRunner()
        try world.finish()
        return world
    }

    private func replay(_ events: [JournaledEvent], of plan: Plan) throws(MachineError) {
        var state = RunState(plan: plan)
        for event in events { try RunMachine.apply(&state, event) }
    }

    @Test func anyMissingEventIsNoticedWhereItIsMissing() throws {
        let world = try finished()
        for index in world.journal.indices.dropLast() {
            var events = world.journal
            events.remove(at: index)
            let error = #expect(throws: MachineError.self) { try replay(events, of: world.plan) }
            #expect(error?.code == .eventDoesNotFit)
            #expect(error?.event == index + 2)
        }
    }

    /// Even when the numbers are made to fit, most events cannot be left out, doubled or moved.
    @Test func renumberedEventsAreRefusedWhereTheyChangeWhatCanHappen() throws {
        let world = try finished()
        let harmless: Set<Event.Name> = [
            .clockMarked, .isolationChecked, .supervisorReady, .supervisorLost, .supervisorGone,
        ]
        for index in world.journal.indices.dropLast() where !harmless.contains(world.journal[index].event.name) {
            var events = world.journal
            events.insert(events[index], at: index)
            let renumbered = events.enumerated().map { JournaledEvent(number: $0 + 1, at: $1.at, event: $1.event) }
            #expect(
                throws: MachineError.self, "\(world.journal[index].event.name) twice",
                performing: { try replay(renumbered, of: world.plan) })
        }
    }

    @Test func everySampleIsRefusedByAnEmptyRun() {
        let plan = ScenarioPlan().plan
        for sample in EventSamples.events.dropFirst() {
            let event = JournaledEvent(number: 1, at: EventSamples.at, event: sample)
            #expect(throws: MachineError.self, "\(sample.name)", performing: { try replay([event], of: plan) })
        }
    }

    @Test(arguments: [
        ["step a run", "step a run"], ["step a run needs=b"], ["step a run needs=b", "step b run needs=a"],
        ["step a run needs=c", "cleanup c run"], ["step a run background until=z"],
    ])
    func unsoundPlansAreRefused(lines: [String]) throws {
        var plan = ScenarioPlan()
        for line in lines { try plan.take(line.split(separator: " ").map(String.init)) }
        let error = #expect(throws: MachineError.self) { try World(plan: plan.plan) }
        #expect(error?.code == .planUnsound)
    }

    @Test func aRunOfOtherRulesIsNotResumedAndStillFolds() throws {
        var created = EventSamples.created
        created.semantics = 2
        var state = RunState(plan: ScenarioPlan().plan)
        try RunMachine.apply(&state, JournaledEvent(number: 1, at: EventSamples.at, event: .runCreated(created)))
        #expect(!RunMachine.canResume(state))
        let runner = RunnerIdentity(epoch: 1, host: "h", pid: 1, bootID: "b", version: "1")
        let error = #expect(throws: MachineError.self) {
            try RunMachine.decide(state, .runnerStarted(runner), now: EventSamples.at)
        }
        #expect(error?.code == .unknownSemantics)
    }

    @Test func aThousandStepsFinish() throws {
        var plan = ScenarioPlan()
        try plan.take(["plan", "real", "width=8"])
        for index in 0..<1000 {
            try plan.take(["step", "s\(index)", "run"] + (index % 3 == 1 ? ["needs=s\(index - 1)"] : []))
        }
        var world = try World(plan: plan.plan)
        world.checksInvariants = false
        try world.startRunner()
        try world.finish()
        #expect(world.state.steps.values.allSatisfy { $0.phase == .succeeded })
        #expect(world.spawns.count == 1000)
    }
}
