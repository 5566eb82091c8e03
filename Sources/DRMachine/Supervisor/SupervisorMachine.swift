/// What reaches a supervisor.
package enum SupervisorInput: Sendable, Equatable {
    /// This supervisor holds the spool's lock and has read the spool; given once, before anything else.
    case started(run: String, SupervisorIdentity)
    case asked(SupervisorRequest)
    case spawned(AttemptID, AttemptStart)
    /// The process ended, or could not be started, or was ended at its deadline or on request.
    case ended(AttemptID, AttemptEnd)
    /// What an earlier supervisor had under way is gone for certain.
    case gone(AttemptID)
}

/// What a supervisor does, in this order; each is done before the next one.
package enum SupervisorAction: Sendable, Equatable {
    /// Append to the spool, and apply to the state.
    case spool(SpoolRecord)
    /// Start the process; then say `spawned`, and `ended` in the end. `secrets` maps names to base64.
    case spawn(AttemptSpec, secrets: [String: String])
    /// End the process (SIGTERM, then SIGKILL); its `ended` says `stopped`. Harmless when asked twice.
    case end(AttemptID)
    /// Find what is left of an earlier supervisor's attempt (by pid, start time and boot id, or by
    /// `DRCTL_ATTEMPT` in the environment where there is no start), end it, and say `gone` once nothing is left.
    case endSurvivors(AttemptID, AttemptStart?)
    /// Answer the one who asked.
    case reply(SupervisorReply)
    /// Tell whoever is connected, if anybody is.
    case announce(AttemptReport)
    /// End this supervisor.
    case exit
}

/// The rules of a supervisor, pure: the spool's lines and requests in, actions out.
///
/// - `hello(epoch)` bars every lower epoch for ever.
/// - An attempt starts at most once, whoever asks how often; `starting` is in the spool before the spawn.
/// - Stopping an attempt that was never started leaves a tombstone, so that a late `start` finds it ended.
/// - What an earlier supervisor had under way is `lost` once its process is gone; after another boot, at once.
package enum SupervisorMachine {
    /// The actions that an input leads to.
    /// - Throws: `inputDoesNotFit` for an input that this supervisor cannot have received in this state.
    package static func decide(
        _ state: SupervisorState, _ input: SupervisorInput, now: Moment
    ) throws(MachineError) -> [SupervisorAction] {
        switch input {
        case .started(let run, let identity): return recover(state, run: run, identity: identity, now: now)
        case .asked(let request): return answer(state, request, now: now)
        case .spawned(let attempt, let start):
            guard case .starting? = state.attempts[attempt]?.phase else {
                throw MachineError(.inputDoesNotFit, "attempt \(attempt) was spawned without being asked for")
            }
            return record(.started(attempt, start), as: AttemptReport(attempt: attempt, phase: .started(start)))
        case .ended(let attempt, let end):
            guard let known = state.attempts[attempt], known.isOpen else {
                throw MachineError(.inputDoesNotFit, "attempt \(attempt) ended without being under way")
            }
            return record(
                .ended(attempt, end), as: AttemptReport(attempt: attempt, phase: .ended(known.start, end)))
        case .gone(let attempt):
            guard let known = state.attempts[attempt], known.isOpen else { return [] }
            return record(
                .lost(attempt, at: now), as: AttemptReport(attempt: attempt, phase: .lost(known.start, at: now)))
        }
    }

    private static func record(_ record: SpoolRecord, as report: AttemptReport) -> [SupervisorAction] {
        [.spool(record), .announce(report)]
    }

    private static func recover(
        _ state: SupervisorState, run: String, identity: SupervisorIdentity, now: Moment
    ) -> [SupervisorAction] {
        var actions: [SupervisorAction] = [.spool(.supervisorStarted(run: run, identity))]
        for attempt in state.open {
            guard let known = state.attempts[attempt] else { continue }
            if known.bootID == identity.bootID {
                actions.append(.endSurvivors(attempt, known.start))
            } else {
                actions.append(.spool(.lost(attempt, at: now)))
            }
        }
        return actions
    }

    private static func answer(
        _ state: SupervisorState, _ request: SupervisorRequest, now: Moment
    ) -> [SupervisorAction] {
        guard let identity = state.identity else {
            return [.reply(.refused(reason: "this supervisor has not read its spool yet", epoch: state.epoch))]
        }
        switch request {
        case .hello(let run, let epoch, let head):
            guard run == state.run else {
                return refuse(state, "this is the supervisor of run \(state.run ?? ""), not of \(run)")
            }
            guard epoch >= state.epoch, epoch > 0 else {
                return refuse(state, "epoch \(epoch) is over; epoch \(state.epoch) has the run")
            }
            if let known = state.journalHead, let head, head.commit < known.commit {
                return refuse(
                    state,
                    "the journal ends with commit \(head.commit), and commit \(known.commit) was seen: its end is missing"
                )
            }
            let reply = SupervisorAction.reply(.hello(identity, attempts: state.reports))
            if epoch == state.epoch, head == nil || head == state.journalHead { return [reply] }
            return [.spool(.epochBarred(epoch, journalHead: head)), reply]
        case .start(let epoch, let spec, let secrets):
            if let refusal = bar(state, epoch) { return refusal }
            if let known = state.attempts[spec.attempt] { return [.reply(.report(known.report(as: spec.attempt)))] }
            return [.spool(.starting(spec, at: now)), .spawn(spec, secrets: secrets)]
        case .stop(let epoch, let attempt):
            if let refusal = bar(state, epoch) { return refusal }
            return stop(state, attempt, generation: identity.generation, now: now)
        case .finish(let epoch):
            if let refusal = bar(state, epoch) { return refusal }
            if let open = state.open.first { return refuse(state, "attempt \(open) is under way") }
            return [.reply(.finished), .exit]
        }
    }

    private static func stop(
        _ state: SupervisorState, _ attempt: AttemptID, generation: Int, now: Moment
    ) -> [SupervisorAction] {
        guard let known = state.attempts[attempt] else {
            let end = AttemptEnd(at: now, result: .stopped, outputs: [:], survivors: [])
            return [
                .spool(.ended(attempt, end)),
                .reply(.report(AttemptReport(attempt: attempt, phase: .ended(nil, end)))),
            ]
        }
        guard known.isOpen else { return [.reply(.report(known.report(as: attempt)))] }
        // An earlier supervisor's attempt is being ended already; `lost` follows.
        return known.generation == generation ? [.end(attempt)] : []
    }

    private static func bar(_ state: SupervisorState, _ epoch: Int) -> [SupervisorAction]? {
        if epoch == state.epoch { return nil }
        return refuse(
            state,
            epoch < state.epoch
                ? "epoch \(epoch) is over; epoch \(state.epoch) has the run" : "epoch \(epoch) has not said hello")
    }

    private static func refuse(_ state: SupervisorState, _ reason: String) -> [SupervisorAction] {
        [.reply(.refused(reason: reason, epoch: state.epoch))]
    }
}
