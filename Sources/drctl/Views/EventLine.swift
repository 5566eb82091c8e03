import DRMachine
import DRRunbook
import DRSystem

/// A run's events as plain lines, for whoever reads a log instead of a screen.
struct EventLine {
    private let titles: [StepID: String]
    /// The run is stopping or closed: that supervisors end belongs to it.
    var isEnding = false

    init(plan: Plan) {
        titles = Dictionary(plan.allSteps.map { ($0.id, $0.title) }) { first, _ in first }
    }

    /// The line for an event; nil where it would tell a person nothing.
    func line(_ journaled: JournaledEvent) -> String? {
        guard let text = text(journaled.event) else { return nil }
        return TimeText.clock(journaled.at) + "  " + displayEscaped(text)
    }

    private func text(_ event: Event) -> String? {
        switch event {
        case .runCreated(let run): "run \(run.run) of \(run.runbook) (\(run.mode.rawValue)), by \(run.initiator)"
        case .runnerStarted(let runner): runner.epoch == 1 ? nil : "resumed by \(runner.host), epoch \(runner.epoch)"
        case .planAdopted(let adoption): "goes on by another plan: \(adoption.reason)"
        case .supervisorReady(let supervisor):
            supervisor.generation == 1 ? nil : "supervisor \(supervisor.place.rawValue) replaced"
        case .supervisorLost(let place, _): isEnding ? nil : "supervisor \(place.rawValue) lost"
        case .supervisorGone(let place, _): isEnding ? nil : "supervisor \(place.rawValue) gone"
        case .isolationChecked(let report): isolation(report)
        case .noted(_, let text): "note: \(text)"
        case .runPaused(let reason): "paused: \(reason)"
        case .runProceeded(let reason): "going on: \(reason)"
        case .stoppingBegan(let cause, let reason): cause == .finished ? nil : "stopping (\(cause.rawValue)): \(reason)"
        case .rollbackAsked: "ROLL BACK? `drctl undo` undoes what was done, `drctl commit` leaves it"
        case .rollbackBegan(let steps): "rolling back: \(steps.map(\.rawValue).joined(separator: ", "))"
        case .rollbackDeclined(let reason): "not rolled back: \(reason)"
        case .cleanupBegan: "cleaning up"
        case .cleanupOwed(let step, let reason): "cleanup OWED: \(step): \(reason)"
        case .cleanupSettled(let step, _, let reason): "cleanup settled: \(step): \(reason)"
        case .runClosed(let outcome, let reason): "run closed: \(outcome.rawValue): \(reason)"
        case .requestApplied(let accepted):
            if case .acknowledge(let step, _) = accepted.request.ask { "\(step): somebody sees to it" } else { nil }
        case .requestRefused(_, _, let reason): "request refused: \(reason)"
        case .clockMarked(let mark):
            "clock \(mark.clock.rawValue) of \(mark.service) marked\(mark.synthetic ? " (caused by the drill)" : "")"
        default: stepText(event)
        }
    }

    private func stepText(_ event: Event) -> String? {
        switch event {
        case .stepSkipped(let step, let reason): "\(step): skipped: \(reason)"
        case .stepBegan(let step, let due, let text):
            if let text {
                "\(step): “\(text)”"
            } else {
                "\(step): \(titles[step] ?? "")" + (due.map { ", until \(TimeText.clock($0))" } ?? "")
            }
        case .attemptIntended(let spec): began(spec)
        case .attemptEnded(let attempt, let end):
            end.succeeded || attempt.part != .action ? nil : "\(attempt): \(Self.text(end.result))"
        case .attemptInDoubt(let attempt, let reason, _): "\(attempt): IN DOUBT: \(reason)"
        case .retryScheduled(let step, let due, _): "\(step): tries again at \(TimeText.clock(due))"
        case .stepSucceeded(let step, _): "\(step): done"
        case .stepFailed(let step, let reason, let policy): "\(step): FAILED: \(reason) (\(policy.rawValue))"
        case .stepHeld(let step, let reason, _): "\(step): HELD: \(reason)"
        case .cardShown(let card): "\(card.step): waits for \(Self.asked(card)): \(card.text)"
        case .cardExpired(let step, _): "\(step): nobody answered in time"
        case .approvalCounted(let step, let approval):
            "\(step): approved by \(approval.person ?? "uid \(approval.uid)")\(approval.breakGlass ? ", BREAKING GLASS" : "")"
        case .serviceLost(let step, _): "\(step): the service ended unexpectedly"
        case .serviceStopped(let step, _): "\(step): the service was stopped"
        case .resyncRecorded(let record):
            "\(record.step): \(counted(record.filesCopied, "file")) copied, trees equal: \(record.treesEqual.map { $0 ? "yes" : "NO" } ?? "not established")"
        default: nil
        }
    }

    private func began(_ spec: AttemptSpec) -> String? {
        guard spec.attempt.part == .action else { return nil }
        let again = spec.attempt.number == 1 ? "" : " (attempt \(spec.attempt.number))"
        return "\(spec.attempt.step): \(titles[spec.attempt.step] ?? "")\(again)"
    }

    private func isolation(_ report: IsolationReport) -> String {
        switch report.verdict {
        case .demonstrated: "isolation demonstrated by \(report.probes.count) probes"
        case .enforcedNotDemonstrated: "isolation enforced, not demonstrated for every address"
        case .broken: "isolation BROKEN: something answered inside"
        }
    }

    /// Whom a card asks, and how to reach them where the site says so.
    static func asked(_ card: Card, of plan: Plan) -> String {
        guard let person = plan.people.first(where: { $0.name == card.owner }) else { return asked(card) }
        let ways = [person.contact, person.delegate.map { "else \($0)" }].compactMap { $0 }
        return asked(card) + (ways.isEmpty ? "" : " (\(ways.joined(separator: "; ")))")
    }

    static func asked(_ card: Card) -> String {
        if let owner = card.owner { return owner }
        if card.roles.isEmpty { return card.quorum > 1 ? "\(card.quorum) people" : "a person" }
        return "\(card.quorum) × \(card.roles.joined(separator: " or "))"
    }

    static func text(_ result: AttemptEnd.Result) -> String {
        switch result {
        case .exited(let code): "exit \(code)"
        case .signalled(let number): "ended by signal \(number)"
        case .timedOut: "ended at its deadline"
        case .overLimit(let what): "ended: \(what)"
        case .stopped: "stopped"
        case .couldNotStart(let reason): "could not start: \(reason)"
        case .badOutput(let reason): "its output is not what was declared: \(reason)"
        }
    }
}
