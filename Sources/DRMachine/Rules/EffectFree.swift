import DRRunbook

// Steps without a process: they wait for a time or a service's end, or leave a note. They start and end in decisions
// alone, take no place of `width`, and need no supervisor.
extension Decision {
    mutating func beginEffectFree(_ index: Int) throws(MachineError) {
        let step = state.topology.steps[index]
        switch step.action {
        case .delay(let span): try emit(.stepBegan(step.id, due: now.advanced(by: span), text: nil))
        case .notify(let notify):
            let text: String
            do {
                text = try notify.text.resolve(in: EvaluationContext(values: state.values))
            } catch {
                return try fail(index, reason: "it cannot be resolved: \(error)")
            }
            begunTextBytes += text.utf8.count
            try emit(.stepBegan(step.id, due: nil, text: text))
        case .stop, .runbook: try emit(.stepBegan(step.id, due: nil, text: nil))
        default: break
        }
    }

    /// A step in phase `waiting`: it may be over.
    mutating func lookAtWaiting(_ index: Int) throws(MachineError) {
        guard case .waiting(let due) = state[index].phase, !state.isEnding(index) else { return }
        if state.topology.steps[index].escalation != nil { return try lookAtEscalation(index) }
        switch state.topology.steps[index].action {
        case .delay: if let due, !now.isPast(due) { return }
        case .stop(let service):
            // Looked at in its turn: it sees that its end is asked for.
            guard let stopped = state.topology.positions[service], state[stopped].service == nil,
                state[stopped].phase.isOver
            else { return }
        default: break
        }
        try succeed(index, outputs: [:], by: nil)
    }
}
