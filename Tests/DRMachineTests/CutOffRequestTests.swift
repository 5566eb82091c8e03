import DRMachine
import DRRunbook
import Testing

/// A request that was made durable, and whose effects were not, when the machine went down.
@Suite struct CutOffRequestTests {
    private let start = Moment(wall: 1_800_000_000_000_000_000, boot: 1_000_000_000_000, bootID: "boot-1")
    private let later = Moment(wall: 1_800_000_100_000_000_000, boot: 5_000_000_000, bootID: "boot-2")

    private func runner(_ epoch: Int, at moment: Moment) -> Input {
        .runnerStarted(RunnerIdentity(epoch: epoch, host: "h", pid: 1, bootID: moment.bootID, version: "0"))
    }

    /// Whoever let the run go on knew of no restart, and of nothing that it put in question.
    @Test(arguments: [false, true])
    func goingOnIsNotCarriedOutAfterARestart(isRestarted: Bool) throws {
        let plan = try ScenarioPlan(["plan real", "step a run effect=idempotent", "step b run needs=a"])
        var state = RunState(plan: plan.plan)
        let end = AttemptEnd(at: start, result: .exited(0), outputs: [:], survivors: [])
        let inputs: [Input] = [
            .createRun(plan.created), runner(1, at: start),
            .supervisorConnected(
                SupervisorIdentity(place: .outside, pid: 2, startTicks: 1, bootID: start.bootID, generation: 1),
                attempts: []),
            .attemptReported(
                AttemptReport(attempt: AttemptID(step: "a", number: 1), phase: .ended(nil, end))),
            .pause(reason: "a look"),
        ]
        for input in inputs { _ = try RunMachine.advance(&state, input, now: start) }
        let request = Request(id: "q", run: "r1", uid: 1000, ask: .proceed(reason: "seen", confirmed: nil))
        let events = try RunMachine.decide(
            state, .request(AcceptedRequest(request: request, ownerUID: 1000, bytes: "{}")), now: start)
        guard case .requestApplied? = events.first else { throw ScenarioError("\(events)") }
        try RunMachine.apply(
            &state, JournaledEvent(number: state.lastEvent + 1, at: start, event: events[0]))
        let now = isRestarted ? later : start
        let names = try RunMachine.decide(state, runner(2, at: now), now: now).map(\.name)
        #expect(names.contains(.runProceeded) == !isRestarted)
        #expect(state.unconfirmedSteps.isEmpty)
    }
}
