import DRCrypto
import DRMachine
import DRRunbook

@testable import DREvidence

/// A journal told by hand, with a clock that moves when the story says so.
struct Story {
    var plan: Plan
    var events: [JournaledEvent] = []
    /// 2026-11-22T15:00:00Z.
    var wall: Int64 = 1_795_359_600_000_000_000
    var generation = 1
    var bootID = "5f0c0a52-6f0e-4b3f-9a52-0c8a1b2c3d4e"

    init(_ plan: Plan) { self.plan = plan }

    var now: Moment { Moment(wall: wall, boot: wall - 1_795_000_000_000_000_000, bootID: bootID) }

    var head: JournalHead {
        JournalHead(commit: events.count / 2 + 1, event: events.count, hash: Self.digest("head \(events.count)"))
    }

    func record() throws -> Record { try Record.derive(plan: plan, events: events, head: head) }

    static func digest(_ text: String) -> Digest { Digest.of(Array(text.utf8)) }

    mutating func pass(_ milliseconds: Int64) { wall += milliseconds * 1_000_000 }

    mutating func tell(_ event: Event, after milliseconds: Int64 = 0) {
        pass(milliseconds)
        events.append(JournaledEvent(number: events.count + 1, at: now, event: event))
    }

    mutating func begin(unattended: Bool = true) {
        tell(
            .runCreated(
                RunCreated(
                    semantics: 1, run: "20261122-150000-first-drill-7d1c", plan: Self.digest("plan"), mode: plan.mode,
                    runbook: plan.runbook.name, seed: String(repeating: "0f", count: 16), initiatorUID: 1000,
                    initiator: "mara", unattended: unattended, workDirectory: "/run/work",
                    filesDirectory: "/run/files")))
        takeUp(epoch: 1)
    }

    mutating func takeUp(epoch: Int) {
        tell(
            .runnerStarted(
                RunnerIdentity(
                    epoch: epoch, host: "dr-host-1", pid: 4100 + Int32(epoch), bootID: bootID, version: "0.1.0")),
            after: 3)
        for place in [Place.outside, .inside] {
            tell(
                .supervisorReady(
                    SupervisorIdentity(
                        place: place, pid: 4200, startTicks: 99, bootID: bootID, generation: generation)), after: 20)
        }
    }

    /// The host restarts: services and supervisors are gone, and a new runner makes new namespaces.
    mutating func reboot(services: [StepID], after milliseconds: Int64) {
        bootID = "77777777-6f0e-4b3f-9a52-0c8a1b2c3d4e"
        pass(milliseconds)
        tell(.supervisorGone(.outside, generation: generation))
        tell(.supervisorGone(.inside, generation: generation))
        generation += 1
        takeUp(epoch: 2)
        for service in services {
            let attempt = AttemptID(step: service, number: 1)
            tell(.attemptLost(attempt, reason: "the host was restarted"))
            tell(.serviceLost(service, attempt: attempt))
        }
    }

    mutating func isolated(_ verdict: IsolationReport.Verdict = .demonstrated) {
        let silent = verdict == .enforcedNotDemonstrated
        tell(
            .isolationChecked(
                IsolationReport(
                    generation: generation, verdict: verdict,
                    probes: [
                        .init(
                            name: "canary 127.0.0.1:40519", isControl: true, answeredOutside: true,
                            answeredInside: false, detail: "connection refused inside"),
                        .init(
                            name: "socket /tmp/canary", isControl: true, answeredOutside: true,
                            answeredInside: false, detail: "no such file inside"),
                        .init(
                            name: "db.prod.example:5432", isControl: false, answeredOutside: !silent,
                            answeredInside: verdict == .broken,
                            detail: silent ? "the name did not resolve outside" : "network unreachable inside"),
                    ])), after: 85)
    }

    mutating func intend(_ attempt: AttemptID, work: Work? = nil, isBackground: Bool = false) {
        let place = plan.step(attempt.step)?.place ?? .outside
        tell(
            .attemptIntended(
                AttemptSpec(
                    attempt: attempt, place: place, work: work ?? .argv(["scripts/\(attempt.step)", "--now"]), env: [:],
                    workingDirectory: "/run/work", timeout: .minutes(1), outputs: [:], isBackground: isBackground)))
        tell(
            .attemptStarted(
                attempt,
                AttemptStart(
                    at: now, pid: 5000 + Int32(events.count), startTicks: UInt64(events.count) * 10,
                    executable: "/usr/bin/env", executableDigest: Self.digest("env"))), after: 4)
    }

    mutating func end(
        _ attempt: AttemptID, _ result: AttemptEnd.Result = .exited(0), outputs: [String: Value] = [:],
        tail: String = "", after milliseconds: Int64
    ) {
        pass(milliseconds)
        tell(
            .attemptEnded(
                attempt,
                AttemptEnd(
                    at: now, result: result,
                    standardOutput: output(attempt, "stdout", tail), standardError: output(attempt, "stderr", ""),
                    outputs: outputs, survivors: [])))
    }

    private func output(_ attempt: AttemptID, _ stream: String, _ tail: String) -> OutputRecord {
        let place = plan.step(attempt.step)?.place ?? .outside
        return OutputRecord(
            path: "\(place.rawValue)/output/\(attempt.step).\(attempt.number).\(stream)", sha256: Self.digest(tail),
            sizeBytes: Int64(tail.utf8.count), truncated: false, tail: tail)
    }

    /// A step whose first attempt succeeds.
    mutating func does(
        _ step: StepID, for milliseconds: Int64, work: Work? = nil, outputs: [String: Value] = [:], tail: String = ""
    ) {
        let attempt = AttemptID(step: step, number: 1)
        intend(attempt, work: work)
        end(attempt, outputs: outputs, tail: tail, after: milliseconds)
        tell(.stepSucceeded(step, outputs: outputs))
    }

    /// A step whose process goes on.
    mutating func serves(_ step: StepID, readyAfter milliseconds: Int64) {
        intend(AttemptID(step: step, number: 1), isBackground: true)
        intend(AttemptID(step: step, number: 1, part: .ready), work: .action(.check(.tcp("127.0.0.1:8080"))))
        end(AttemptID(step: step, number: 1, part: .ready), after: milliseconds)
        tell(.stepSucceeded(step, outputs: [:]))
    }

    mutating func mark(_ clock: ClockName, step: StepID, synthetic: Bool = false) {
        tell(
            .clockMarked(
                ClockMark(clock: clock, service: "orders", at: now, basis: "step \(step)", synthetic: synthetic)))
    }

    mutating func card(_ step: StepID, _ text: String, kind: Card.Kind = .approval) -> Card {
        let card = Card(
            step: step, kind: kind, text: text, roles: ["incident-commander"], quorum: 1, notInitiator: false,
            inputs: [:], evidenceRequired: false, due: now.advanced(by: .minutes(30)),
            digest: Self.digest("card \(step)"))
        tell(.cardShown(card))
        return card
    }

    mutating func approves(
        _ card: Card, uid: UInt32 = 1001, person: String? = "ines", breakGlass: Bool = false, comment: String?
    ) {
        let id = String(Self.digest("request \(card.step)").hex.prefix(32))
        let request = Request(
            id: id, run: "20261122-150000-first-drill-7d1c", uid: uid,
            ask: .approve(step: card.step, card: card.digest, comment: comment, breakGlass: breakGlass))
        tell(.requestApplied(AcceptedRequest(request: request, ownerUID: uid, bytes: "{}")))
        tell(
            .approvalCounted(
                card.step,
                Approval(
                    uid: uid, person: person, roles: person == nil ? [] : ["incident-commander"], card: card.digest,
                    request: id, breakGlass: breakGlass, comment: comment)))
        tell(.stepSucceeded(card.step, outputs: [:]))
    }

    mutating func close(_ outcome: RunOutcome, _ reason: String, cause: StopCause, owed: StepID? = nil) {
        tell(.stoppingBegan(cause, reason: reason))
        if outcome != .refused {
            tell(.cleanupBegan)
            for step in plan.cleanup where step.id != owed { does(step.id, for: 12) }
            if let owed {
                let attempt = AttemptID(step: owed, number: 1)
                intend(attempt)
                end(attempt, .exited(1), tail: "rm: cannot remove: device or resource busy\n", after: 30)
                tell(.cleanupOwed(owed, reason: "exit 1"))
            }
        }
        tell(.closingBegan)
        tell(.supervisorGone(.inside, generation: generation), after: 6)
        tell(.supervisorGone(.outside, generation: generation))
        tell(.runClosed(outcome, reason: reason), after: 2)
    }
}
