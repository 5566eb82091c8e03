import DRRunbook

// What supervisors report of attempts, and what follows once an attempt is over.
extension Decision {
    /// How often in a row an attempt may be lost and run again by itself.
    static let lossLimit = 10

    /// A report changes something at most once: repeated and stale ones lead to nothing.
    mutating func take(_ report: AttemptReport) throws(MachineError) {
        guard let index = state.topology.positions[report.attempt.step],
            let known = state[index].attempt(report.attempt), known.isLive
        else { return }
        if case .closed = state.status { return }
        switch report.phase {
        case .starting: break
        case .started(let start): try begin(known, start)
        case .ended(let start, let end):
            try begin(known, start)
            try emit(.attemptEnded(known.id, end))
        case .lost(let start, _):
            try begin(known, start)
            try emit(.attemptLost(known.id, reason: "its supervisor ended before it did, and its process is gone"))
        }
    }

    private mutating func begin(_ known: AttemptState, _ start: AttemptStart?) throws(MachineError) {
        if known.start == nil, let start { try emit(.attemptStarted(known.id, start)) }
    }

    /// What follows for a step in phase `running`.
    mutating func lookAtAttempts(_ index: Int) throws(MachineError) {
        let step = state[index]
        let isStopping = state.isEnding(index)
        if !step.live.isEmpty {
            if isStopping {
                for attempt in step.live where attempt.stopReason == nil {
                    try emit(.attemptStopping(attempt.id, reason: "the run is stopping"))
                }
            } else if state.isBackground(index), step.live.contains(where: { $0.id.part != .probe }) {
                try lookAtBackground(index)
            }
            return
        }
        guard let last = step.attempts.last else { return }
        if last.id.part == .probe {
            try takeProbe(index, last)
        } else if state.isBackground(index) {
            try concludeBackground(index)
        } else if last.isLost {
            try takeLoss(index, last)
        } else if let end = last.end {
            if end.succeeded {
                try succeed(index, outputs: end.outputs, by: last)
            } else {
                try failAttempt(index, end: end, reason: Self.words(for: last, end))
            }
        }
    }

    /// Nobody knows what a lost attempt did; the effect class says what that leads to.
    mutating func takeLoss(_ index: Int, _ attempt: AttemptState) throws(MachineError) {
        let step = state.topology.steps[index]
        let what = "nobody knows what \(attempt.id) did"
        if state[index].losses > Self.lossLimit {
            try doubt(index, attempt, reason: "\(what), as with \(Self.lossLimit) before it")
            return
        }
        switch step.effect {
        case .read, .idempotent:
            if state.isEnding(index) || isWithinPast(index) {
                try fail(index, reason: "\(what), and there is no time to run it again")
            } else {
                try emit(
                    .retryScheduled(
                        step.id, due: now, reason: "\(what); its effect is \(step.effect.rawValue), so it runs again"))
            }
        case .checkable:
            if state.isEnding(index) {
                try doubt(index, attempt, reason: "\(what), and the run is stopping")
            } else {
                try intend(.probe, of: index)
            }
        case .unsafe:
            try doubt(index, attempt, reason: "\(what), and its effect is unsafe: it is not run again by itself")
        }
    }

    mutating func doubt(_ index: Int, _ attempt: AttemptState, reason: String) throws(MachineError) {
        if state.topology.isCleanup(index) {
            try fail(index, reason: "in doubt: \(reason)")
        } else {
            try emit(
                .attemptInDoubt(attempt.id, reason: reason, due: state.isEnding(index) ? nil : unattendedDue(index)))
        }
    }

    /// The probe has an answer, or nobody will ever know it.
    private mutating func takeProbe(_ index: Int, _ probe: AttemptState) throws(MachineError) {
        let step = state[index]
        let id = state.topology.steps[index].id
        if probe.isLost, step.losses <= Self.lossLimit, !state.isEnding(index) {
            try intend(.probe, of: index)
            return
        }
        let verdict: Int32? = if case .exited(let code)? = probe.end?.result { code } else { nil }
        if verdict == 0 {
            // What a step gave is not given anew because it still holds.
            let isKnown = step.restartDoubt == .probing
            try succeed(index, outputs: isKnown ? step.outputs : probe.end?.outputs ?? [:], by: probe)
            return
        }
        let words = verdict == 1 ? "the probe says that it does not hold" : "the probe could not establish it"
        if step.restartDoubt == .probing {
            let reason = "it had succeeded before the machine was restarted, and now \(words)"
            if state.isEnding(index) {
                try fail(index, reason: reason)
            } else {
                try emit(.stepHeld(id, reason: reason, due: unattendedDue(index)))
            }
            return
        }
        if step.claim != nil {
            try emit(.stepHeld(id, reason: "a person says that it is done, and \(words)", due: unattendedDue(index)))
            return
        }
        guard let action = step.lastAction else { return }
        if verdict == 1, state.isEnding(index) {
            try fail(index, reason: "\(action.id) was lost, and \(words)")
        } else if verdict == 1 {
            try emit(
                .retryScheduled(id, due: now, reason: "nobody knew what \(action.id) did; \(words), so it runs again"))
        } else {
            try doubt(index, action, reason: "nobody knows what \(action.id) did, and \(words)")
        }
    }

    /// The step has done what it is for: its clocks and measures first, then its success.
    mutating func succeed(_ index: Int, outputs: [String: Value], by attempt: AttemptState?) throws(MachineError) {
        let step = state.topology.steps[index]
        var outputs = outputs
        if case .resolve(_, _, _, let inputs, _)? = state[index].claim?.ask {
            outputs.merge(inputs) { _, entered in entered }
        }
        if !state[index].hasSucceeded {
            do throws(MarkError) {
                try mark(index, outputs: outputs, by: attempt)
            } catch {
                switch error {
                case .unreadable(let why):
                    try fail(index, reason: why)
                    return
                case .machine(let error): throw error
                }
            }
            try measure(index, outputs: outputs, by: attempt)
        }
        try emit(.stepSucceeded(step.id, outputs: outputs))
    }

    /// For people: `exit 3: disk full`.
    static func words(for attempt: AttemptState, _ end: AttemptEnd) -> String {
        let what =
            switch end.result {
            case .exited(let code): "exit \(code)"
            case .signalled(let signal): "ended by signal \(signal)"
            case .timedOut: "timed out"
            case .overLimit(let what): "ended: \(what)"
            case .stopped: "ended: \(attempt.stopReason ?? "it was asked to")"
            case .couldNotStart(let why): "could not be started: \(why)"
            case .badOutput(let why): "did not write its outputs as declared: \(why)"
            }
        guard case .exited = end.result,
            let line = end.standardError?.tail.split(separator: "\n").last(where: { !$0.allSatisfy(\.isWhitespace) })
        else { return what }
        return "\(what): \(line.count > 500 ? line.prefix(499) + "…" : line)"
    }
}

extension RunState {
    func isBackground(_ index: Int) -> Bool {
        topology.isMain(index) && topology.steps[index].background != nil
    }

    /// Whether a step's attempts are ended because the run is: cleanup is what a run ends with.
    func isEnding(_ index: Int) -> Bool { status.isStopping && topology.isMain(index) }
}
