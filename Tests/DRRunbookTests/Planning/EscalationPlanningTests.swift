import DRRunbook
import Testing

/// Cards that somebody is told of, groups that runs share, people who stand in for others.
@Suite struct EscalationPlanningTests {
    private static let site = SourceText(
        file: "site.yaml",
        text: """
            apiVersion: drctl/v1
            kind: Site
            metadata: { name: s }
            spec:
              people:
                ann: { user: ann, roles: [commander], contact: "4711", delegate: bob }
                bob: { user: bob, roles: [operator] }
              channels: { pager: { run: [page] } }
            """)

    private func plan(
        _ steps: String, mode: RunMode = .real, shape: DrillShape? = nil, spec: String = ""
    ) -> Diagnosed<Plan> {
        var request = PlanningRequest(mode: mode, folder: "/books")
        request.shape = shape
        return RunbookSources(runbook: Fixture.runbook(steps: steps, spec: spec), site: Self.site).plan(
            request, world: PlanningWorld(file: { _ in nil }, uid: { _ in nil }))
    }

    private static let card =
        "manual: { instructions: Pull the plug, owner: ann, escalate: { after: 5m, channel: pager } }"

    @Test func aStepTellsOfTheCard() throws {
        let plan = try #require(plan("    - { id: pull, \(Self.card) }").value)
        #expect(plan.steps.map(\.id) == ["pull", "pull.escalation"])
        let telling = plan.steps[1]
        #expect(telling.escalation == PlannedEscalation(of: "pull", after: .minutes(5)))
        #expect(telling.needs.isEmpty && telling.onFailure == .continue && telling.place == .outside)
        guard case .notify(let notify) = telling.action else { throw PlanningTestError() }
        #expect(notify.channel == PlannedChannel(name: "pager", run: ["page"]))
        #expect(notify.text.display == "ann: pull. Nobody has acknowledged it within 300s.")
        #expect(try PlanCodec.decode(PlanCodec.encode(plan)) == plan)
    }

    @Test(arguments: ["approve: { escalate: { after: 1m, channel: pager } }", "run: [x], onFailure: { \(card) }"])
    func everyCardMayTell(step: String) throws {
        #expect(try #require(plan("    - { id: a, \(step) }").value).steps.map(\.id) == ["a", "a.escalation"])
    }

    @Test func aDrillTellsTheChannelOnlyWhereItSaysWhy() throws {
        func tells(_ step: String) throws -> Bool {
            let plan = try #require(plan("    - { id: a, \(step) }", mode: .drill).value)
            return !(try #require(plan.steps.last)).action.isEffectFree
        }
        #expect(try !tells(Self.card))
        #expect(try tells("\(Self.card), place: { outside: the rota is drilled }"))
    }

    @Test func aTabletopDrillHasNone() throws {
        let plan = try #require(
            plan("    - { id: a, \(Self.card) }", mode: .drill, shape: DrillShape(isTabletop: true)).value)
        #expect(plan.steps.map(\.id) == ["a"])
    }

    @Test func eachInstanceHasItsOwn() throws {
        let plan = try #require(plan("    - { id: a, foreach: [x, y], \(Self.card) }").value)
        #expect(plan.steps.map(\.id) == ["a[x]", "a[x].escalation", "a[y]", "a[y].escalation"])
    }

    @Test(arguments: [
        ("approve: { escalate: { after: 1m, channel: pigeon } }", "the site has no channel `pigeon`"),
        (
            "run: [x], rollback: { \(card) }",
            "the card of a rollback tells nobody else: it has no `escalate`"
        ), ("approve: { escalate: { after: 1m } }", "escalate needs `channel`"),
    ]) func whatCannotBeMeant(step: String, message: String) {
        let messages = plan("    - { id: a, \(step) }").diagnostics.map(\.message)
        #expect(messages == [message])
    }

    @Test func aDelegateHoldsTheRolesOfWhomTheyStandInFor() throws {
        let people = try #require(plan("    - { id: a, run: [x] }").value).people
        #expect(people.map(\.roles) == [["commander"], ["operator", "commander"]])
        #expect(people.map(\.contact) == ["4711", nil])
    }

    @Test func aGroupAcrossRunsKeepsItsName() throws {
        let spec = "  concurrency: { array: { limit: 2, across: runs }, own: 3 }"
        let plan = try #require(plan("    - { id: a, run: [x], concurrency: array }", spec: spec).value)
        #expect(plan.concurrency == ["array": 2, "own": 3] && plan.sharedGroups == ["array": "array"])
        #expect(try PlanCodec.decode(PlanCodec.encode(plan)) == plan)
    }

    private struct PlanningTestError: Error {}
}
