import DRRunbook
import Testing

/// Runbooks that are part of others.
@Suite struct SubRunbookTests {
    private static let scripts = ["lib/scripts/make"]
    private let world = PlanningWorld { path in
        scripts.contains(path) ? RunbookFile(bytes: Array("make".utf8), isExecutable: true) : nil
    }

    private static let part = part()

    private static func part(_ more: String = "", spec: String = "") -> SourceText {
        Fixture.runbook(
            steps: """
                    - id: make
                      run: [scripts/make, "${{ vars.where }}", "${{ inputs.port }}"]
                      effect: idempotent
                      outputs: { path: string }
                      rollback: { run: [unmake, "${{ vars.where }}"] }
                    - id: ask
                      needs: [make]
                      when: inputs.port > 100 && steps.make.outputs.path != 'x'
                      run: [ask, "${{ steps.make.outputs.path }}"]
                      effect: read
                \(more)
                """,
            spec: """
                  inputs:
                    name: { type: string, pattern: "[a-z.]+" }
                    port: { type: integer, default: "80" }
                    data: { type: directory, default: data }
                  vars: { where: "${{ inputs.data }}/${{ inputs.name }}" }
                  outputs: { path: steps.make.outputs.path }
                \(spec)
                """, file: "lib/part.yaml")
    }

    private func plan(
        _ steps: String, parts: [String: SourceText] = ["lib/part.yaml": part], spec: String = ""
    ) -> Diagnosed<Plan> {
        RunbookSources(runbook: Fixture.runbook(steps: steps, spec: spec), parts: parts).plan(
            PlanningRequest(mode: .drill, folder: "/books"), world: world)
    }

    private func messages(_ planned: Diagnosed<Plan>) -> [String] { planned.diagnostics.map(\.message) }

    @Test func theStepsOfASubRunbookStandInTheStepsPlace() throws {
        let planned = plan(
            """
                - { id: port, run: [port], effect: read, outputs: { port: integer } }
                - id: one
                  needs: [port]
                  runbook: { file: lib/part.yaml, inputs: { name: "a.b", port: "${{ steps.port.outputs.port }}" } }
                - { id: after, needs: [one], run: [use, "${{ steps.one.outputs.path }}"], effect: read }
            """)
        #expect(messages(planned) == [])
        let plan = try #require(planned.value)
        #expect(plan.steps.map(\.id) == ["port", "one/make", "one/ask", "one", "after"])
        #expect(
            plan.steps.map { $0.needs.map(\.step) } == [[], ["port"], ["one/make"], ["one/ask", "one/make"], ["one"]])
        // What may be skipped keeps its runbook from being done no more than it would by itself.
        #expect(plan.steps[3].needs.map(\.accept) == [[.succeeded, .skipped], [.succeeded]])
        #expect(plan.rollbacks.map(\.id) == ["one/make.rollback"])
        #expect(plan.files.map(\.path) == ["lib/scripts/make"])
        guard case .run(.argv(let words)) = plan.steps[1].action else {
            Issue.record("make runs nothing")
            return
        }
        #expect(words.map(\.display) == ["lib/scripts/make", "/books/lib/data/a.b", "${{ steps.port.outputs.port }}"])
        #expect(
            plan.steps[2].condition?.source
                == "(steps.port.outputs.port > 100) && (steps.one/make.outputs.path != 'x')")
        guard case .run(.argv(let used)) = plan.steps[4].action, case .runbook(let part) = plan.steps[3].action else {
            Issue.record("after uses nothing")
            return
        }
        #expect(used[1].display == "${{ steps.one/make.outputs.path }}")
        #expect(part.file == "lib/part.yaml" && part.digest != nil && part.inputs["name"] == Template("a.b"))
        #expect(try PlanCodec.decode(PlanCodec.encode(plan)) == plan)
    }

    @Test func eachInstanceHasItsOwnCopy() throws {
        let planned = plan(
            """
                - id: many
                  foreach: { list: [a, b.c], maxParallel: 1 }
                  runbook: { file: lib/part.yaml, inputs: { name: "${{ each.value }}", port: "200" } }
                - { id: after, needs: [many], run: ["true"], effect: read }
            """)
        #expect(messages(planned) == [])
        let plan = try #require(planned.value)
        #expect(
            plan.steps.map(\.id) == [
                "many[a]/make", "many[b.c]/make", "many[a]/ask", "many[b.c]/ask", "many[a]", "many[b.c]", "after",
            ])
        #expect(plan.steps[3].needs.map(\.step) == ["many[b.c]/make"])
        #expect(plan.steps[5].needs.map(\.step) == ["many[b.c]/ask", "many[b.c]/make"])
        #expect(plan.steps[6].needs.map(\.step) == ["many[a]", "many[b.c]"])
        #expect(plan.steps[3].condition?.names == ["steps.many[b.c]/make.outputs.path"])
        #expect(plan.rollbacks.map(\.undoes) == ["many[a]/make", "many[b.c]/make"])
        #expect(plan.concurrency == ["foreach many": 1])
        #expect(try PlanCodec.decode(PlanCodec.encode(plan)) == plan)
    }

    @Test func runbooksLieInEachOther() throws {
        let middle = Fixture.runbook(
            steps: """
                    - { id: deep, runbook: { file: part.yaml, inputs: { name: "${{ inputs.name }}" } } }
                    - { id: say, needs: [deep], notify: "${{ steps.deep.outputs.path }}" }
                """,
            spec: """
                  inputs: { name: { type: string } }
                  outputs: { where: steps.deep.outputs.path }
                """, file: "lib/middle.yaml")
        let planned = plan(
            """
                - { id: top, when: "run.id != 'x'", runbook: { file: lib/middle.yaml, inputs: { name: n } } }
                - { id: after, needs: [{ step: top, accept: [skipped] }], run: [use, "${{ steps.top.outputs.where ?? '-' }}"], effect: read }
            """, parts: ["lib/part.yaml": Self.part, "lib/middle.yaml": middle])
        #expect(messages(planned) == [])
        let plan = try #require(planned.value)
        #expect(plan.steps.map(\.id) == ["top/deep/make", "top/deep/ask", "top/deep", "top/say", "top", "after"])
        #expect(plan.steps.dropLast().allSatisfy { $0.condition?.names.contains("run.id") == true })
        guard case .run(.argv(let words)) = plan.steps[5].action else { return }
        #expect(words[1].display == "${{ steps.top/deep/make.outputs.path ?? '-' }}")
    }

    @Test func drillsLeaveOutAllOfIt() throws {
        let plan = try #require(
            plan(
                """
                    - { id: one, inDrill: { skip: too dear }, runbook: { file: lib/part.yaml, inputs: { name: n } } }
                """
            ).value)
        #expect(plan.steps.map(\.skipInDrill) == ["too dear", "too dear", "too dear"])
    }

    @Test func whatIsPutBackLastWasBuiltUpFirst() throws {
        let part = Self.part(spec: "  cleanup: [{ id: tidy, run: [tidy, \"${{ inputs.name }}\"], effect: idempotent }]")
        let plan = try #require(
            plan(
                """
                    - { id: one, runbook: { file: lib/part.yaml, inputs: { name: n } } }
                    - { id: two, needs: [one], runbook: { file: lib/part.yaml, inputs: { name: m } } }
                """, parts: ["lib/part.yaml": part],
                spec: "  cleanup: [{ id: last, run: [last], effect: idempotent }]"
            ).value)
        #expect(plan.cleanup.map(\.id) == ["two/tidy", "one/tidy", "last"])
    }

    static let mistakes: [(String, String)] = [
        ("{ file: other.yaml }", "there is no file `other.yaml` in the runbook's folder"),
        ("{ file: ../part.yaml }", "`../part.yaml` leads out of the runbook's folder"),
        ("/part.yaml", "`/part.yaml` leads out of the runbook's folder"),
        ("r.yaml", "`r.yaml` would be part of itself: r.yaml names r.yaml"),
        ("lib/part.yaml", "lib/part.yaml is not given its input `name`, which has no default"),
        (
            "{ file: lib/part.yaml, inputs: { name: N } }",
            "the input `name` of lib/part.yaml is `N`, which does not match [a-z.]+"
        ),
        ("{ file: lib/part.yaml, inputs: { name: n, prt: a } }", "lib/part.yaml has no input `prt`"),
        (
            "{ file: lib/part.yaml, inputs: { name: n, port: many } }",
            "the input `port` of lib/part.yaml is no whole number: many"
        ),
        (
            "{ file: lib/part.yaml, inputs: { name: n, data: x } }",
            "the input `data` of lib/part.yaml is no absolute path: x"
        ),
        (
            "{ file: lib/part.yaml, inputs: { name: n, port: \"${{ run.id }}\" } }",
            "`run.id` is a text, and the input it is given to is a number"
        ),
        (
            "{ file: lib/part.yaml, inputs: { name: \"${{ run.id }}\" } }",
            "the input `name` of lib/part.yaml is known only during the run, and could not be checked before it"
        ),
    ]

    @Test(arguments: mistakes) func mistakesAreSaidWhereTheyAre(runbook: String, message: String) {
        let planned = plan("    - { id: one, runbook: \(runbook) }")
        #expect(planned.value == nil)
        #expect(messages(planned).contains(message))
    }

    static let keys = [
        ("effect: read", "`runbook` steps take no `effect`: the steps of the runbook have their own"),
        ("timeout: 3s", "`runbook` steps take no `timeout`: nothing runs"),
        ("inDrill: { run: [x] }", "a drill cannot run another thing instead of a runbook, or a runbook instead"),
    ]

    @Test(arguments: keys) func whatItsStepsSayTheStepDoesNot(key: String, message: String) {
        let planned = plan("    - { id: one, \(key), runbook: { file: lib/part.yaml, inputs: { name: n } } }")
        #expect(messages(planned).contains(message))
    }

    /// A part neither reads the names around it nor is read by them.
    @Test func namesStayWhereTheyAre() {
        let part = Fixture.runbook(
            steps:
                "    - { id: a, run: [x, \"${{ inputs.outer }}\", \"${{ steps.before.outputs.x ?? '' }}\"], effect: read }",
            file: "part.yaml")
        let planned = plan(
            """
                - { id: before, run: [x], effect: read, outputs: { x: string } }
                - { id: one, needs: [before], runbook: part.yaml }
                - { id: two, needs: [one], run: [x, "${{ steps.one/a.outputs.y }}"], effect: read }
            """, parts: ["part.yaml": part], spec: "  inputs: { outer: { type: string, default: secret } }")
        #expect(
            messages(planned) == [
                "there is no input `one/outer`", "there is no step `one/before`",
                "`steps.one/a.outputs.y` reads what is inside of a step", "step `one/a` has no output `y`",
            ])
    }

    @Test func circlesOfRunbooksAreFound() {
        let one = Fixture.runbook(steps: "    - { id: a, runbook: two.yaml }", file: "one.yaml")
        let two = Fixture.runbook(steps: "    - { id: b, runbook: one.yaml }", file: "two.yaml")
        let planned = plan("    - { id: top, runbook: one.yaml }", parts: ["one.yaml": one, "two.yaml": two])
        #expect(
            messages(planned) == [
                "`one.yaml` would be part of itself: r.yaml names one.yaml names two.yaml names one.yaml"
            ])
    }

    /// Each runbook names the next one eight times: eight to the power of their number.
    @Test func whatWouldNeverFitIsRefused() {
        var parts: [String: SourceText] = [:]
        for level in 0..<9 {
            let steps = (0..<8).map { step in
                level == 8 ? "    - { id: s\(step), notify: x }" : "    - { id: s\(step), runbook: l\(level + 1).yaml }"
            }
            parts["l\(level).yaml"] = Fixture.runbook(steps: steps.joined(separator: "\n"), file: "l\(level).yaml")
        }
        let planned = plan("    - { id: top, runbook: l0.yaml }", parts: parts)
        #expect(messages(planned).contains("this runbook has more than 100000 steps with those that are part of it"))
    }

    @Test func theFilesOfItsPartsAreKnown() {
        let text = Fixture.runbook(
            steps: """
                    - { id: a, runbook: deep/one.yaml }
                    - { id: b, runbook: { file: ./two.yaml } }
                    - { id: c, runbook: ../three.yaml }
                """)
        #expect(RunbookSources.parts(of: text, at: "lib/r.yaml") == ["lib/deep/one.yaml", "lib/two.yaml"])
    }
}
