import DRRunbook
import Testing

/// What steps use and the run does not control.
@Suite struct DependencyTests {
    private func plan(_ steps: String, _ dependencies: String) -> Diagnosed<Plan> {
        RunbookSources(
            runbook: Fixture.runbook(
                steps: steps, spec: "  inputs: { at: { type: string, default: here } }\n" + dependencies)
        ).plan(PlanningRequest(mode: .drill, folder: "/books"), world: PlanningWorld(file: { _ in nil }))
    }

    private static let dns = """
          dependencies:
            dns: { probe: { tcp: "10.0.0.1:53" }, values: { at: "${{ inputs.at }}" }, ifDown: { alternate: { at: there } } }
        """

    @Test func aGateStandsBeforeEachStepThatUsesIt() throws {
        let planned = plan(
            """
                - { id: first, run: [x], effect: read }
                - id: serve
                  needs: [first]
                  when: "run.id != 'x'"
                  uses: [dns]
                  onFailure: abort
                  run: [serve, "${{ dependencies.dns.at }}"]
                  place: outside
                  effect: read
            """, Self.dns)
        #expect(planned.diagnostics.map(\.message) == [])
        let plan = try #require(planned.value)
        #expect(plan.steps.map(\.id) == ["uses.dns", "first", "serve.uses.dns", "serve"])
        let gate = plan.steps[2]
        #expect(gate.needs.map(\.step) == ["first"] && gate.condition == plan.steps[3].condition)
        #expect(gate.place == .outside && gate.onFailure == .continue && gate.timeout == .seconds(10))
        #expect(gate.gate == PlannedGate(dependency: "dns", freshFor: .seconds(10), retryAfter: .seconds(30)))
        #expect(plan.steps.map { $0.concurrency } == ["uses dns", nil, "uses dns", nil])
        #expect(plan.concurrency == ["uses dns": 1])
        #expect(
            plan.steps[3].needs == [
                Need(step: "first"), Need(step: "serve.uses.dns", accept: [.succeeded, .failed, .skipped]),
            ])
        #expect(plan.dependencies == ["dns": PlannedDependency(values: ["at": "here"], alternate: ["at": "there"])])
        #expect(try PlanCodec.decode(PlanCodec.encode(plan)) == plan)
    }

    static let policies: [(String, FailurePolicy, TimeSpan, [Need.Outcome])] = [
        ("fail", .abort, .seconds(3), [.succeeded, .skipped]),
        ("{ wait: 20m }", .abort, .minutes(20), [.succeeded, .skipped]),
        (
            "{ manual: { instructions: Edit hosts, owner: net } }",
            .manual(ManualCard(instructions: Template("Edit hosts"), owner: "net")), .seconds(3),
            [.succeeded, .skipped]
        ),
        ("{ alternate: {} }", .continue, .seconds(3), [.succeeded, .failed, .skipped]),
    ]

    @Test(arguments: policies)
    func whatFollowsIsAsWritten(ifDown: String, policy: FailurePolicy, time: TimeSpan, accept: [Need.Outcome]) throws {
        let plan = try #require(
            plan(
                "    - { id: a, uses: [d], run: [x], effect: read, onFailure: abort }",
                "  dependencies: { d: { probe: { tcp: \"h:1\" }, timeout: 3s, ifDown: \(ifDown) } }"
            ).value)
        #expect(plan.steps[0].onFailure == .continue && plan.steps[0].timeout == .seconds(3))
        #expect(plan.steps[1].onFailure == policy && plan.steps[1].timeout == time)
        #expect(plan.steps[2].needs == [Need(step: "a.uses.d", accept: accept)])
    }

    @Test func eachInstanceHasItsGate() throws {
        let plan = try #require(
            plan("    - { id: a, foreach: [x, y], uses: [dns], run: [z], effect: read }", Self.dns).value)
        #expect(plan.steps.map(\.id) == ["uses.dns", "a[x].uses.dns", "a[x]", "a[y].uses.dns", "a[y]"])
    }

    /// A part has its own dependencies, and its step's.
    @Test func aSubRunbookBringsItsOwn() throws {
        let part = Fixture.runbook(
            steps: "    - { id: in, uses: [dns], run: [x, \"${{ dependencies.dns.at }}\"], effect: read }",
            spec: Self.dns.replacing("${{ inputs.at }}", with: "${{ inputs.name }}")
                + "\n  inputs: { name: { type: string } }",
            file: "part.yaml")
        let planned = RunbookSources(
            runbook: Fixture.runbook(
                steps: "    - { id: one, uses: [net], runbook: { file: part.yaml, inputs: { name: ours } } }",
                spec: "  dependencies: { net: { probe: { tcp: \"h:1\" } } }"), parts: ["part.yaml": part]
        ).plan(PlanningRequest(mode: .drill, folder: "/books"), world: PlanningWorld(file: { _ in nil }))
        #expect(planned.diagnostics.map(\.message) == [])
        let plan = try #require(planned.value)
        #expect(
            plan.steps.map(\.id) == [
                "uses.one/dns", "uses.net", "one/in.uses.one/dns", "one/in.uses.net", "one/in", "one",
            ])
        #expect(plan.dependencies["one/dns"]?.values == ["at": "ours"])
        #expect(
            plan.steps[4].action
                == .run(
                    .argv([
                        Template("x"),
                        Template(parts: [.expression(try Expression(source: "dependencies.one/dns.at"))]),
                    ])))
    }

    static let mistakes = [
        ("uses: [dsn], run: [x]", "`spec.dependencies` has no `dsn`"),
        ("uses: [dns, dns], run: [x]", "`a` uses `dns` twice"),
        ("run: [x, \"${{ dependencies.dns.at }}\"]", "`a` reads a value of `dns`, and does not use it"),
        ("uses: [dns], run: [x, \"${{ dependencies.dns.by }}\"]", "the dependency `dns` has no value `by`"),
        ("run: [x, \"${{ dependencies.net.at }}\"]", "there is no dependency `net`"),
    ]

    @Test(arguments: mistakes) func mistakesAreSaid(step: String, message: String) {
        #expect(plan("    - { id: a, effect: read, \(step) }", Self.dns).diagnostics.map(\.message) == [message])
    }

    @Test func anotherValueIsOneOfAValue() {
        let planned = plan(
            "    - { id: a, run: [x], effect: read }",
            "  dependencies: { d: { probe: { tcp: \"h:1\" }, ifDown: { alternate: { at: b } } } }")
        #expect(planned.diagnostics.map(\.message) == ["the dependency `d` has no value `at` that this is another of"])
    }
}
