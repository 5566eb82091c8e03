import DRCrypto
import DRMachine
import DRRunbook

/// A step with its attempts, as the page shows it.
struct StepView {
    struct WaitLine {
        var kind: Shown
        var from: Shown
        var took: Shown
        var who: Shown?
        var card: Shown?
        var text: Shown
    }

    struct OutputLine {
        var path: Shown
        var size: Shown
        var digest: Shown
    }

    struct AttemptLine {
        var name: Shown
        var started: Shown
        var took: Shown
        var status: ReportPage.Status
        var outputs: [OutputLine]
    }

    struct Detail {
        var summary: Shown
        var text: Shown
        var isOpen: Bool
    }

    var id: Shown
    var anchor: Shown
    var title: Shown
    var kind: Shown
    var effect: Shown
    var place: Shown
    var offset: Shown
    var took: Shown
    var attemptCount: Shown
    var status: ReportPage.Status
    var reason: Shown?
    var summary: Shown
    var waits: [WaitLine]
    var attempts: [AttemptLine]
    var hasAttempts: Bool
    var outputs: [ReportPage.Labelled]
    var hasOutputs: Bool
    var commands: [Detail]

    init(_ step: StepRecord, number: Int, record: Record) {
        id = Shown(step.id.rawValue)
        anchor = Shown("step-\(number)")
        title = Shown(step.title)
        kind = Shown(step.kind.rawValue)
        effect = Shown(step.effect.rawValue)
        place = Shown(step.place.rawValue)
        offset = Shown(step.startedAt.map { Wording.offset($0, since: record.run.createdAt) } ?? "–")
        took = Shown(step.elapsedNanoseconds.map(Wording.duration) ?? "–")
        attemptCount = Shown(String(step.attempts.count))
        status = ReportPage.Status(step.outcome)
        reason = step.reason.map { Shown($0) }
        summary = Shown(Self.summary(step))
        waits = step.waits.map(Self.wait) + step.approvals.map(Self.approval)
        attempts = step.attempts.map { Self.attempt($0, of: step) }
        hasAttempts = !attempts.isEmpty
        outputs = step.outputs.map { output in
            ReportPage.Labelled(
                label: Shown(Wording.outputName(output.name)), text: Shown(Wording.output(output.name, output.value)))
        }
        hasOutputs = !outputs.isEmpty
        commands = step.attempts.flatMap(Self.details)
    }

    private static func summary(_ step: StepRecord) -> String {
        var parts = [
            step.kind.rawValue, "effect \(step.effect.rawValue)", "\(step.place.rawValue) the drill's namespaces",
        ]
        if step.isCleanup { parts.append("cleanup") }
        if let undone = step.undoes { parts.append("undoes \(undone)") }
        if step.isBackground { parts.append("its process goes on in the background") }
        parts.append(
            step.needs.isEmpty ? "needs nothing" : "needs " + step.needs.map(\.rawValue).joined(separator: ", "))
        if let message = step.message { parts.append("said: “\(message)”") }
        if step.differsInDrill { parts.append("a real run would do something else here") }
        for retry in step.retries { parts.append("tried again at \(retry.due.shownTime): \(retry.reason)") }
        return parts.joined(separator: " · ")
    }

    private static func wait(_ wait: StepRecord.PeopleWait) -> WaitLine {
        let kind: Shown =
            switch wait.kind {
            case .approval: "Waited for approval"
            case .manual: "Waited for a person's work"
            case .held: "Held for a person"
            case .inDoubt: "In doubt, waited for a person"
            }
        let asked = [wait.owner].compactMap { $0 } + wait.roles.map { "role \($0)" }
        var took = wait.elapsedNanoseconds.map(Wording.duration) ?? "not answered by the journal's end"
        if wait.expired { took += ", expired" }
        return WaitLine(
            kind: kind, from: Shown(wait.from.shown), took: Shown(took),
            who: asked.isEmpty ? nil : Shown(asked.joined(separator: ", ")), card: wait.card.map { Shown($0.hex) },
            text: Shown(wait.text))
    }

    private static func approval(_ approval: StepRecord.CountedApproval) -> WaitLine {
        let roles = approval.roles.isEmpty ? "" : " as \(approval.roles.joined(separator: ", "))"
        return WaitLine(
            kind: approval.breakGlass ? "Approved, glass broken," : "Approved", from: Shown(approval.at.shown),
            took: Shown(
                "by \(approval.person ?? "a person not established") (\(approval.signed == true ? "signed, " : "")uid \(approval.uid))\(roles)"
            ),
            who: nil, card: Shown(approval.card.hex), text: Shown(approval.comment ?? ""))
    }

    private static func attempt(_ attempt: AttemptRecord, of step: StepRecord) -> AttemptLine {
        let status: ReportPage.Status
        if attempt.succeeded {
            status = .init(.good, attempt.result ?? "succeeded")
        } else if let result = attempt.result {
            // A service ends by being stopped; a question that gets a no is an answer.
            let isExpected = attempt.attempt.part != .action || (step.isBackground && step.outcome == .succeeded)
            status = .init(isExpected ? .idle : .bad, result)
        } else {
            status = .init(.unknown, attempt.lost.map { "lost: \($0)" } ?? "no end is recorded")
        }
        return AttemptLine(
            name: Shown(attempt.attempt.description),
            started: Shown((attempt.startedAt ?? attempt.intendedAt).shownTime),
            took: Shown(attempt.elapsedNanoseconds.map(Wording.duration) ?? "–"), status: status,
            outputs: [attempt.standardOutput, attempt.standardError].compactMap { $0 }.map { output in
                OutputLine(
                    path: Shown(output.path),
                    size: Shown(Wording.bytes(output.sizeBytes) + (output.truncated ? ", cut" : "")),
                    digest: Shown(output.sha256.hex))
            })
    }

    private static func details(_ attempt: AttemptRecord) -> [Detail] {
        let failed = !attempt.succeeded && attempt.attempt.part == .action
        var details = [
            Detail(
                summary: Shown("\(attempt.attempt): what was run"), text: Shown(block: attempt.work), isOpen: false)
        ]
        for (name, output) in [("output", attempt.standardOutput), ("errors and progress", attempt.standardError)] {
            guard let output, !output.tail.isEmpty else { continue }
            details.append(
                Detail(
                    summary: Shown("\(attempt.attempt): the end of its \(name)"), text: Shown(block: output.tail),
                    isOpen: failed))
        }
        return details
    }
}
