import DRMachine
import DRRunbook
import DRSystem

/// The picture of a run at a terminal: a pure function of the state and the time.
struct LiveView {
    var plan: Plan
    var columns: Int
    var rows: Int
    var usesColour: Bool

    func lines(_ state: RunState, now: Moment, frame: Int) -> [String] {
        var lines = [header(state, now: now)]
        lines += objectives(state, now: now)
        lines.append("")
        let steps = plan.steps + (state.status.isEnding ? plan.cleanup : [])
        let room = max(3, rows - lines.count - 3)
        lines += visible(steps, state, room: room).map { stepLine($0, state, now: now, frame: frame) }
        if steps.count > room { lines.append(paint("  … \(steps.count) steps, \(room) shown", .faint)) }
        lines += waiting(state, now: now)
        return lines.map { cut($0) }
    }

    private func header(_ state: RunState, now: Moment) -> String {
        let elapsed = state.firstAt.map { TimeText.span(now.elapsed(since: $0)) } ?? ""
        let done = plan.steps.filter { isOver(state.steps[$0.id]?.phase) }.count
        return
            "\(paint(plan.runbook.title, .bold))  \(plan.mode.rawValue)  \(done)/\(plan.steps.count)  \(elapsed)  \(status(state.status))"
    }

    private func status(_ status: RunStatus) -> String {
        switch status {
        case .starting: "starting"
        case .running: "running"
        case .paused(let reason): paint("paused: \(reason)", .warning)
        case .stopping(let cause, let reason, _):
            cause == .finished ? "finishing" : paint("stopping (\(cause.rawValue)): \(reason)", .warning)
        case .closed(let outcome, _): paint(outcome.rawValue, outcome == .succeeded ? .good : .bad)
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
                "  \(service.name)  RTO \(TimeText.span(objective))  \(paint(bar, left < .zero ? .bad : .good))  \(end)"
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
        var line = "  \(paint(mark, style)) \(pad(step.id.rawValue, 22)) \(displayEscaped(step.title))"
        if let from = current.firstIntendedAt {
            line += "  \(TimeText.span((current.endedAt ?? now).elapsed(since: from)))"
        }
        if current.attempts.filter({ $0.spec.attempt.part == .action }).count > 1 {
            line += paint("  ×\(current.attempts.filter { $0.spec.attempt.part == .action }.count)", .warning)
        }
        switch current.phase {
        case .failed(let reason), .held(let reason, _), .inDoubt(_, let reason, _):
            line += "  " + paint(displayEscaped(reason), .bad)
        case .skipped(let reason): line += "  " + paint(displayEscaped(reason), .faint)
        default: break
        }
        return line
    }

    private func waiting(_ state: RunState, now: Moment) -> [String] {
        var lines: [String] = []
        for step in plan.steps {
            guard let current = state.steps[step.id] else { continue }
            switch current.phase {
            case .asking:
                guard let card = current.card else { continue }
                let due = card.due.map { ", \(TimeText.span($0.elapsed(since: now))) left" } ?? ""
                lines += ["", paint("  \(step.id) waits for \(EventLine.asked(card))\(due)", .warning)]
                lines.append("    " + displayEscaped(card.text))
            case .held:
                lines.append(
                    paint("  \(step.id) is held: drctl resolve RUN \(step.id) --as retry|done|failed|skip", .warning))
            case .inDoubt: lines.append(paint("  \(step.id) is in doubt: look at the world, then drctl resolve", .bad))
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

    static func mark(_ phase: StepPhase, frame: Int) -> (String, Style) {
        let spinner = ["|", "/", "-", "\\"]
        return switch phase {
        case .pending: (" ", .faint)
        case .running: (spinner[frame % spinner.count], .plain)
        case .waitingToRetry: ("~", .warning)
        case .asking: ("?", .warning)
        case .held, .inDoubt: ("!", .bad)
        case .succeeded: ("✓", .good)
        case .failed: ("✗", .bad)
        case .skipped: ("-", .faint)
        }
    }

    // MARK: text

    enum Style: String {
        case plain = ""
        case bold = "1"
        case faint = "2"
        case good = "32"
        case warning = "33"
        case bad = "31"
    }

    private func paint(_ text: String, _ style: Style) -> String {
        usesColour && style != .plain ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text.count >= width ? text : text + String(repeating: " ", count: width - text.count)
    }

    /// Cuts a line to the terminal's width; escape sequences take no room.
    private func cut(_ line: String) -> String {
        var result = ""
        var room = columns
        var isEscape = false
        for character in line {
            if character == "\u{1B}" { isEscape = true }
            if isEscape {
                result.append(character)
                if character == "m" { isEscape = false }
                continue
            }
            guard room > 0 else { continue }
            room -= 1
            result.append(character)
        }
        return result
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
