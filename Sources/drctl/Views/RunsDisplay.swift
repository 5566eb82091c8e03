import DRJournal
import DRMachine
import DRSystem

/// Shows several runs while they go on: a line a run at a terminal, their events with the runs' ids elsewhere; always on
/// standard error.
struct RunsDisplay {
    private struct Shown {
        var lines: EventLine
        var events: Int
    }

    private var canvas: Canvas? = Canvas.isAvailable ? Canvas() : nil
    private var shown: [String: Shown] = [:]

    /// What has happened in a run that is already over is not told.
    mutating func skip(_ view: RunView) {
        shown[view.directory.id] = Shown(lines: EventLine(plan: view.plan), events: view.contents.events.count)
    }

    /// - Parameters:
    ///   - changed: the runs whose journals have grown.
    ///   - followed: all runs, oldest first.
    mutating func show(changed: [RunView], followed: [RunView]) {
        guard canvas != nil else { return changed.forEach { tell($0) } }
        let size = Canvas.size
        canvas?.draw(
            Self.rows(followed.map { RunSummary($0) }, columns: size.columns, usesColour: Canvas.usesColour).suffix(
                max(1, size.rows - 1)))
    }

    private mutating func tell(_ view: RunView) {
        let id = view.directory.id
        var run = shown[id] ?? Shown(lines: EventLine(plan: view.plan), events: 0)
        run.lines.isEnding = view.state.status.isEnding
        for event in view.contents.events.dropFirst(run.events) {
            if let line = run.lines.line(event) { Output.note("\(id)  \(line)") }
        }
        run.events = view.contents.events.count
        shown[id] = run
    }

    /// A line a run, cut to the terminal's width.
    static func rows(_ runs: [RunSummary], columns: Int, usesColour: Bool) -> [String] {
        let layout = TextLayout(columns: columns, usesColour: usesColour)
        let width = runs.map(\.run.displayWidth).max() ?? 0
        return runs.map { run in
            let needsSomebody = !run.waiting.isEmpty
            let style: TextLayout.Style =
                switch run.status {
                case "succeeded": .good
                case "failed", "refused": .bad
                default: needsSomebody ? .warning : .plain
                }
            let asked = run.waiting.first.map { waiting in
                "  waits for \(waiting.for)\(waiting.step.isEmpty ? "" : ": \(waiting.step)")"
                    + (run.waiting.count > 1 ? " and \(run.waiting.count - 1) more" : "")
            }
            let idle = run.runner == nil && run.isOpen ? "  NO RUNNER" : ""
            let progress = layout.padded("\(run.stepsDone)/\(run.steps)", to: 9, atEnd: false)
            return layout.cut(
                layout.padded(run.run, to: width) + "  " + layout.paint(layout.padded(run.status, to: 9), style)
                    + progress
                    + idle + displayEscaped(asked ?? ""))
        }
    }
}
