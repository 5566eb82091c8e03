import DRCrypto
package import DRRunbook

// Retries, and what a failure for good is followed by.
extension Decision {
    /// How long people have to answer in an unattended run, where the plan does not say.
    static let unattendedPatience = TimeSpan.minutes(10)

    /// A try has failed: the next one is scheduled, or the step has failed for good.
    mutating func failAttempt(_ index: Int, end: AttemptEnd?, reason: String) throws(MachineError) {
        let step = state.topology.steps[index]
        guard let created = state.created, !state.isEnding(index), !isWithinPast(index),
            step.retry.covers(end?.result), state[index].failures < step.retry.attempts
        else {
            let wasStopped = state[index].lastAction?.stopReason != nil
            try fail(index, reason: isWithinPast(index) && !wasStopped ? withinWords(index, reason) : reason)
            return
        }
        let delay = step.retry.delay(
            afterFailures: state[index].failures, seed: created.seed, step: step.id,
            attempt: state[index].lastAction?.id.number ?? 0)
        let due = now.advanced(by: delay)
        if let limit = state.withinDue(index), due.isPast(limit) {
            try fail(index, reason: withinWords(index, reason))
        } else {
            try emit(.retryScheduled(step.id, due: due, reason: reason))
        }
    }

    /// The step has failed for good.
    mutating func fail(_ index: Int, reason: String) throws(MachineError) {
        let step = state.topology.steps[index]
        if state.topology.isCleanup(index) {
            try emit(.cleanupOwed(step.id, reason: reason))
            return
        }
        let policy: AfterFailure =
            switch step.onFailure {
            case .hold: .hold
            case .abort: .abort
            case .continue: .continue
            case .manual: .manual
            }
        isFailureOpen = true
        try emit(.stepFailed(step.id, reason: reason, policy: state.isEnding(index) ? .continue : policy))
    }

    /// What the failure of a step leads to.
    mutating func followUp(_ index: Int) throws(MachineError) {
        let step = state.topology.steps[index]
        guard let policy = state[index].followUp, !state.isEnding(index),
            case .failed(let reason) = state[index].phase
        else { return }
        switch policy {
        case .continue: break
        case .abort: try stop(.failed, reason: "step \(step.id) failed: \(reason)")
        case .hold:
            try emit(.stepHeld(step.id, reason: reason, due: unattendedDue(index)))
        case .manual:
            guard case .manual(let card) = step.onFailure else { return }
            try show(index, card, after: reason)
        }
    }

    mutating func lookAtRetry(_ index: Int) throws(MachineError) {
        guard state.isEndExpected(index), !state.status.isStopping, let last = state[index].lastAction else { return }
        try emit(.serviceStopped(last.id.step, attempt: last.id))
    }

    /// Until when an unattended run waits for an answer about a step; nil where people are there.
    func unattendedDue(_ index: Int) -> Moment? {
        guard state.created?.unattended == true else { return nil }
        let step = state.topology.steps[index]
        let patience = if case .hold(let span) = step.onFailure { span } else { Self.unattendedPatience }
        return now.advanced(by: patience)
    }

    func isWithinPast(_ index: Int) -> Bool { state.withinDue(index).map(now.isPast) ?? false }

    private func withinWords(_ index: Int, _ reason: String) -> String {
        "\(reason); the time for the whole step (\(state.topology.steps[index].within?.words ?? "")) is over"
    }
}

extension RunState {
    /// When the time for a whole step is over.
    func withinDue(_ index: Int) -> Moment? {
        guard let within = topology.steps[index].within, let from = self[index].withinFrom else { return nil }
        return from.advanced(by: within)
    }
}

extension RetryPolicy {
    /// Whether a failure of this kind is retried at all; nil: it was not ready.
    func covers(_ result: AttemptEnd.Result?) -> Bool {
        guard let exitCodes else { return true }
        if case .exited(let code)? = result { return exitCodes.contains(code) }
        return false
    }

    /// The delay before the next attempt: `min(maximum, initial × factor^(failures - 1))`, with full jitter times
    /// a fraction in [0, 1) that is the first eight bytes of SHA-256 over seed, step and attempt.
    package func delay(afterFailures failures: Int, seed: String, step: StepID, attempt: Int) -> TimeSpan {
        var base = max(0, min(initial.nanoseconds, maximum.nanoseconds))
        for _ in 1..<max(2, failures) where failures > 1 {
            let (product, overflow) = base.multipliedReportingOverflow(by: Int64(factorThousandths))
            base = overflow ? maximum.nanoseconds : min(maximum.nanoseconds, product / 1000)
            if base >= maximum.nanoseconds { break }
        }
        guard jitter == .full else { return TimeSpan(nanoseconds: base) }
        let hash = Digest.of(Array("\(seed)\n\(step)\n\(attempt)".utf8)).bytes
        let fraction = hash.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return TimeSpan(nanoseconds: Int64(UInt64(base).multipliedFullWidth(by: fraction).high))
    }
}
