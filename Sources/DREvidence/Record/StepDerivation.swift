import DRCrypto
import DRMachine
import DRRunbook

extension StepRecord {
    /// All steps of the plan, each with what its events say: main steps, those of a rollback in the order in which
    /// they undid something, and cleanup.
    static func derive(plan: Plan, events: [JournaledEvent]) -> [StepRecord] {
        var folds: [StepID: StepFold] = [:]
        for step in plan.steps { folds[step.id] = StepFold(step, isCleanup: false) }
        for step in plan.cleanup { folds[step.id] = StepFold(step, isCleanup: true) }
        var undoing: [StepID] = []
        for step in plan.rollbacks { folds[step.id] = StepFold(step, isCleanup: false) }
        for entry in events {
            if case .rollbackBegan(let order) = entry.event { undoing = order }
            guard let step = entry.event.step else { continue }
            folds[step]?.apply(entry)
        }
        let order = plan.steps.map(\.id) + undoing + plan.cleanup.map(\.id)
        return order.compactMap { folds[$0]?.finished() }
    }
}

/// Gathers a step's events into its record.
private struct StepFold {
    var record: StepRecord
    var firstIntended: Moment?
    var attempts: [AttemptFold] = []
    /// Since when the last of `record.waits` waits.
    var waitingSince: Moment?

    init(_ planned: PlannedStep, isCleanup: Bool) {
        record = StepRecord(
            id: planned.id, title: planned.title, kind: planned.action.kind, effect: planned.effect,
            place: planned.place, isCleanup: isCleanup, undoes: planned.undoes,
            isBackground: planned.background != nil,
            needs: planned.needs.map(\.step), digest: planned.digest,
            differsInDrill: planned.differsInDrill, outcome: .notStarted, attempts: [], waits: [], retries: [],
            outputs: [], approvals: [])
    }

    mutating func apply(_ entry: JournaledEvent) {
        let at = entry.at
        switch entry.event {
        case .attemptIntended, .attemptStarted, .attemptEnded, .attemptLost: applyAttempt(entry)
        case .stepBegan(_, _, let text):
            begin(at)
            record.outcome = .unfinished
            record.message = text
        case .attemptInDoubt(_, let reason, _):
            wait(.inDoubt, text: reason, at: at)
        case .retryScheduled(_, let due, let reason):
            answered(at)
            record.outcome = .unfinished
            record.retries.append(.init(at: RecordTime(at), due: RecordTime(due), reason: reason))
        case .stepHeld(_, let reason, _):
            wait(.held, text: reason, at: at)
        case .cardShown(let card):
            wait(card.kind == .approval ? .approval : .manual, text: card.text, at: at, card: card)
        case .cardExpired:
            if !record.waits.isEmpty { record.waits[record.waits.count - 1].expired = true }
            answered(at)
        case .approvalCounted(_, let approval):
            record.approvals.append(
                .init(
                    at: RecordTime(at), uid: approval.uid, person: approval.person, roles: approval.roles,
                    card: approval.card, request: approval.request, breakGlass: approval.breakGlass,
                    comment: approval.comment, signed: approval.signed))
        case .stepSucceeded(_, let outputs):
            record.outputs = outputs.sorted { $0.key < $1.key }.map { NamedValue(name: $0.key, value: $0.value) }
            end(.succeeded, reason: nil, at: at)
        case .stepFailed(_, let reason, _): end(.failed, reason: reason, at: at)
        case .stepSkipped(_, let reason): end(.skipped, reason: reason, at: at)
        case .cleanupOwed(_, let reason): end(.failed, reason: reason, at: at)
        // A service that was lost or held in between has done its part all the same.
        case .serviceStopped where record.outcome != .succeeded: end(.succeeded, reason: nil, at: at)
        default: break
        }
    }

    private mutating func applyAttempt(_ entry: JournaledEvent) {
        switch entry.event {
        case .attemptIntended(let spec):
            answered(entry.at)
            begin(entry.at)
            if spec.attempt.part != .probe || record.outcome == .notStarted { record.outcome = .unfinished }
            attempts.append(AttemptFold(spec: spec, intendedAt: entry.at))
        case .attemptStarted(let id, let start): change(id) { $0.start = start }
        case .attemptEnded(let id, let end): change(id) { $0.end = end }
        case .attemptLost(let id, let reason): change(id) { $0.lost = (reason, entry.at) }
        default: break
        }
    }

    private mutating func change(_ id: AttemptID, _ body: (inout AttemptFold) -> Void) {
        guard let index = attempts.lastIndex(where: { $0.spec.attempt == id }) else { return }
        body(&attempts[index])
    }

    private mutating func begin(_ at: Moment) {
        if firstIntended == nil {
            firstIntended = at
            record.startedAt = RecordTime(at)
        }
        record.endedAt = nil
        record.elapsedNanoseconds = nil
        record.reason = nil
    }

    private mutating func end(_ outcome: StepOutcome, reason: String?, at: Moment) {
        answered(at)
        record.outcome = outcome
        record.reason = reason
        guard let began = firstIntended else { return }
        record.endedAt = RecordTime(at)
        record.elapsedNanoseconds = at.elapsed(since: began).nanoseconds
    }

    private mutating func wait(_ kind: StepRecord.PeopleWait.Kind, text: String, at: Moment, card: Card? = nil) {
        answered(at)
        begin(at)
        switch kind {
        case .held: record.outcome = .held
        case .inDoubt: record.outcome = .inDoubt
        case .approval, .manual: record.outcome = .waiting
        }
        record.reason = kind == .held || kind == .inDoubt ? text : nil
        waitingSince = at
        record.waits.append(
            .init(
                kind: kind, from: RecordTime(at), text: text, owner: card?.owner, roles: card?.roles ?? [],
                card: card?.digest, expired: false))
    }

    private mutating func answered(_ at: Moment) {
        guard let since = waitingSince, !record.waits.isEmpty else { return }
        waitingSince = nil
        record.waits[record.waits.count - 1].to = RecordTime(at)
        record.waits[record.waits.count - 1].elapsedNanoseconds = at.elapsed(since: since).nanoseconds
    }

    func finished() -> StepRecord {
        var record = record
        record.attempts = attempts.map { $0.record }
        return record
    }
}

/// Gathers an attempt's events.
private struct AttemptFold {
    var spec: AttemptSpec
    var intendedAt: Moment
    var start: AttemptStart?
    var end: AttemptEnd?
    var lost: (reason: String, at: Moment)?

    var record: AttemptRecord {
        var exitCode: Int32?
        if case .exited(let code)? = end?.result { exitCode = code }
        return AttemptRecord(
            attempt: spec.attempt, place: spec.place, work: spec.work.shown, intendedAt: RecordTime(intendedAt),
            startedAt: start.map { RecordTime($0.at) }, endedAt: end.map { RecordTime($0.at) },
            elapsedNanoseconds: start.flatMap { start in end.map { $0.at.elapsed(since: start.at).nanoseconds } },
            executable: start?.executable, executableDigest: start?.executableDigest, result: end?.result.shown,
            exitCode: exitCode, succeeded: end?.succeeded ?? false, standardOutput: end?.standardOutput,
            standardError: end?.standardError, survivors: end?.survivors ?? [], lost: lost?.reason,
            lostAt: lost.map { RecordTime($0.at) })
    }
}

extension AttemptEnd.Result {
    /// In words.
    var shown: String {
        switch self {
        case .exited(let code): "exited \(code)"
        case .signalled(let signal): "ended by signal \(signal)"
        case .timedOut: "ran out of time"
        case .overLimit(let what): "was ended: \(what)"
        case .stopped: "was stopped"
        case .couldNotStart(let text): "could not start: \(text)"
        case .badOutput(let text): "wrote bad output: \(text)"
        }
    }
}

extension Work {
    /// In words: the command, or what the action was asked.
    var shown: String {
        switch self {
        case .argv(let words): words.map(\.asShellWord).joined(separator: " ")
        case .script(let text): text
        case .action(let request): request.shown
        }
    }
}

extension ActionRequest {
    fileprivate var shown: String {
        switch self {
        case .http(let request): "\(request.method) \(request.url)"
        case .check(let check): "check \(check.shown)"
        case .wait(let check, _, _): "wait until \(check.shown)"
        case .backup(_, let dataset, let paths, _):
            "back up \(paths.map(\.asShellWord).joined(separator: " ")) as dataset \(dataset)"
        case .verify(_, let dataset, let snapshot, let level):
            "verify snapshot \(snapshot) of dataset \(dataset), level \(level.rawValue)"
        case .restore(_, let dataset, let snapshot, let to):
            "restore snapshot \(snapshot) of dataset \(dataset) to \(to)"
        case .resync(let from, let to, let service): "resynchronise \(service) from \(from) to \(to)"
        case .findSnapshot(_, let dataset, let tag): "look for a snapshot of dataset \(dataset) tagged \(tag)"
        }
    }
}

extension ResolvedCheck {
    fileprivate var shown: String {
        switch self {
        case .argv(let words): words.map(\.asShellWord).joined(separator: " ")
        case .script(let text): text
        case .http(let request): "\(request.method) \(request.url)"
        case .tcp(let address): "a connection to \(address)"
        }
    }
}

extension String {
    /// The text as one word of a shell's command line, quoted where a shell would split or read it.
    var asShellWord: String {
        let plain =
            !isEmpty
            && unicodeScalars.allSatisfy {
                $0.properties.isAlphabetic || "0123456789-_./:=@%+,".unicodeScalars.contains($0)
            }
        return plain
            ? self : "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }
}

extension Event {
    /// The step that the event is about.
    var step: StepID? {
        switch self {
        case .stepBegan(let step, _, _), .stepSkipped(let step, _), .retryScheduled(let step, _, _),
            .stepSucceeded(let step, _),
            .stepFailed(let step, _, _), .stepHeld(let step, _, _), .cardExpired(let step, _),
            .approvalCounted(let step, _), .serviceLost(let step, _), .serviceStopping(let step, _),
            .serviceStopped(let step, _), .cleanupOwed(let step, _), .cleanupSettled(let step, _, _):
            step
        case .attemptIntended(let spec): spec.attempt.step
        case .attemptStarted(let attempt, _), .attemptEnded(let attempt, _), .attemptStopping(let attempt, _),
            .attemptLost(let attempt, _), .attemptInDoubt(let attempt, _, _):
            attempt.step
        case .cardShown(let card): card.step
        default: nil
        }
    }
}
