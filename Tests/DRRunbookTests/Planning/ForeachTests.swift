import DRRunbook
import Testing

/// Steps that are there several times.
@Suite struct ForeachTests {
    private let world = PlanningWorld(file: { _ in nil })

    private func plan(_ steps: String, spec: String = "", inputs: [String: String] = [:]) -> Diagnosed<Plan> {
        RunbookSources(runbook: Fixture.runbook(steps: steps, spec: spec)).plan(
            PlanningRequest(mode: .drill, inputs: inputs, folder: "/books"), world: world)
    }

    private func messages(_ planned: Diagnosed<Plan>) -> [String] { planned.diagnostics.map(\.message) }

    private static let catalogue = SourceText(
        file: "services.yaml",
        bytes: Array(
            """
            apiVersion: drctl/v1
            kind: Catalogue
            metadata: { name: here }
            spec:
              services:
                db: { tier: 1, owner: dba }
                queue: { tier: 4, owner: web, dependencies: [db] }
                orders: { tier: 1, owner: shop, dependencies: [queue] }
                front: { tier: 2, owner: web }
            """.utf8))

    private func planWithCatalogue(_ steps: String) -> Diagnosed<Plan> {
        RunbookSources(runbook: Fixture.runbook(steps: steps), catalogue: Self.catalogue).plan(
            PlanningRequest(mode: .drill, folder: "/books"), world: world)
    }

    @Test func aListGivesOneStepForEachOfItsTexts() throws {
        let plan = try #require(
            plan(
                """
                    - id: fence
                      title: Fenced
                      foreach: { list: [db1, "db2"], maxParallel: 1 }
                      run: [fence, "${{ each.value }}"]
                      effect: idempotent
                      rollback: { run: [unfence, "${{ each.value }}"] }
                    - { id: after, needs: [{ step: fence, accept: [skipped] }], run: ["true"] }
                """
            ).value)
        #expect(plan.steps.map(\.id) == ["fence[db1]", "fence[db2]", "after"])
        #expect(plan.steps[1].title == "Fenced (db2)")
        #expect(plan.steps[1].action == .run(.argv([Template("fence"), Template("db2")])))
        #expect(plan.steps[2].needs.map(\.step) == ["fence[db1]", "fence[db2]"])
        #expect(plan.steps[2].needs.allSatisfy { $0.accept == [.succeeded, .skipped] })
        #expect(plan.rollbacks.map(\.id) == ["fence[db1].rollback", "fence[db2].rollback"])
        #expect(plan.rollbacks.map(\.undoes) == ["fence[db1]", "fence[db2]"])
        #expect(plan.concurrency == ["foreach fence": 1])
        #expect(plan.steps.map(\.concurrency) == ["foreach fence", "foreach fence", nil])
        #expect(Set(plan.steps.map(\.digest)).count == 3)
    }

    /// `orders` needs `db` through `queue`, which was not chosen.
    @Test func servicesComeInTheOrderOfTheirDependencies() throws {
        let plan = try #require(
            planWithCatalogue(
                """
                    - id: up
                      foreach: { services: "tier <= 2 && owner != 'nobody'", order: dependencies }
                      run: [up, "${{ each.name }}", "${{ each.owner }}"]
                      marks: { clock: proven, service: each }
                """
            ).value)
        #expect(plan.steps.map(\.id) == ["up[db]", "up[orders]", "up[front]"])
        #expect(plan.steps.map { $0.needs.map(\.step) } == [[], ["up[db]"], []])
        #expect(plan.steps.flatMap(\.marks).map(\.service) == ["db", "orders", "front"])
        #expect(plan.services.map(\.name) == ["db", "orders", "front"])
    }

    @Test func aListCanBeEmpty() throws {
        let steps = """
                - { id: a, foreach: [], run: [x, "${{ each.value }}"] }
                - { id: b, needs: [a], run: ["true"] }
            """
        let plan = try #require(plan(steps).value)
        #expect(plan.steps.map(\.id) == ["b"])
        #expect(plan.steps[0].needs.isEmpty)
    }

    @Test(arguments: [
        ("foreach: [a, a]", "`a` is in the list twice"), ("foreach: [\"a/b\"]", "`a/b` cannot name an instance"),
        ("foreach: { services: tier < 2 }", "there is no catalogue to take services from"),
    ])
    func whatIsNoInstance(foreach: String, message: String) {
        #expect(messages(plan("    - { id: a, \(foreach), run: [\"true\"] }")) == [message])
    }
}
