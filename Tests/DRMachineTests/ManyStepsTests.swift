import DRMachine
import DRRunbook
import Testing

/// What one decision begins fits into a batch of the journal, however much could begin at once.
@Suite struct ManyStepsTests {
    private let now = Moment(wall: 1_800_000_000_000_000_000, boot: 1_000_000_000_000, bootID: "boot-1")

    private func run(_ lines: [String]) throws -> (decisions: [[JournaledEvent]], state: RunState) {
        let plan = try ScenarioPlan(lines)
        var state = RunState(plan: plan.plan)
        let outside = SupervisorIdentity(place: .outside, pid: 9, startTicks: 1, bootID: "boot-1", generation: 1)
        var inputs: [Input] = [
            .createRun(plan.created),
            .runnerStarted(RunnerIdentity(epoch: 1, host: "h", pid: 7, bootID: "boot-1", version: "test")),
            .supervisorConnected(outside, attempts: []),
        ]
        var decisions: [[JournaledEvent]] = []
        while !inputs.isEmpty {
            decisions.append(try RunMachine.advance(&state, inputs.removeFirst(), now: now))
            let isDue = RunMachine.outstanding(state).contains {
                if case .wake(let due) = $0 { now.isPast(due) } else { false }
            }
            if inputs.isEmpty, isDue { inputs.append(.tick) }
        }
        return (decisions, state)
    }

    @Test(arguments: ["notify text=hello", "manual", "run when=false"]) func manyAtOnce(step: String) throws {
        let run = try run(["plan real"] + (0..<2_000).map { "step s\($0) \(step)" })
        for decision in run.decisions {
            let bytes = try decision.reduce(0) { try $0 + EventCodec.encode($1).count }
            #expect(bytes < 1 << 20)
        }
        #expect(run.decisions.count > 5)
        let begun = run.state.steps.values.filter { $0.phase != .pending }.count
        #expect(begun == 2_000)
    }

    @Test func longTexts() throws {
        let text = String(repeating: "x", count: 60_000)
        let run = try run(["plan real"] + (0..<40).map { "step s\($0) notify text=\(text)" })
        for decision in run.decisions {
            let bytes = try decision.reduce(0) { try $0 + EventCodec.encode($1).count }
            #expect(bytes < 1 << 20)
        }
        #expect(run.state.steps.values.allSatisfy { $0.phase == .succeeded })
    }
}
