import DRCrypto
import DRRunbook
import Testing

@Suite struct PlannerTests {
    private let folder = "/books"
    private let world = PlanningWorld(file: { path in
        switch path {
        case "scripts/go": RunbookFile(bytes: Array("go".utf8), isExecutable: true)
        case "scripts/data": RunbookFile(bytes: Array("data".utf8), isExecutable: false)
        default: nil
        }
    })

    private func plan(
        _ steps: String, spec: String = "", mode: RunMode = .drill, environment: String? = nil,
        inputs: [String: String] = [:]
    ) -> Diagnosed<Plan> {
        RunbookSources(runbook: Fixture.runbook(steps: steps, spec: spec)).plan(
            PlanningRequest(mode: mode, environment: environment, inputs: inputs, folder: folder), world: world)
    }

    private func messages(_ planned: Diagnosed<Plan>) -> [String] { planned.diagnostics.map(\.message) }

    private let one = "    - { id: a, run: [\"true\"] }"

    // MARK: Inputs and environments

    private let region = "  inputs: { region: { type: string, description: where, oneOf: [west, north] } }"

    @Test func inputsAreGivenOrHaveDefaults() throws {
        let steps = "    - { id: a, run: [go, \"${{ inputs.region }}\", \"${{ inputs.region == 'west' }}\"] }"
        let planned = plan(steps, spec: region, inputs: ["region": "west"])
        let plan = try #require(planned.value)
        #expect(plan.inputs == ["region": "west"])
        #expect(plan.steps[0].action == .run(.argv(["go", "west", "true"].map { Template($0) })))
    }

    @Test func missingAndWrongInputs() {
        #expect(messages(plan(one, spec: region)) == ["the input `region` (where) is not given and has no default"])
        #expect(
            messages(plan(one, spec: region, inputs: ["region": "weest"])) == [
                "the input `region` is `weest`, none of west, north"
            ])
        #expect(messages(plan(one, inputs: ["regoin": "x"])) == ["the runbook has no input `regoin`"])
        #expect(
            messages(plan(one, spec: "  inputs: { s: { type: string } }", inputs: ["s": "a\u{0}b"])) == [
                "the input `s` contains a NUL character"
            ])
    }

    @Test(arguments: [
        (nil, "/books/demo"), ("/srv/../srv//site/.", "/srv/site"), ("/", "/"),
    ])
    func directoriesAreAbsolute(given: String?, expected: String) throws {
        let planned = plan(
            one, spec: "  inputs: { source: { type: directory, default: ./demo } }",
            inputs: given.map { ["source": $0] } ?? [:])
        #expect(planned.value?.inputs["source"] == expected)
    }

    @Test(arguments: ["srv", "/..", "../x"])
    func directoriesThatAreNotAbsolute(given: String) {
        let planned = plan(one, spec: "  inputs: { source: { type: directory } }", inputs: ["source": given])
        #expect(messages(planned) == ["the directory `source` is not an absolute path: \(given)"])
    }

    @Test func environmentIsChosen() {
        let two = "  environments: { a: { for: drill }, b: { for: drill }, c: { for: real } }"
        #expect(messages(plan(one, spec: two)) == ["there is more than one environment `for: drill`: a, b"])
        #expect(plan(one, spec: two, environment: "b").value?.environment == "b")
        #expect(plan(one, spec: two, mode: .real).value?.environment == "c")
        #expect(
            messages(plan(one, spec: two, environment: "c")) == [
                "environment `c` is for real runs, and this is a drill one"
            ])
        #expect(messages(plan(one, spec: two, environment: "d")) == ["there is no environment `d`"])
        #expect(
            messages(plan(one, spec: "  environments: { a: { for: real } }")) == [
                "no environment of this runbook is `for: drill`"
            ])
    }

    // MARK: Files

    @Test func filesAreFoundDigestedAndNamed() throws {
        let planned = plan(
            "    - { id: a, run: [./scripts/go, scripts/data, scripts/none, /etc/x, go, -x] }")
        let plan = try #require(planned.value)
        #expect(
            plan.files == [
                PlannedFile(path: "scripts/data", sha256: Digest.of("data"), sizeBytes: 4, isExecutable: false),
                PlannedFile(path: "scripts/go", sha256: Digest.of("go"), sizeBytes: 2, isExecutable: true),
            ])
        let words = ["scripts/go", "scripts/data", "scripts/none", "/etc/x", "go", "-x"]
        #expect(plan.steps[0].action == .run(.argv(words.map { Template($0) })))
    }

    @Test(arguments: [
        ("scripts/none", "there is no file `scripts/none` in the runbook's folder"),
        ("../go", "`../go` leads out of the runbook's folder"),
        ("scripts/data", "`scripts/data` is not executable"),
    ])
    func programsThatCannotRun(program: String, message: String) {
        let steps = """
                - id: a
                  run: ["true"]
                  effect: checkable
                  probe: { run: [\(program)] }
            """
        #expect(messages(plan(steps)) == [message])
    }

    // MARK: Steps

    @Test func defaultsByKindAndMode() throws {
        let steps = """
                - { id: command, run: ["true"] }
                - { id: get, http: { get: "http://x/" } }
                - { id: post, http: { post: "http://x/" } }
                - { id: wait, wait: { tcp: "x:1" } }
                - { id: ask, approve: {} }
                - { id: card, manual: { instructions: do, owner: me } }
                - { id: backup, backup: { repository: m, dataset: d, paths: ["${{ run.directory }}/a"] } }
                - { id: verify, verify: { repository: m, dataset: d } }
                - { id: restore, restore: { repository: m, dataset: d, to: "${{ run.directory }}/b" } }
            """
        let spec = """
              environments:
                drill: { for: drill, repositories: { m: { address: "${{ run.directory }}/r" } } }
                real: { for: real, repositories: { m: { address: /r } } }
            """
        let drill = try #require(plan(steps, spec: spec).value)
        let effects: [Effect] = [
            .unsafe, .read, .unsafe, .read, .read, .unsafe, .checkable, .read, .idempotent,
        ]
        #expect(drill.steps.map(\.effect) == effects)
        #expect(drill.steps.map(\.place) == Array(repeating: .inside, count: 6) + Array(repeating: .outside, count: 3))
        let minutes = drill.steps.map { $0.timeout.map { $0.nanoseconds / 1_000_000_000 } }
        #expect(minutes == [600, 30, 30, 300, nil, nil, 43200, 43200, 43200])
        #expect(drill.steps.allSatisfy { $0.onFailure == .hold(unattended: .minutes(10)) && $0.retry == .never })
        #expect(drill.repositories["m"]?.address.display == "${{ run.directory }}/r")
        let real = try #require(plan(steps, spec: spec, mode: .real).value)
        #expect(real.steps.allSatisfy { $0.place == .outside })
        #expect(real.isolation == nil)
        #expect(real.repositories["m"]?.address == Template("/r"))
    }

    /// What a drill neither sees nor may change is told when it is planned; a real run may name any path.
    @Test(arguments: [
        ("backup: { repository: m, dataset: d, paths: [/srv/a, /data/b] }", "`x`: `/data/b` cannot be seen in a drill"),
        (
            "restore: { repository: m, dataset: d, to: /srv/a }",
            "`x`: `/srv/a` lies outside of the run, where a drill changes nothing"
        ),
    ])
    func pathsOutsideOfADrill(action: String, message: String) throws {
        let steps = "    - { id: x, \(action) }"
        let spec = """
              environments:
                drill:
                  for: drill
                  repositories: { m: { address: "${{ run.directory }}/r" } }
                  isolation: { mustNotReach: [], readOnly: [/srv] }
                real: { for: real, repositories: { m: { address: /r } } }
            """
        #expect(messages(plan(steps, spec: spec)) == [message])
        #expect(plan(steps, spec: spec, mode: .real).sound != nil)
    }

    @Test func inDrill() throws {
        let steps = """
                - id: fence
                  run: [fence, real]
                  effect: idempotent
                  timeout: 1s
                  marks: { clock: disrupted, service: s }
                  inDrill: { run: [fence, drill], timeout: 2s }
                - { id: dns, needs: [fence], run: [dns], inDrill: { skip: no DNS inside } }
            """
        func plan(_ mode: RunMode) -> Plan? {
            RunbookSources(
                runbook: Fixture.runbook(steps: steps, metadata: ", services: [s]"),
                catalogue: SourceText(
                    file: "s.yaml",
                    text: """
                        apiVersion: drctl/v1
                        kind: Catalogue
                        metadata: { name: c }
                        spec: { services: { s: { tier: 1, owner: o, rto: 1h } } }
                        """)
            ).plan(PlanningRequest(mode: mode, folder: folder), world: world).value
        }
        let drill = try #require(plan(.drill))
        #expect(drill.steps[0].action == .run(.argv([Template("fence"), Template("drill")])))
        #expect(drill.steps[0].timeout == .seconds(2))
        #expect(drill.steps[0].effect == .idempotent)
        #expect(drill.steps.map(\.differsInDrill) == [true, false])
        #expect(drill.steps.map(\.skipInDrill) == [nil, "no DNS inside"])
        #expect(drill.steps[0].marks == [PlannedMark(clock: .disrupted, service: "s", synthetic: true)])
        #expect(drill.services.map(\.recoveryTimeObjective) == [.minutes(60)])
        let real = try #require(plan(.real))
        #expect(real.steps[0].action == .run(.argv([Template("fence"), Template("real")])))
        #expect(real.steps.map(\.differsInDrill) == [false, false])
        #expect(real.steps.map(\.skipInDrill) == [nil, nil])
        #expect(real.steps[0].marks == [PlannedMark(clock: .disrupted, service: "s")])
    }

    @Test func aMarkMayTakeItsTimeFromTheStepsOwnOutputs() throws {
        func diagnostics(_ key: String) -> [String] {
            let source = Fixture.runbook(
                steps: """
                        - id: fail
                          run: [fail]
                          outputs: { at: string }
                          \(key)
                    """, metadata: ", services: [s]")
            let catalogue = SourceText(
                file: "s.yaml",
                text: "{apiVersion: drctl/v1, kind: Catalogue, metadata: {name: c}, "
                    + "spec: {services: {s: {tier: 1, owner: o}}}}")
            return RunbookSources(runbook: source, catalogue: catalogue).check().diagnostics.map(\.message)
        }
        #expect(diagnostics("marks: { clock: disrupted, service: s, at: \"${{ steps.fail.outputs.at }}\" }") == [])
        #expect(
            diagnostics("env: { AT: \"${{ steps.fail.outputs.at }}\" }") == [
                "`fail` cannot read its own output: there is none before it has run"
            ])
    }

    @Test func acceptedEndsAreWrittenInFull() throws {
        let steps = """
                - { id: a, run: ["true"] }
                - { id: b, run: ["true"], onFailure: continue }
                - { id: c, needs: [b, { step: a, accept: [skipped] }], run: ["true"] }
            """
        let plan = try #require(plan(steps).value)
        #expect(
            plan.steps[2].needs == [
                Need(step: "a", accept: [.succeeded, .skipped]), Need(step: "b", accept: [.succeeded, .failed]),
            ])
    }

    @Test func scalarsReachArgvAsWritten() throws {
        let plan = try #require(plan("    - { id: a, run: [x, 010, 1.50, yes, ~x, 0x1F, 1e3, \"\", 'it''s'] }").value)
        let words = ["x", "010", "1.50", "yes", "~x", "0x1F", "1e3", "", "it's"]
        #expect(plan.steps[0].action == .run(.argv(words.map { Template($0) })))
    }

    @Test func whatIsNotKnownStaysAnExpression() throws {
        let steps = """
                - { id: a, run: [go], outputs: { n: integer } }
                - id: b
                  needs: [a]
                  when: steps.a.outputs.n > 3 && inputs.s == 'x'
                  run: [go, "${{ run.directory }}/${{ inputs.s }}-${{ steps.a.outputs.n }}"]
                  env: { N: "${{ inputs.s }}" }
            """
        let plan = try #require(plan(steps, spec: "  inputs: { s: { type: string, default: x } }").value)
        let step = plan.steps[1]
        guard case .run(.argv(let argv)) = step.action else {
            Issue.record("not a command")
            return
        }
        #expect(argv[1].display == "${{ run.directory }}/x-${{ steps.a.outputs.n }}")
        #expect(step.condition?.source == "(steps.a.outputs.n > 3) && ('x' == 'x')")
        #expect(step.env == ["N": .text(Template("x"))])
        let context = EvaluationContext(values: ["run.directory": .string("/w"), "steps.a.outputs.n": .integer(4)])
        #expect(try argv[1].resolve(in: context) == "/w/x-4")
    }

    @Test(arguments: [
        ("http: { get: \"ftp://x\" }", "`a`: `ftp://x` is not a URL of a web server"),
        ("wait: { tcp: nothing }", "`a`: `nothing` is not a host and a port"),
        ("resync: { from: x, to: /y, service: s }", "`a`: `x` is not an absolute path"),
    ])
    func valuesAreLookedAt(action: String, message: String) {
        let source = Fixture.runbook(steps: "    - { id: a, \(action) }", metadata: ", services: [s]")
        let catalogue = SourceText(
            file: "s.yaml",
            text:
                "{apiVersion: drctl/v1, kind: Catalogue, metadata: {name: c}, spec: {services: {s: {tier: 1, owner: o}}}}"
        )
        let planned = RunbookSources(runbook: source, catalogue: catalogue).plan(
            PlanningRequest(mode: .drill, folder: folder), world: world)
        #expect(messages(planned) == [message])
    }

    // MARK: Digests and bytes

    private func digests(_ steps: String, file: String = "go") throws -> [StepID: Digest] {
        let world = PlanningWorld(file: { path in
            path == "scripts/go" ? RunbookFile(bytes: Array(file.utf8), isExecutable: true) : nil
        })
        let plan = try #require(
            RunbookSources(runbook: Fixture.runbook(steps: steps)).plan(
                PlanningRequest(mode: .drill, folder: folder), world: world
            ).value)
        return Dictionary(uniqueKeysWithValues: plan.steps.map { ($0.id, $0.digest) })
    }

    @Test func stepDigestsCoverDefinitionFilesAndNeeds() throws {
        let base = try digests(
            """
                - { id: a, run: [scripts/go] }
                - { id: b, needs: [a], run: [x] }
                - { id: c, needs: [b], run: [x] }
                - { id: d, run: [x] }
            """)
        #expect(Set(base.values).count == 4)
        let reordered = try digests(
            """
                - { id: d, run: [x] }
                - { id: c, run: [x], needs: [b] }
                - { id: b, needs: [a], run: [x] }
                - { id: a, run: [scripts/go] }
            """)
        #expect(reordered == base)
        let file = try digests(
            """
                - { id: a, run: [scripts/go] }
                - { id: b, needs: [a], run: [x] }
                - { id: c, needs: [b], run: [x] }
                - { id: d, run: [x] }
            """, file: "changed")
        #expect(base.keys.filter { base[$0] != file[$0] }.sorted() == ["a", "b", "c"])
        let middle = try digests(
            """
                - { id: a, run: [scripts/go] }
                - { id: b, needs: [a], run: [y] }
                - { id: c, needs: [b], run: [x] }
                - { id: d, run: [x] }
            """)
        #expect(base.keys.filter { base[$0] != middle[$0] }.sorted() == ["b", "c"])
    }

    /// A run of an earlier drctl is still read, and verified.
    @Test func aPlanFromBeforeRollbacksIsRead() throws {
        let plan = try #require(plan(one).value)
        var text = String(decoding: try PlanCodec.encode(plan), as: UTF8.self)
        for key in [#""concurrency":{},"#, #""dependencies":{},"#, #""rollback":"auto","#, #""rollbacks":[],"#] {
            #expect(text.contains(key))
            text = text.replacing(key, with: "")
        }
        let read = try PlanCodec.decode(Array(text.utf8))
        #expect(read.steps == plan.steps)
        #expect(read.rollback == .never && read.rollbacks.isEmpty && read.concurrency.isEmpty)
    }

    @Test func bytesAreCanonical() throws {
        let plan = try #require(plan("    - { id: a, run: [echo, \"a/b\", \"ü\\n\"] }").value)
        let bytes = try PlanCodec.encode(plan)
        #expect(try PlanCodec.encode(plan) == bytes)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.hasPrefix("{\"cleanup\":[],\"concurrency\":{},\"dependencies\":{},\"environment\":\"rehearsal\""))
        #expect(text.hasSuffix("}\n"))
        #expect(text.contains("\"run\":{\"argv\":[\"echo\",\"a/b\",\"ü\\n\"]}"))
        #expect(try PlanCodec.decode(bytes) == plan)
        #expect(PlanCodec.digest(bytes) == Digest.of(bytes))
    }

    @Test func otherBytesAreNoPlan() throws {
        let plan = try #require(plan(one).value)
        let text = String(decoding: try PlanCodec.encode(plan), as: UTF8.self)
        let newer = text.replacing("drctl.plan/1", with: "drctl.plan/2")
        let error = #expect(throws: RunbookError.self) { try PlanCodec.decode(Array(newer.utf8)) }
        #expect(error?.code == .unknownSchema)
        #expect(error?.message == "the plan is written as drctl.plan/2; this drctl reads drctl.plan/1")
        for broken in ["", "{}", "[]", String(text.dropLast(5)), text.replacing("\"run\":{", with: "\"ran\":{")] {
            let error = #expect(throws: RunbookError.self) { try PlanCodec.decode(Array(broken.utf8)) }
            #expect(error?.code == .encoding)
        }
    }
}
