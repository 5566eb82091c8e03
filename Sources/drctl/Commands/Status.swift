import ArgumentParser
import DRJournal
import DRMachine
import DRMeasure
import DRRunbook
import DRSystem
import SystemPackage

struct Status: Command {
    static let configuration = CommandConfiguration(
        abstract: "What is running, how far it is, and what waits for whom.",
        discussion: """
            Exits 42 while a run waits for a person, 44 while one is in doubt.

            Example:  drctl status
                      drctl status orders-20261122 --json
                      drctl status --all
            """)

    @OptionGroup var selection: RunSelection
    @Flag(help: "List every run, the closed ones too.")
    var all = false
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        if all { return try list() }
        let view = try latest()
        let summary = RunSummary(view)
        return .run(summary.conditions, text: try text(view, summary), result: summary)
    }

    /// The run named, the only open one, or (where none is open) the last one.
    private func latest() throws -> RunView {
        let root = try selection.state.root()
        if selection.run == nil, let last = try RunDirectory.list(in: root).last,
            try !RunDirectory.list(in: root).contains(where: { (try? RunView(reading: $0))?.isClosed == false })
        {
            return try RunView(reading: last)
        }
        return try selection.select("show") { !$0.isClosed }
    }

    private func text(_ view: RunView, _ summary: RunSummary) throws -> String {
        let now = try SystemTimeSource().moment
        let columns = Terminal.isTerminal(.standardOutput) ? Canvas.size.columns : .max
        let live = LiveView(plan: view.plan, columns: columns, rows: 10_000, usesColour: false)
        var lines = live.lines(view.state, now: view.isClosed ? view.state.lastAt ?? now : now, frame: 0)
        lines.append("")
        lines.append("run      \(view.directory.id)")
        lines.append("journal  \(view.directory.journal)")
        switch summary.runner {
        case .some(let holder): lines.append("runner   \(holder)")
        case nil where !view.isClosed:
            lines.append("runner   none is alive; go on with:  drctl resume \(view.directory.id)")
        case nil: break
        }
        return lines.joined(separator: "\n")
    }

    private func list() throws -> Outcome {
        let root = try selection.state.root()
        var rows: [RunSummary] = []
        var unreadable: [String] = []
        for directory in try RunDirectory.list(in: root) {
            do {
                rows.append(RunSummary(try RunView(reading: directory)))
            } catch {
                unreadable.append("\(directory.id)  cannot be read: \(Failure(error).message)")
            }
        }
        let width = rows.map(\.run.count).max() ?? 0
        let lines = rows.map { row in
            row.run + String(repeating: " ", count: width - row.run.count)
                + "  \(row.mode)  \(row.status)  \(row.runbook)"
        }
        return .run(
            unreadable.isEmpty ? [] : [.notEstablished],
            text: (lines + unreadable.map(displayEscaped)).joined(separator: "\n"), result: rows)
    }
}

/// A run in a few words, for lists and for JSON.
struct RunSummary: Encodable, Sendable {
    struct Waiting: Encodable, Sendable {
        var step: String
        var `for`: String
        var text: String
    }

    var run: String
    var runbook: String
    var mode: String
    var status: String
    var runner: String?
    var stepsDone: Int
    var steps: Int
    var waiting: [Waiting]
    var owedCleanup: [String]
    var head: JournalHead?

    init(_ view: RunView) {
        run = view.directory.id
        runbook = view.plan.runbook.name
        mode = view.plan.mode.rawValue
        status = Self.word(view.state.status)
        runner = (try? RunnerLock.holder(of: view.directory, contents: view.contents)).flatMap { $0 }
        steps = view.plan.steps.count
        stepsDone =
            view.plan.steps.filter { step in
                switch view.state.steps[step.id]?.phase {
                case .succeeded, .failed, .skipped: true
                default: false
                }
            }.count
        waiting = view.plan.steps.compactMap { step -> Waiting? in
            guard !view.isClosed, let current = view.state.steps[step.id] else { return nil }
            switch current.phase {
            case .asking:
                return Waiting(
                    step: step.id.rawValue, for: current.card.map(EventLine.asked) ?? "a person",
                    text: current.card?.text ?? "")
            case .held(let reason, _): return Waiting(step: step.id.rawValue, for: "a person (held)", text: reason)
            case .inDoubt(_, let reason, _):
                return Waiting(step: step.id.rawValue, for: "a person (in doubt)", text: reason)
            default: return nil
            }
        }
        owedCleanup = view.state.owedCleanup.keys.map(\.rawValue).sorted()
        head = view.contents.head
        inDoubt = view.state.steps.values.contains { if case .inDoubt = $0.phase { true } else { false } }
        outcome = if case .closed(let outcome, _) = view.state.status { outcome } else { nil }
    }

    private let inDoubt: Bool
    private let outcome: RunOutcome?

    var conditions: [ExitStatus] {
        var conditions: [ExitStatus] = []
        if inDoubt { conditions.append(.inDoubt) }
        switch outcome {
        case .failed: conditions.append(.runFailed)
        case .refused: conditions.append(.refused)
        case .cancelled: conditions.append(.cancelled)
        case .succeeded, nil: break
        }
        if !waiting.isEmpty { conditions.append(.waitingForPerson) }
        return conditions
    }

    private enum CodingKeys: String, CodingKey {
        case run, runbook, mode, status, runner, stepsDone, steps, waiting, owedCleanup, head
    }

    private static func word(_ status: RunStatus) -> String {
        switch status {
        case .starting: "starting"
        case .running: "running"
        case .paused: "paused"
        case .stopping: "stopping"
        case .closed(let outcome, _): outcome.rawValue
        }
    }
}
