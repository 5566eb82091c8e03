import DRRunbook

// Supervisors coming and going, and the isolation of a drill.
extension Decision {
    /// A supervisor said hello and told all that its spool knows.
    mutating func connect(_ identity: SupervisorIdentity, _ attempts: [AttemptReport]) throws(MachineError) {
        guard identity.generation >= state.lingering[identity.place] ?? 0 else { return }
        if case .closed = state.status { return }
        guard identity.place == .outside || state.plan.hasInside else {
            throw MachineError(.inputDoesNotFit, "this run has no inside")
        }
        try emit(.supervisorReady(identity))
        var known: Set<AttemptID> = []
        for report in attempts {
            known.insert(report.attempt)
            try take(report)
        }
        for attempt in state.liveAttempts(at: identity.place) where !known.contains(attempt.id) {
            if attempt.start != nil {
                try emit(.attemptLost(attempt.id, reason: "it had started, and its supervisor does not know it"))
            } else if attempt.intendedAt.bootID != identity.bootID {
                // No `starting` proves that it was not started only while the page cache was not lost.
                try emit(
                    .attemptLost(attempt.id, reason: "the machine was restarted, and the spool's end may be missing"))
            }
        }
        // Something was intended inside while nobody was there to say that it may not be done.
        if identity.place == .inside, state.status.isStopping, let report = state.refusedIsolation {
            try refuseInside(reason: Self.words(for: report))
        }
        if let stranger = attempts.first(where: {
            state.topology.positions[$0.attempt.step].map { state[$0] }?.attempt($0.attempt) == nil
        }) {
            try pause(
                reason:
                    "the supervisor knows attempt \(stranger.attempt), which the journal does not: the journal may have lost its end"
            )
        }
    }

    /// No supervisor can be had at a place.
    mutating func lack(_ place: Place, reason: String) throws(MachineError) {
        switch state.status {
        case .starting, .running, .paused:
            if state.hasBegun { try pause(reason: reason) } else { try stop(.refused, reason: reason) }
        case .stopping:
            for attempt in state.liveAttempts(at: place) {
                try emit(.attemptLost(attempt.id, reason: "nobody can ask after it: \(reason)"))
            }
            if let index = state.nextRollback, state[index].live.isEmpty, state[index].phase.isReadyToRun,
                isLacking(place, for: index)
            {
                try fail(index, reason: reason)
            }
            guard case .stopping(_, _, .cleanup) = state.status else { return }
            for index in state.topology.cleanup
            where !state[index].phase.isOver && state[index].live.isEmpty {
                guard isLacking(place, for: index) else { continue }
                try emit(.cleanupOwed(state.topology.steps[index].id, reason: reason))
            }
        case .closed: break
        }
    }

    /// Whether a step cannot run because there is nobody at a place.
    private func isLacking(_ place: Place, for index: Int) -> Bool {
        let planned = state.topology.steps[index].place
        // Isolation cannot be shown either without somebody outside.
        return planned == place || (planned == .inside && !state.isIsolated)
    }

    /// The negative probe's result.
    mutating func check(_ report: IsolationReport) throws(MachineError) {
        guard state.plan.hasInside, let inside = state.supervisors[.inside],
            inside.generation == report.generation, state.isolation?.generation != report.generation
        else { return }
        if case .closed = state.status { return }
        let isFirst = !state.hasBegun
        try emit(.isolationChecked(report))
        if state.allows(report.verdict) { return }
        let reason = Self.words(for: report)
        if state.status.isStopping {
            try refuseInside(reason: reason)
        } else {
            try stop(isFirst ? .refused : .failed, reason: reason)
        }
    }

    /// What a stopping run would do inside, it does not do: the isolation does not allow it.
    private mutating func refuseInside(reason: String) throws(MachineError) {
        if let index = state.nextRollback, state.topology.steps[index].place == .inside {
            for attempt in state[index].live where attempt.stopReason == nil {
                try emit(.attemptStopping(attempt.id, reason: reason))
            }
        }
        for index in state.topology.cleanup
        where state.topology.steps[index].place == .inside && !state[index].phase.isOver {
            guard case .stopping(_, _, .cleanup) = state.status else { return }
            let live = state[index].live
            // What was intended and never started is stopped: that proves it.
            for attempt in live where attempt.stopReason == nil {
                try emit(.attemptStopping(attempt.id, reason: reason))
            }
            if live.isEmpty { try emit(.cleanupOwed(state.topology.steps[index].id, reason: reason)) }
        }
    }

    static func words(for report: IsolationReport) -> String {
        let answered = report.probes.filter(\.answeredInside).map(\.name)
        let silent = report.probes.filter { !$0.answeredOutside && !$0.answeredInside }.map(\.name)
        return switch report.verdict {
        case .demonstrated: "the drill is isolated"
        case .enforcedNotDemonstrated:
            "isolation is enforced, not demonstrated: outside the drill there was no answer from "
                + (silent.isEmpty ? "some probe" : silent.joined(separator: ", "))
        case .broken:
            "the drill is not isolated: inside it there was an answer from "
                + (answered.isEmpty ? "some probe" : answered.joined(separator: ", "))
        }
    }
}

extension RunState {
    /// Attempts under way at a place, living services among them, in declared order.
    func liveAttempts(at place: Place) -> [AttemptState] {
        var indices = progress.active
        for index in progress.services.values { indices.insert(index) }
        return indices.values.flatMap { self[$0].attempts.filter { $0.isLive && $0.spec.place == place } }
    }

    /// Whether an attempt can be started at a place now.
    func isReachable(_ place: Place) -> Bool {
        guard supervisors[place] != nil else { return false }
        return place == .outside || isIsolated
    }
}
