import DRCrypto
import DRMachine
import DRRunbook
import DRSystem
import Testing

@testable import drctl

/// The picture of a run fits its terminal, and says who has to do what.
@Suite struct LiveViewTests {
    init() { ProcessStart.prepare() }

    private static let start = Moment(wall: 1_800_000_000_000_000_000, boot: 1_000_000_000_000, bootID: "boot-1")

    /// A real run of many steps whose first one asks a person.
    private static func asking(steps: Int) throws -> (plan: Plan, state: RunState) {
        let digest = Digest.of([])
        let question = String(
            repeating: "Is the old primary fenced, and has somebody seen it with their own eyes? ", count: 4)
        var planned = [
            PlannedStep(
                id: "go", title: "A person says go", action: .approve(ApprovalCard(message: Template(question))),
                needs: [],
                effect: .read, onFailure: .continue, digest: digest)
        ]
        for number in 1...steps {
            planned.append(
                PlannedStep(
                    id: StepID(rawValue: "step-\(number)"),
                    title: "A step with a title that is much longer than needed",
                    action: .run(.argv([Template("true")])), needs: [Need(step: "go")], effect: .idempotent,
                    onFailure: .continue, digest: digest))
        }
        let plan = Plan(
            runbook: RunbookIdentity(name: "book", title: "A run that waits", owner: "sre", digest: digest),
            purpose: .failover, mode: .real, environment: "here", services: [], isolation: nil, steps: planned)
        var state = RunState(plan: plan)
        let created = RunCreated(
            semantics: RunMachine.semantics, run: "r1", plan: digest, mode: .real, runbook: "book", seed: "00",
            initiatorUID: 1000, initiator: "ada", unattended: false, workDirectory: "/w", filesDirectory: "/f")
        let runner = RunnerIdentity(epoch: 1, host: "h", pid: 7, bootID: "boot-1", version: "test")
        let supervisor = SupervisorIdentity(place: .outside, pid: 9, startTicks: 1, bootID: "boot-1", generation: 1)
        for input in [
            Input.createRun(created), .runnerStarted(runner), .supervisorConnected(supervisor, attempts: []),
        ] {
            _ = try RunMachine.advance(&state, input, now: start)
        }
        return (plan, state)
    }

    @Test(arguments: [(80, 24), (40, 12), (20, 10), (200, 60)])
    func itFitsTheTerminal(columns: Int, rows: Int) throws {
        let (plan, state) = try Self.asking(steps: 100)
        let view = LiveView(plan: plan, columns: columns, rows: rows, usesColour: false)
        let lines = view.lines(state, now: Self.start.advanced(by: .seconds(90)), frame: 0)
        // One row below the picture is the cursor's.
        #expect(lines.count < rows)
        #expect(lines.allSatisfy { $0.displayWidth <= columns })
    }

    @Test func whatWaitsIsToldWithItsAnswer() throws {
        let (plan, state) = try Self.asking(steps: 3)
        let view = LiveView(plan: plan, columns: 80, rows: 40, usesColour: false)
        let lines = view.lines(state, now: Self.start, frame: 0)
        #expect(lines.contains("  go waits for a person"))
        #expect(lines.contains("    drctl approve r1 go"))
        #expect(lines.first == "real running  0/4  0ms  A run that waits")
    }

    @Test func coloursTakeNoRoom() {
        let layout = TextLayout(columns: 5, usesColour: true)
        #expect(layout.cut(layout.paint("abcdefgh", .bad)) == "\u{1B}[31mabcde\u{1B}[0m")
        #expect(TextLayout(columns: 5, usesColour: false).paint("a", .bad) == "a")
    }

    @Test func wideCharactersTakeTheirRoom() {
        let layout = TextLayout(columns: 5, usesColour: false)
        #expect(layout.cut("日本語") == "日本")
        #expect(layout.padded("日本", to: 6) == "日本  ")
        #expect("e\u{301}".displayWidth == 1 && "…".displayWidth == 1)
    }

    @Test func wordsAreNotBroken() {
        let layout = TextLayout(columns: 24, usesColour: false)
        #expect(
            layout.indented("the quick brown fox jumps\nover") == ["    the quick brown fox", "    jumps", "    over"])
    }
}
