import DRRunbook
import Testing

/// What is given when a run is planned, and the values made of it.
@Suite struct InputTests {
    private let world = PlanningWorld(file: { _ in nil })

    private func plan(_ steps: String, spec: String = "", inputs: [String: String] = [:]) -> Diagnosed<Plan> {
        RunbookSources(runbook: Fixture.runbook(steps: steps, spec: spec)).plan(
            PlanningRequest(mode: .drill, inputs: inputs, folder: "/books"), world: world)
    }

    private func messages(_ planned: Diagnosed<Plan>) -> [String] { planned.diagnostics.map(\.message) }

    private let one = "    - { id: a, run: [\"true\"] }"

    private static let typed = """
          inputs:
            count: { type: integer, default: "3", minimum: 1, maximum: 9 }
            host: { type: string, default: db1, pattern: "db[0-9]+" }
            force: { type: boolean, default: "false" }
        """

    @Test(arguments: [
        ("count", "x", "the input `count` is no whole number: x"),
        ("count", "0", "the input `count` is 0, less than 1"),
        ("count", "10", "the input `count` is 10, more than 9"),
        ("host", "web1", "the input `host` is `web1`, which does not match db[0-9]+"),
        ("host", "xdb1", "the input `host` is `xdb1`, which does not match db[0-9]+"),
        ("force", "yes", "the input `force` is neither true nor false: yes"),
    ])
    func inputsAreChecked(name: String, value: String, message: String) {
        #expect(messages(plan(one, spec: Self.typed, inputs: [name: value])) == [message])
    }

    @Test func inputsHaveTypes() throws {
        let steps = """
                - { id: a, when: inputs.count > 3 && !inputs.force, run: [go, "${{ inputs.count }}"] }
            """
        let plan = try #require(plan(steps, spec: Self.typed, inputs: ["count": "7"]).value)
        #expect(plan.steps[0].action == .run(.argv([Template("go"), Template("7")])))
        #expect(try plan.steps[0].condition?.evaluate(in: EvaluationContext()) == .boolean(true))
    }

    @Test func variablesReadInputsAndThoseAboveThem() throws {
        let spec = """
              inputs: { region: { type: string, default: west } }
              vars: { zone: "${{ inputs.region }}-1", host: "db.${{ vars.zone }}.example" }
            """
        let steps = "    - { id: a, run: [go, \"${{ vars.host }}\"] }"
        let planned = try #require(plan(steps, spec: spec).value)
        #expect(planned.steps[0].action == .run(.argv([Template("go"), Template("db.west-1.example")])))
    }
}
