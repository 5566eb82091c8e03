import DRMachine
import DRRunbook
import Testing

@Suite struct AgendaTests {
    private let now = Moment(wall: 1_800_000_000_000_000_000, boot: 1_000_000_000_000, bootID: "boot-1")
    private let outside = SupervisorIdentity(
        place: .outside, pid: 9, startTicks: 1, bootID: "boot-1", generation: 1)

    private func connects(_ next: Agenda.Next) -> [Place] {
        next.begin.compactMap { if case .connect(let place) = $0 { place } else { nil } }
    }

    private func run(_ lines: [String]) throws -> RunState {
        let plan = try ScenarioPlan(lines)
        var state = RunState(plan: plan.plan)
        for input in [
            Input.createRun(plan.created),
            .runnerStarted(RunnerIdentity(epoch: 1, host: "h", pid: 7, bootID: "boot-1", version: "test")),
        ] { _ = try RunMachine.advance(&state, input, now: now) }
        return state
    }

    /// Two lines at once would each be told of the other one's end, and be made anew for ever.
    @Test func aLineInTheMakingIsNotBegunTwice() throws {
        var agenda = Agenda()
        var state = try run(["plan drill", "step a run"])
        #expect(connects(agenda.next(state)) == [.inside, .outside])
        #expect(connects(agenda.next(state)) == [])
        // Nobody is needed inside for a moment, and then somebody is: the line is still in the making.
        let without = try run(["plan drill without=nothing", "step a run place=outside"])
        #expect(connects(agenda.next(without)) == [])
        agenda.take(.supervisorLost(.inside, generation: 1))
        #expect(connects(agenda.next(state)) == [])
        // It has come to nothing: another one is made.
        agenda.take(.placeUnavailable(.inside, reason: "no"))
        #expect(connects(agenda.next(state)) == [.inside])
        // It is there, and later it is lost.
        agenda.take(.supervisorConnected(outside, attempts: []))
        _ = try RunMachine.advance(&state, .supervisorConnected(outside, attempts: []), now: now)
        #expect(connects(agenda.next(state)) == [])
        agenda.take(.supervisorLost(.outside, generation: 1))
        _ = try RunMachine.advance(&state, .supervisorLost(.outside, generation: 1), now: now)
        #expect(connects(agenda.next(state)) == [.outside])
    }
}
