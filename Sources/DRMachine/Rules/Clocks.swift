import DRRunbook

// Clocks, measures and resync records. Each is written once: what a cut-off decision wrote is not written again.
extension Decision {
    /// Why a step's clocks cannot be set.
    enum MarkError: Error {
        case unreadable(String)
        case machine(MachineError)
    }

    private mutating func mark(_ mark: ClockMark) throws(MachineError) {
        let isThere = state.clocks.contains {
            $0.clock == mark.clock && $0.service == mark.service && $0.basis == mark.basis
        }
        if !isThere { try emit(.clockMarked(mark)) }
    }

    /// `started`: the first runner took the run up.
    mutating func markStarted() throws(MachineError) {
        for service in state.plan.services {
            try mark(ClockMark(clock: .started, service: service.name, at: now, basis: "run", synthetic: false))
        }
    }

    /// `executed`: the last step ended.
    mutating func markExecuted() throws(MachineError) {
        let ends = state.topology.steps[..<state.topology.mainCount].compactMap { state.steps[$0.id]?.endedAt }
        let last = ends.max { one, other in other.elapsed(since: one) > .zero } ?? now
        let marked = Set(
            state.topology.steps.flatMap(\.marks).filter { $0.clock == .executed }.map(\.service))
        for service in state.plan.services where !marked.contains(service.name) {
            try mark(ClockMark(clock: .executed, service: service.name, at: last, basis: "run", synthetic: false))
        }
    }

    /// The clocks that a step sets when it succeeds.
    mutating func mark(
        _ index: Int, outputs: [String: Value], by attempt: AttemptState?
    ) throws(MarkError) {
        let step = state.topology.steps[index]
        for planned in step.marks {
            let at: Moment
            let byWord = attempt == nil && state[index].claim != nil
            if let template = planned.at {
                at = try moment(template, of: step.id, outputs: outputs)
            } else if planned.clock == .disrupted {
                // An attempt before this one may have caused it already.
                at = state[index].attempts.first { $0.id.part == .action && $0.start != nil }?.start?.at ?? now
            } else {
                at = attempt?.end?.at ?? now
            }
            do {
                try mark(
                    ClockMark(
                        clock: planned.clock, service: planned.service, at: at,
                        basis: "step \(step.id)" + (byWord ? ", on a person's word" : ""),
                        synthetic: planned.synthetic || (planned.clock == .disrupted && state.plan.mode == .drill)))
            } catch {
                throw .machine(error)
            }
        }
    }

    /// How far another host's clock may be ahead of this one's.
    private static let clockSkew = TimeSpan.seconds(60)

    private func moment(
        _ template: Template, of id: StepID, outputs: [String: Value]
    ) throws(MarkError) -> Moment {
        var values = state.values
        for (name, value) in outputs { values["steps.\(id).outputs.\(name)"] = value }
        let text: String
        do {
            text = try template.resolve(in: EvaluationContext(values: values))
        } catch {
            throw .unreadable("the time it marks cannot be resolved: \(error)")
        }
        guard let wall = Timestamp.nanoseconds(text) else {
            throw .unreadable("the time it marks is no RFC 3339 time: \(text)")
        }
        // Nothing has been seen that is yet to come: a wrong time zone would meet any objective.
        guard wall <= now.wall + Self.clockSkew.nanoseconds else {
            throw .unreadable("the time it marks has not come yet: \(text); check its time zone, and that host's clock")
        }
        return .stated(wall: wall)
    }

    /// The side of the data loss, and the resync, that a step's outputs tell of.
    mutating func measure(
        _ index: Int, outputs: [String: Value], by attempt: AttemptState?
    ) throws(MachineError) {
        let step = state.topology.steps[index]
        if let planned = step.measures, !state.losses.contains(where: { $0.step == step.id }) {
            var measure = LossMeasure(side: planned.loss, service: planned.service, step: step.id)
            if case .integer(let number)? = outputs["lastWrite"] { measure.lastWrite = number }
            switch outputs["lastWriteAt"] {
            case .integer(let nanoseconds): measure.lastWriteAt = nanoseconds
            case .string(let text): measure.lastWriteAt = Timestamp.nanoseconds(text)
            case .boolean, .null, nil: break
            }
            try emit(.lossMeasured(measure))
        }
        guard let attempt, let end = attempt.end, !state.resyncs.contains(where: { $0.step == step.id }),
            case .action(.resync(let from, let to, let service)) = attempt.spec.work
        else { return }
        try emit(
            .resyncRecorded(
                ResyncRecord(
                    step: step.id, service: service, from: from, to: to, startedAt: attempt.start?.at ?? end.at,
                    endedAt: end.at, filesCopied: outputs.integer("filesCopied"),
                    bytesCopied: outputs.integer("bytesCopied"), filesDeleted: outputs.integer("filesDeleted"),
                    filesCompared: outputs.integer("filesCompared"), sourceDigest: outputs["sourceDigest"]?.text,
                    targetDigest: outputs["targetDigest"]?.text, treesEqual: outputs.flag("treesEqual"))))
    }
}

extension [String: Value] {
    fileprivate func integer(_ name: String) -> Int64 {
        if case .integer(let number)? = self[name] { number } else { 0 }
    }
    fileprivate func flag(_ name: String) -> Bool? { if case .boolean(let flag)? = self[name] { flag } else { nil } }
}
