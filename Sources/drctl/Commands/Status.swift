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
        let (view, failures) = try latest()
        let summary = RunSummary(view)
        return .run(failures.map(\.exit) + summary.conditions, text: try text(view, summary), result: summary)
    }

    /// The run named, the only open one, or (where none is open) the last one that began; and why others cannot be read.
    private func latest() throws -> (RunView, [Failure]) {
        guard selection.run == nil else { return (try selection.select("show") { _ in true }, []) }
        let (views, failures) = try RunView.all(in: try selection.state.root())
        let open = views.filter { !$0.isClosed }
        if let only = open.first ?? views.last, open.count <= 1 { return (only, failures) }
        return (try selection.select("show", among: views) { !$0.isClosed }, failures)
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
        var views: [RunView] = []
        var unreadable: [(run: String, failure: Failure)] = []
        for directory in try RunDirectory.list(in: try selection.state.root()) {
            do { views.append(try RunView(reading: directory)) } catch {
                unreadable.append((directory.id, Failure(error)))
            }
        }
        let rows = views.sorted().map { RunSummary($0) }
        let width = rows.map(\.run.count).max() ?? 0
        var lines = rows.map { row in
            row.run + String(repeating: " ", count: width - row.run.count)
                + "  \(row.mode)  \(row.status)  \(row.runbook)"
        }
        lines += unreadable.map { "\($0.run)  CANNOT BE READ: \(displayEscaped($0.failure.message))" }
        return .verification(unreadable.map(\.failure.exit), text: lines.joined(separator: "\n"), result: rows)
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
        waiting = view.plan.allSteps.compactMap { step -> Waiting? in
            guard !view.isClosed, let current = view.state.steps[step.id] else { return nil }
            switch current.phase {
            case .asking:
                return Waiting(
                    step: step.id.rawValue, for: current.card.map { EventLine.asked($0, of: view.plan) } ?? "a person",
                    text: current.card?.text ?? "")
            case .held(let reason, _): return Waiting(step: step.id.rawValue, for: "a person (held)", text: reason)
            case .inDoubt(_, let reason, _):
                return Waiting(step: step.id.rawValue, for: "a person (in doubt)", text: reason)
            default: return nil
            }
        }
        let unconfirmed = view.isClosed ? [] : view.state.unconfirmedSteps
        if !unconfirmed.isEmpty {
            waiting.append(
                Waiting(
                    step: "", for: "a person (the machine was restarted)",
                    text: "whether these still hold: \(unconfirmed.map(\.rawValue).joined(separator: ", "))"))
        }
        if view.isAskedForRollback {
            waiting.append(
                Waiting(step: "", for: "a person (undo or commit)", text: "whether to roll back what was done"))
        }
        owedCleanup = view.state.owedCleanup.keys.map(\.rawValue).sorted()
        head = view.contents.head
        inDoubt = view.state.steps.values.contains { if case .inDoubt = $0.phase { true } else { false } }
        outcome = if case .closed(let outcome, _) = view.state.status { outcome } else { nil }
    }

    private let inDoubt: Bool
    private let outcome: RunOutcome?

    /// It is not over.
    var isOpen: Bool { outcome == nil }

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
