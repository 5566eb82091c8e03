import DRMachine
import DRRunbook
import DRSystem

/// The picture of a run at a terminal: a pure function of the state and the time.
struct LiveView {
    var plan: Plan
    var rows: Int
    var layout: TextLayout

    private typealias Style = TextLayout.Style

    init(plan: Plan, columns: Int, rows: Int, usesColour: Bool) {
        self.plan = plan
        self.rows = rows
        layout = TextLayout(columns: columns, usesColour: usesColour)
    }

    func lines(_ state: RunState, now: Moment, frame: Int) -> [String] {
        let head = [header(state, now: now)] + objectives(state, now: now) + [""]
        // What waits for somebody matters most, and still leaves room for the steps around it.
        let waiting = Array(waiting(state, now: now).prefix(max(3, rows / 2 - 1)))
        let steps = plan.steps + (state.status.isEnding ? state.rollbackSteps + plan.cleanup : [])
        let room = max(1, rows - head.count - waiting.count - 2)
        var lines = head + visible(steps, state, room: room).map { stepLine($0, state, now: now, frame: frame) }
        if steps.count > room { lines.append(layout.paint("  … \(steps.count) steps, \(room) shown", .faint)) }
        return (lines + waiting).map { layout.cut($0) }
    }

    private func header(_ state: RunState, now: Moment) -> String {
        let elapsed = state.firstAt.map { TimeText.span(now.elapsed(since: $0)) } ?? ""
        let done = plan.steps.filter { isOver(state.steps[$0.id]?.phase) }.count
        return
            "\(plan.mode.rawValue) \(status(state.status))  \(done)/\(plan.steps.count)  \(elapsed)  \(layout.paint(displayEscaped(plan.runbook.title), .bold))"
    }

    private func status(_ status: RunStatus) -> String {
        switch status {
        case .starting: "starting"
        case .running: "running"
        case .paused(let reason): layout.paint("paused: \(displayEscaped(reason))", .warning)
        case .stopping(let cause, let reason, _):
            cause == .finished
                ? "finishing" : layout.paint("stopping (\(cause.rawValue)): \(displayEscaped(reason))", .warning)
        case .closed(let outcome, _): layout.paint(outcome.rawValue, outcome == .succeeded ? .good : .bad)
        }
    }

    /// One line a service: time since its disruption against the objective, and what is left of it.
    private func objectives(_ state: RunState, now: Moment) -> [String] {
        plan.services.compactMap { service in
            guard let objective = service.recoveryTimeObjective else { return nil }
            let from = state.clocks.last { $0.service == service.name && $0.clock == service.from }
            let to = state.clocks.last { $0.service == service.name && $0.clock == service.to }
            guard let from else {
                return "  \(service.name)  RTO \(TimeText.span(objective))  not \(service.from.rawValue) yet"
            }
            let spent = (to?.at ?? now).elapsed(since: from.at)
            let left = objective - spent
            let bar = meter(spent: spent, of: objective)
            let end =
                to != nil
                ? "achieved \(TimeText.span(spent))"
                : left < .zero ? "over by \(TimeText.span(.zero - left))" : "\(TimeText.span(left)) left"
            return
                "  \(service.name)  RTO \(TimeText.span(objective))  \(layout.paint(bar, left < .zero ? .bad : .good))  \(end)"
        }
    }

    private func meter(spent: TimeSpan, of objective: TimeSpan) -> String {
        let width = 20
        guard objective > .zero else { return "" }
        let share = Double(max(0, spent.nanoseconds)) / Double(objective.nanoseconds)
        let filled = min(width, Int(share * Double(width)))
        return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled) + "]"
    }

    /// The steps that matter most where not all fit: those under way or waiting, with what is around them.
    private func visible(_ steps: [PlannedStep], _ state: RunState, room: Int) -> [PlannedStep] {
        guard steps.count > room else { return steps }
        let first = steps.firstIndex { !isOver(state.steps[$0.id]?.phase) } ?? steps.count
        let start = max(0, min(first - room / 3, steps.count - room))
        return Array(steps[start..<(start + room)])
    }

    private func stepLine(_ step: PlannedStep, _ state: RunState, now: Moment, frame: Int) -> String {
        let current = state.steps[step.id] ?? StepState()
        let (mark, style) = Self.mark(current.phase, frame: frame)
        // The time before the title: where the terminal is narrow, it is the title that is cut.
        let took = current.firstIntendedAt.map { TimeText.span((current.endedAt ?? now).elapsed(since: $0)) } ?? ""
        var line =
            "  \(layout.paint(mark, style)) \(layout.padded(step.id.rawValue, to: 20)) \(layout.padded(took, to: 7, atEnd: false))  \(displayEscaped(step.title))"
        if current.attempts.filter({ $0.spec.attempt.part == .action }).count > 1 {
            line += layout.paint("  ×\(current.attempts.filter { $0.spec.attempt.part == .action }.count)", .warning)
        }
        if current.phase == .running, let attempt = current.attempts.last, let turn = attempt.spec.turn,
            attempt.start == nil
        {
            line += "  " + layout.paint("waits for its turn in \(turn.group)", .faint)
        }
        switch current.phase {
        case .failed(let reason), .held(let reason, _), .inDoubt(_, let reason, _):
            line += "  " + layout.paint(displayEscaped(reason), .bad)
        case .skipped(let reason): line += "  " + layout.paint(displayEscaped(reason), .faint)
        default: break
        }
        return line
    }

    /// What waits for a person: which step, why, and the command that answers it.
    private func waiting(_ state: RunState, now: Moment) -> [String] {
        // What is stopping takes no answers any more.
        let run = state.created?.run ?? "RUN"
        var lines: [String] = []
        func tell(_ headline: String, _ style: Style, text: String, answer: String) {
            lines += ["", layout.paint("  " + headline, style)]
            lines += layout.indented(text, most: max(1, rows / 4)) + ["    " + answer]
        }
        if case .asked(let due) = state.rollback, case .stopping = state.status {
            let left = due.map { ", \(TimeText.span($0.elapsed(since: now))) left" } ?? ""
            tell(
                "roll back what was done?\(left)", .warning, text: "nothing goes on before somebody says so",
                answer: "drctl undo \(run) --reason …, or: drctl commit \(run) --reason …")
        }
        let unconfirmed = state.unconfirmedSteps
        if !unconfirmed.isEmpty, !state.status.isEnding {
            tell(
                "the machine was restarted: do these still hold?", .warning,
                text: unconfirmed.map(\.rawValue).joined(separator: ", "),
                answer: "drctl resume \(run) --confirm-finished, or: drctl resolve \(run) STEP --as retry --reason …")
        }
        // What is stopping asks about its rollback alone.
        for step in state.status.isEnding ? state.rollbackSteps : plan.steps {
            guard let current = state.steps[step.id] else { continue }
            switch current.phase {
            case .asking:
                guard let card = current.card else { continue }
                let due = card.due.map { ", \(TimeText.span($0.elapsed(since: now))) left" } ?? ""
                let answer =
                    card.kind == .approval
                    ? "drctl approve \(run) \(step.id)" : "drctl resolve \(run) \(step.id) --as done --reason …"
                let seen = current.acknowledgedBy.map { "; \(displayEscaped($0)) sees to it" } ?? ""
                tell(
                    "\(step.id) waits for \(displayEscaped(EventLine.asked(card, of: plan)))\(due)\(seen)", .warning,
                    text: card.text, answer: answer)
            case .held(let reason, _):
                tell(
                    "\(step.id) is held", .warning, text: reason,
                    answer: "drctl resolve \(run) \(step.id) --as retry|done|failed|skip --reason …")
            case .inDoubt(_, let reason, _):
                tell(
                    "\(step.id) is in doubt: look at the world, not at the log", .bad, text: reason,
                    answer: "drctl resolve \(run) \(step.id) --as done|retry|failed --reason …")
            default: break
            }
        }
        return lines
    }

    private func isOver(_ phase: StepPhase?) -> Bool {
        switch phase {
        case .succeeded, .failed, .skipped: true
        default: false
        }
    }

    private static func mark(_ phase: StepPhase, frame: Int) -> (String, Style) {
        let spinner = ["|", "/", "-", "\\"]
        return switch phase {
        case .pending: (" ", .faint)
        case .running: (spinner[frame % spinner.count], .plain)
        case .waitingToRetry: ("~", .warning)
        case .waiting: (spinner[frame % spinner.count], .faint)
        case .asking: ("?", .warning)
        case .held, .inDoubt: ("!", .bad)
        case .succeeded: ("✓", .good)
        case .failed: ("✗", .bad)
        case .skipped: ("-", .faint)
        }
    }
}

extension RunStatus {
    /// Whether nothing new starts but what the run ends with.
    var isEnding: Bool {
        switch self {
        case .stopping, .closed: true
        case .starting, .running, .paused: false
        }
    }
}
