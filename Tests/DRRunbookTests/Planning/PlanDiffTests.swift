import DRRunbook
import Testing

/// What people see when they compare a plan with an earlier run's.
@Suite struct PlanDiffTests {
    private func plan(_ steps: String, spec: String = "", inputs: [String: String] = [:]) throws -> Plan {
        let planned = RunbookSources(runbook: Fixture.runbook(steps: steps, spec: spec)).plan(
            PlanningRequest(mode: .drill, inputs: inputs, folder: "/books"), world: PlanningWorld(file: { _ in nil }))
        return try #require(planned.value, "\(planned.diagnostics)")
    }

    private func changes(_ one: Plan, _ other: Plan) throws -> [String] {
        try PlanDiff(from: one, to: other).changes.map { change in
            "\(change.what): \(change.before ?? "-") > \(change.after ?? "-")"
        }
    }

    private let steps = """
            - { id: a, run: [one], effect: read, timeout: 1m }
            - { id: b, run: [two], needs: [a] }
        """

    @Test func thePlanItselfIsNoDifference() throws {
        #expect(try changes(plan(steps), plan(steps)).isEmpty)
    }

    @Test func stepsThatComeAndGo() throws {
        let other = try plan(
            """
                - { id: a, run: [one], effect: read, timeout: 1m }
                - { id: c, run: [three] }
            """)
        #expect(try changes(plan(steps), other) == ["step b: there > -", "step c: - > there"])
    }

    /// `b` only has another digest, because what it needs changed.
    @Test func whatChangedInAStep() throws {
        let other = try plan(
            """
                - { id: a, title: First, run: [one, more], effect: read, timeout: 2m }
                - { id: b, run: [two], needs: [a] }
            """)
        #expect(
            try changes(plan(steps), other) == [
                #"step a: action: {"run":{"argv":["one"]}} > {"run":{"argv":["one","more"]}}"#,
                "step a: timeout: 60s > 120s", "step a: title: a > First",
            ])
    }

    @Test func inputsAndLimits() throws {
        let spec = "  width: 3\n  inputs: { region: { type: string, default: west } }"
        let one = try plan(steps, spec: spec)
        let other = try plan(steps, spec: spec.replacing("3", with: "4"), inputs: ["region": "north"])
        #expect(try changes(one, other) == ["input region: west > north", "width: 3 > 4"])
    }
}
