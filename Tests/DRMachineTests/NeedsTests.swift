import DRMachine
import DRRunbook
import Testing

/// The truth table of `needs`: every outcome of the needed step against everything that can be accepted.
@Suite struct NeedsTests {
    static let accepts: [[Need.Outcome]] = (0..<8).map { bits in
        Need.Outcome.allCases.enumerated().filter { bits & (1 << $0.offset) != 0 }.map(\.element)
    }

    /// A run in which `a` ends so and `b` needs it.
    private func outcome(of needs: [(Need.Outcome, [Need.Outcome])]) throws -> StepPhase? {
        var plan = ScenarioPlan()
        try plan.take(["plan", "real"])
        for (index, need) in needs.enumerated() {
            let condition = need.0 == .skipped ? "when=false" : "onFailure=continue"
            try plan.take(["step", "a\(index)", "run", condition])
        }
        try plan.take(["step", "b", "run"])
        var made = plan.plan
        made.steps[needs.count].needs = needs.enumerated().map {
            Need(step: StepID("a\($0.offset)"), accept: $0.element.1)
        }
        var world = try World(plan: made)
        try world.startRunner()
        while world.state.supervisors.isEmpty { if try !world.read() { _ = try world.performNext() } }
        for (index, need) in needs.enumerated() where need.0 != .skipped {
            let end = AttemptEnd(at: world.now, result: .exited(need.0 == .failed ? 1 : 0), outputs: [:], survivors: [])
            let attempt = AttemptID(step: StepID("a\(index)"), number: 1)
            try world.feed(.attemptReported(AttemptReport(attempt: attempt, phase: .ended(nil, end))))
        }
        return world.state.steps["b"]?.phase
    }

    @Test(arguments: Need.Outcome.allCases, accepts)
    func oneNeed(outcome: Need.Outcome, accept: [Need.Outcome]) throws {
        let phase = try self.outcome(of: [(outcome, accept)])
        let words = [Need.Outcome.succeeded: "succeeded", .failed: "failed", .skipped: "was skipped"]
        #expect(
            phase
                == (accept.contains(outcome)
                    ? .running : .skipped(reason: "needs a0, which \(words[outcome] ?? "")")))
    }

    @Test(arguments: Need.Outcome.allCases, Need.Outcome.allCases)
    func twoNeedsBothHaveToHold(one: Need.Outcome, other: Need.Outcome) throws {
        let phase = try outcome(of: [(one, [.succeeded]), (other, [.succeeded, .failed])])
        let holds = one == .succeeded && other != .skipped
        #expect(phase?.outcome == (holds ? nil : .skipped))
        #expect((phase == .running) == holds)
    }
}
