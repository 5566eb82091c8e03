import DRRunbook

// Steps that tell somebody that a card waits: they begin with the card, and end with it or when somebody is told.
extension Decision {
    /// What follows for the step that tells of this one's card, if there is one.
    mutating func lookAtEscalation(of index: Int) throws(MachineError) {
        if let telling = state.topology.escalations[index] { try lookAtEscalation(telling) }
    }

    /// A step that tells of a card, and has not yet.
    mutating func lookAtEscalation(_ index: Int) throws(MachineError) {
        let step = state.topology.steps[index]
        guard let escalation = step.escalation, let asking = state.topology.positions[escalation.of],
            !state.isEnding(index)
        else { return }
        let card = state[asking]
        switch state[index].phase {
        case .pending:
            if card.phase == .asking, card.acknowledgedBy == nil {
                try emit(.stepBegan(step.id, due: now.advanced(by: escalation.after), text: nil))
            } else if card.phase.isOver, card.followUp == nil {
                try emit(.stepSkipped(step.id, reason: "\(escalation.of) asked nobody for so long"))
            }
        case .waiting(let due): try tell(index, of: asking, due: due)
        case .waitingToRetry(let due): try tell(index, of: asking, due: due)
        default: break
        }
    }

    /// Nobody is told of what somebody answers or sees to.
    private mutating func tell(_ index: Int, of asking: Int, due: Moment?) throws(MachineError) {
        let (step, card) = (state.topology.steps[index], state[asking])
        let id = state.topology.steps[asking].id
        if card.phase != .asking {
            try emit(.stepSkipped(step.id, reason: "\(id) was answered in time"))
        } else if let who = card.acknowledgedBy {
            try emit(.stepSkipped(step.id, reason: "\(who) acknowledged \(id)"))
        } else if state.canEscalate(index), card.card != nil, due.map(now.isPast) != false {
            if step.action.isEffectFree {
                try succeed(index, outputs: [:], by: nil)
            } else {
                try intend(.action, of: index)
            }
        }
    }
}

extension RunState {
    /// Whether a step that tells of a card may do so now: in a run that is paused nobody is told.
    func canEscalate(_ index: Int) -> Bool {
        status == .running && isOpen
            && (topology.steps[index].action.isEffectFree || isReachable(topology.steps[index].place))
    }
}
