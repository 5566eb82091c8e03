import DRMachine
import DRRunbook

/// An event or action as a scenario writes it.
enum Brief {
    static func text(_ event: Event, from start: Moment) -> String {
        let what =
            switch event {
            case .runCreated(let created): created.run
            case .runnerStarted(let runner): "epoch \(runner.epoch)"
            case .planAdopted(let adoption): adoption.reason
            case .supervisorReady(let identity): "\(identity.place.rawValue) \(identity.generation)"
            case .supervisorLost(let place, let generation), .supervisorGone(let place, let generation):
                "\(place.rawValue) \(generation)"
            case .isolationChecked(let report): "\(report.generation) \(report.verdict.rawValue)"
            case .attemptIntended(let spec): "\(spec.attempt)\(spec.isBackground ? " background" : "")"
            case .attemptStarted(let attempt, _): "\(attempt)"
            case .attemptEnded(let attempt, let end): "\(attempt) \(text(end.result))"
            case .attemptStopping(let attempt, let reason), .attemptLost(let attempt, let reason):
                "\(attempt): \(reason)"
            case .attemptInDoubt(let attempt, let reason, let due): "\(attempt): \(reason)\(text(due, from: start))"
            case .retryScheduled(let step, let due, let reason): "\(step)\(text(due, from: start)): \(reason)"
            case .stepSucceeded(let step, let outputs): "\(step)\(text(outputs))"
            case .stepFailed(let step, let reason, let policy): "\(step) → \(policy.rawValue): \(reason)"
            case .stepHeld(let step, let reason, let due): "\(step)\(text(due, from: start)): \(reason)"
            case .rollbackAsked(let due): "\(text(due, from: start))"
            case .rollbackBegan(let steps): steps.map(\.rawValue).joined(separator: ", ")
            case .rollbackDeclined(let reason): reason
            case .stepBegan(let step, let due, let text):
                "\(step)\(self.text(due, from: start))\(text.map { ": \($0)" } ?? "")"
            case .stepSkipped(let step, let reason), .cleanupOwed(let step, let reason): "\(step): \(reason)"
            case .cardShown(let card): "\(card.step) \(card.kind.rawValue)\(text(card.due, from: start)): \(card.text)"
            case .cardExpired(let step, _): "\(step)"
            case .approvalCounted(let step, let approval):
                "\(step) by \(approval.person ?? "uid \(approval.uid)")\(approval.breakGlass ? ", breaking the glass" : "")"
            case .serviceLost(let step, let attempt), .serviceStopping(let step, let attempt),
                .serviceStopped(let step, let attempt):
                "\(step) \(attempt)"
            case .clockMarked(let mark):
                "\(mark.clock.rawValue) \(mark.service)\(text(mark.at, from: start)) by \(mark.basis)\(mark.synthetic ? " (synthetic)" : "")"
            case .lossMeasured(let loss):
                "\(loss.side.rawValue) \(loss.service) \(loss.lastWrite.map(String.init) ?? "?") at \(loss.lastWriteAt.map(String.init) ?? "?")"
            case .resyncRecorded(let record):
                "\(record.step) \(record.filesCopied) files, equal: \(record.treesEqual.map(String.init) ?? "not established")"
            case .requestApplied(let accepted): accepted.request.id
            case .requestRefused(let id, _, let reason): "\(id): \(reason)"
            case .noted(let uid, let text): "\(uid): \(text)"
            case .runPaused(let reason), .runProceeded(let reason): reason
            case .stoppingBegan(let cause, let reason): "\(cause.rawValue): \(reason)"
            case .cleanupSettled(let step, let uid, let reason): "\(step) by \(uid): \(reason)"
            case .runClosed(let outcome, let reason): "\(outcome.rawValue): \(reason)"
            case .cleanupBegan, .closingBegan: ""
            }
        let line = what.replacing("\n", with: " ⏎ ")
        return line.isEmpty ? event.name.rawValue : "\(event.name.rawValue) \(line)"
    }

    static func text(_ action: Action, from start: Moment) -> String {
        switch action {
        case .connect(let place): "connect \(place.rawValue)"
        case .checkIsolation: "checkIsolation"
        case .start(let attempt): "start \(attempt)"
        case .stop(let attempt): "stop \(attempt)"
        case .wake(let moment): "wake\(text(moment, from: start))"
        case .finish(let place): "finish \(place.rawValue)"
        case .ensureGone(let place): "ensureGone \(place.rawValue)"
        case .conclude: "conclude"
        }
    }

    private static func text(_ due: Moment?, from start: Moment) -> String {
        guard let due else { return "" }
        let milliseconds = (due.wall - start.wall) / 1_000_000
        let tail = milliseconds % 1000
        return " @\(milliseconds / 1000)" + (tail == 0 ? "" : ".\(String(1000 + tail).dropFirst())")
    }

    private static func text(_ outputs: [String: Value]) -> String {
        outputs.sorted { $0.key < $1.key }.map { " \($0)=\($1.text ?? "null")" }.joined()
    }

    private static func text(_ result: AttemptEnd.Result) -> String {
        switch result {
        case .exited(let code): "exit \(code)"
        case .signalled(let signal): "signal \(signal)"
        case .timedOut: "timedOut"
        case .overLimit: "overLimit"
        case .stopped: "stopped"
        case .couldNotStart: "couldNotStart"
        case .badOutput: "badOutput"
        }
    }
}
