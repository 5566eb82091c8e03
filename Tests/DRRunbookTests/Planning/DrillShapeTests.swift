import DRRunbook
import Testing

/// Drills of a part, at a table, and with a look at the end.
@Suite struct DrillShapeTests {
    private static let catalogue = SourceText(
        file: "services.yaml",
        bytes: Array(
            """
            apiVersion: drctl/v1
            kind: Catalogue
            metadata: { name: here }
            spec:
              services:
                orders: { tier: 1, owner: shop }
                front: { tier: 2, owner: web }
            """.utf8))

    private static let steps = """
            - { id: base, run: [build, "${{ inputs.what }}"], effect: idempotent, outputs: { at: string }, rollback: { run: [unbuild] } }
            - id: orders
              needs: [base]
              uses: [dns]
              when: steps.base.outputs.at != 'x'
              run: [serve, "${{ steps.base.outputs.at }}"]
              effect: idempotent
              background: { ready: { tcp: "127.0.0.1:1" }, until: front }
              marks: { clock: proven, service: orders }
            - { id: front, needs: [orders], run: [web], effect: read, marks: { clock: proven, service: front }, env: { KEY: { secret: key } } }
            - { id: say, needs: [front], notify: "built ${{ steps.base.outputs.at }}" }
        """

    private func plan(_ shape: DrillShape?) -> Diagnosed<Plan> {
        let spec = """
              environments: { rehearsal: { for: drill, secrets: { key: { file: /k } } } }
              inputs: { what: { type: string, default: all } }
              dependencies: { dns: { probe: { tcp: "h:1" } } }
              cleanup: [{ id: tidy, run: [tidy], effect: idempotent }]
            """
        var request = PlanningRequest(mode: .drill, folder: "/books")
        request.shape = shape
        return RunbookSources(
            runbook: Fixture.runbook(
                steps: Self.steps, spec: spec, metadata: ", services: [orders, front]"), catalogue: Self.catalogue
        ).plan(request, world: PlanningWorld(file: { _ in nil }))
    }

    @Test func aPartHasWhatItsServiceNeeds() throws {
        let plan = try #require(plan(DrillShape(only: ["orders"])).value)
        #expect(plan.steps.map(\.id) == ["base", "orders.uses.dns", "orders"])
        #expect(plan.services.map(\.name) == ["orders"])
        // What it lived until is not there: until the run's end.
        #expect(plan.steps[2].background?.until == nil)
        #expect(plan.rollbacks.map(\.id) == ["base.rollback"] && plan.cleanup.map(\.id) == ["tidy"])
        #expect(plan.secrets.isEmpty && plan.hasInside)
        #expect(try PlanCodec.decode(PlanCodec.encode(plan)) == plan)
        #expect(
            self.plan(DrillShape(only: ["ordres"])).diagnostics.map(\.message) == [
                "no step marks or measures anything of `ordres`"
            ])
    }

    @Test func atATableNothingIsDone() throws {
        let plan = try #require(plan(DrillShape(isTabletop: true)).value)
        #expect(plan.steps.map(\.id) == ["base", "orders", "front", "say"])
        #expect(plan.steps.map(\.action.kind) == [.manual, .manual, .manual, .notify])
        #expect(plan.steps.allSatisfy { $0.marks.isEmpty && $0.effect == .read && $0.condition == nil })
        #expect(plan.rollbacks.isEmpty && plan.cleanup.isEmpty && plan.secrets.isEmpty && plan.isolation == nil)
        #expect(!plan.hasInside && plan.places == [.outside])
        guard case .manual(let card) = plan.steps[1].action, case .notify(let notify) = plan.steps[3].action else {
            Issue.record("no card")
            return
        }
        #expect(
            card.instructions.literal
                == "orders\nWould run: serve ${{ steps.base.outputs.at }}\nOnly where: steps.base.outputs.at != 'x'")
        #expect(card.owner == "o" && notify.text.literal == "built ${{ steps.base.outputs.at }}")
    }

    @Test func whatWasBuiltUpIsKeptForALook() throws {
        let plan = try #require(plan(DrillShape(hold: .seconds(7200))).value)
        let last = try #require(plan.steps.last)
        #expect(last.id == DrillShape.holdStep && last.action == .delay(.seconds(7200)))
        #expect(last.needs.count == plan.steps.count - 1)
        #expect(last.needs.allSatisfy { $0.accept == Need.Outcome.allCases })
    }
}
