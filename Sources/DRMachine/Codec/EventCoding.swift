internal import DRJSON
import DRRunbook

extension Event {
    /// The events' names as they are written.
    package enum Name: String, Codable, Sendable, CaseIterable {
        case runCreated, runnerStarted, planAdopted, supervisorReady, supervisorLost, supervisorGone, isolationChecked
        case stepSkipped, stepBegan, attemptIntended, attemptStarted, attemptEnded, attemptStopping, attemptLost,
            attemptInDoubt
        case retryScheduled, stepSucceeded, stepFailed, stepHeld
        case cardShown, cardExpired, approvalCounted
        case serviceLost, serviceStopping, serviceStopped
        case clockMarked, lossMeasured, resyncRecorded
        case requestApplied, requestRefused, noted
        case runPaused, runProceeded, stoppingBegan, rollbackAsked, rollbackBegan, rollbackDeclined, cleanupBegan,
            cleanupOwed, cleanupSettled, closingBegan, runClosed
    }

    package var name: Name {
        switch self {
        case .runCreated: .runCreated
        case .runnerStarted: .runnerStarted
        case .planAdopted: .planAdopted
        case .supervisorReady: .supervisorReady
        case .supervisorLost: .supervisorLost
        case .supervisorGone: .supervisorGone
        case .isolationChecked: .isolationChecked
        case .stepSkipped: .stepSkipped
        case .stepBegan: .stepBegan
        case .attemptIntended: .attemptIntended
        case .attemptStarted: .attemptStarted
        case .attemptEnded: .attemptEnded
        case .attemptStopping: .attemptStopping
        case .attemptLost: .attemptLost
        case .attemptInDoubt: .attemptInDoubt
        case .retryScheduled: .retryScheduled
        case .stepSucceeded: .stepSucceeded
        case .stepFailed: .stepFailed
        case .stepHeld: .stepHeld
        case .cardShown: .cardShown
        case .cardExpired: .cardExpired
        case .approvalCounted: .approvalCounted
        case .serviceLost: .serviceLost
        case .serviceStopping: .serviceStopping
        case .serviceStopped: .serviceStopped
        case .clockMarked: .clockMarked
        case .lossMeasured: .lossMeasured
        case .resyncRecorded: .resyncRecorded
        case .requestApplied: .requestApplied
        case .requestRefused: .requestRefused
        case .noted: .noted
        case .runPaused: .runPaused
        case .runProceeded: .runProceeded
        case .stoppingBegan: .stoppingBegan
        case .rollbackAsked: .rollbackAsked
        case .rollbackBegan: .rollbackBegan
        case .rollbackDeclined: .rollbackDeclined
        case .cleanupBegan: .cleanupBegan
        case .cleanupOwed: .cleanupOwed
        case .cleanupSettled: .cleanupSettled
        case .closingBegan: .closingBegan
        case .runClosed: .runClosed
        }
    }
}

/// The keys of an event's `data`, where it is not one of the types that has its own.
private enum Field: String {
    case approval, attempt, card, cause, due, end, generation, id, outcome, outputs, ownerUID, place, policy, reason
    case start, step, steps, text, uid
}

extension ObjectWriter {
    fileprivate mutating func encode(_ value: some Encodable, forKey field: Field) throws {
        try write(field.rawValue, value)
    }

    fileprivate mutating func encodeIfPresent(_ value: (some Encodable)?, forKey field: Field) throws {
        if let value { try write(field.rawValue, value) }
    }
}

extension Event {
    /// Writes `data`.
    func encodeData(to encoder: any Encoder) throws {
        switch self {
        case .runCreated(let created): try created.encode(to: encoder)
        case .runnerStarted(let runner): try runner.encode(to: encoder)
        case .planAdopted(let adoption): try adoption.encode(to: encoder)
        case .supervisorReady(let supervisor): try supervisor.encode(to: encoder)
        case .isolationChecked(let report): try report.encode(to: encoder)
        case .attemptIntended(let spec): try spec.encode(to: encoder)
        case .cardShown(let card): try card.encode(to: encoder)
        case .clockMarked(let mark): try mark.encode(to: encoder)
        case .lossMeasured(let measure): try measure.encode(to: encoder)
        case .resyncRecorded(let record): try record.encode(to: encoder)
        case .requestApplied(let request): try request.encode(to: encoder)
        default:
            var data = ObjectWriter(encoder)
            try encodeFields(into: &data)
        }
    }

    private func encodeFields(into data: inout ObjectWriter) throws {
        switch self {
        case .supervisorLost(let place, let generation), .supervisorGone(let place, let generation):
            try data.encode(place, forKey: .place)
            try data.encode(generation, forKey: .generation)
        case .attemptStarted(let attempt, let start):
            try data.encode(attempt, forKey: .attempt)
            try data.encode(start, forKey: .start)
        case .attemptEnded(let attempt, let end):
            try data.encode(attempt, forKey: .attempt)
            try data.encode(end, forKey: .end)
        case .attemptStopping(let attempt, let reason), .attemptLost(let attempt, let reason):
            try data.encode(attempt, forKey: .attempt)
            try data.encode(reason, forKey: .reason)
        case .attemptInDoubt(let attempt, let reason, let due):
            try data.encode(attempt, forKey: .attempt)
            try data.encode(reason, forKey: .reason)
            try data.encodeIfPresent(due, forKey: .due)
        case .serviceLost(let step, let attempt), .serviceStopping(let step, let attempt),
            .serviceStopped(let step, let attempt):
            try data.encode(step, forKey: .step)
            try data.encode(attempt, forKey: .attempt)
        case .requestRefused(let id, let ownerUID, let reason):
            try data.encode(id, forKey: .id)
            try data.encodeIfPresent(ownerUID, forKey: .ownerUID)
            try data.encode(reason, forKey: .reason)
        case .noted(let uid, let text):
            try data.encode(uid, forKey: .uid)
            try data.encode(text, forKey: .text)
        case .runPaused(let reason), .runProceeded(let reason), .rollbackDeclined(let reason):
            try data.encode(reason, forKey: .reason)
        case .stoppingBegan(let cause, let reason):
            try data.encode(cause, forKey: .cause)
            try data.encode(reason, forKey: .reason)
        case .runClosed(let outcome, let reason):
            try data.encode(outcome, forKey: .outcome)
            try data.encode(reason, forKey: .reason)
        default: try encodeStepFields(into: &data)
        }
    }

    private func encodeStepFields(into data: inout ObjectWriter) throws {
        switch self {
        case .rollbackAsked(let due): try data.encodeIfPresent(due, forKey: .due)
        case .rollbackBegan(let steps): try data.encode(steps, forKey: .steps)
        case .stepSkipped(let step, let reason), .cleanupOwed(let step, let reason):
            try data.encode(step, forKey: .step)
            try data.encode(reason, forKey: .reason)
        case .stepBegan(let step, let due, let text):
            try data.encode(step, forKey: .step)
            try data.encodeIfPresent(due, forKey: .due)
            try data.encodeIfPresent(text, forKey: .text)
        case .retryScheduled(let step, let due, let reason):
            try data.encode(step, forKey: .step)
            try data.encode(due, forKey: .due)
            try data.encode(reason, forKey: .reason)
        case .stepSucceeded(let step, let outputs):
            try data.encode(step, forKey: .step)
            try data.encode(outputs, forKey: .outputs)
        case .stepFailed(let step, let reason, let policy):
            try data.encode(step, forKey: .step)
            try data.encode(reason, forKey: .reason)
            try data.encode(policy, forKey: .policy)
        case .stepHeld(let step, let reason, let due):
            try data.encode(step, forKey: .step)
            try data.encode(reason, forKey: .reason)
            try data.encodeIfPresent(due, forKey: .due)
        case .cardExpired(let step, let card):
            try data.encode(step, forKey: .step)
            try data.encode(card, forKey: .card)
        case .approvalCounted(let step, let approval):
            try data.encode(step, forKey: .step)
            try data.encode(approval, forKey: .approval)
        case .cleanupSettled(let step, let uid, let reason):
            try data.encode(step, forKey: .step)
            try data.encode(uid, forKey: .uid)
            try data.encode(reason, forKey: .reason)
        default:
            // `cleanupBegan` and `closingBegan` say nothing but their name; all others are above.
            break
        }
    }
}

extension Event {
    /// Reads `data`.
    init(_ name: Name, from decoder: any Decoder) throws {
        switch name {
        case .runCreated: self = .runCreated(try RunCreated(from: decoder))
        case .runnerStarted: self = .runnerStarted(try RunnerIdentity(from: decoder))
        case .planAdopted: self = .planAdopted(try PlanAdoption(from: decoder))
        case .supervisorReady: self = .supervisorReady(try SupervisorIdentity(from: decoder))
        case .isolationChecked: self = .isolationChecked(try IsolationReport(from: decoder))
        case .attemptIntended: self = .attemptIntended(try AttemptSpec(from: decoder))
        case .cardShown: self = .cardShown(try Card(from: decoder))
        case .clockMarked: self = .clockMarked(try ClockMark(from: decoder))
        case .lossMeasured: self = .lossMeasured(try LossMeasure(from: decoder))
        case .resyncRecorded: self = .resyncRecorded(try ResyncRecord(from: decoder))
        case .requestApplied: self = .requestApplied(try AcceptedRequest(from: decoder))
        default: self = try Event(name, fields: try ObjectReader(decoder))
        }
    }

    private init(_ name: Name, fields data: ObjectReader) throws {
        func get<Wanted: Decodable>(_ key: Field) throws -> Wanted { try data.value(key.rawValue) }
        func find<Wanted: Decodable>(_ key: Field) throws -> Wanted? {
            try data.valueIfPresent(key.rawValue)
        }
        switch name {
        case .supervisorLost: self = .supervisorLost(try get(.place), generation: try get(.generation))
        case .supervisorGone: self = .supervisorGone(try get(.place), generation: try get(.generation))
        case .stepBegan: self = .stepBegan(try get(.step), due: try find(.due), text: try find(.text))
        case .stepSkipped: self = .stepSkipped(try get(.step), reason: try get(.reason))
        case .attemptStarted: self = .attemptStarted(try get(.attempt), try get(.start))
        case .attemptEnded: self = .attemptEnded(try get(.attempt), try get(.end))
        case .attemptStopping: self = .attemptStopping(try get(.attempt), reason: try get(.reason))
        case .attemptLost: self = .attemptLost(try get(.attempt), reason: try get(.reason))
        case .attemptInDoubt:
            self = .attemptInDoubt(try get(.attempt), reason: try get(.reason), due: try find(.due))
        case .retryScheduled:
            self = .retryScheduled(try get(.step), due: try get(.due), reason: try get(.reason))
        case .stepSucceeded: self = .stepSucceeded(try get(.step), outputs: try get(.outputs))
        case .stepFailed: self = .stepFailed(try get(.step), reason: try get(.reason), policy: try get(.policy))
        case .stepHeld: self = .stepHeld(try get(.step), reason: try get(.reason), due: try find(.due))
        case .cardExpired: self = .cardExpired(try get(.step), card: try get(.card))
        case .approvalCounted: self = .approvalCounted(try get(.step), try get(.approval))
        case .serviceLost: self = .serviceLost(try get(.step), attempt: try get(.attempt))
        case .serviceStopping: self = .serviceStopping(try get(.step), attempt: try get(.attempt))
        case .serviceStopped: self = .serviceStopped(try get(.step), attempt: try get(.attempt))
        case .requestRefused:
            self = .requestRefused(id: try get(.id), ownerUID: try find(.ownerUID), reason: try get(.reason))
        case .noted: self = .noted(uid: try get(.uid), text: try get(.text))
        case .runPaused: self = .runPaused(reason: try get(.reason))
        case .runProceeded: self = .runProceeded(reason: try get(.reason))
        case .stoppingBegan: self = .stoppingBegan(try get(.cause), reason: try get(.reason))
        case .rollbackAsked: self = .rollbackAsked(due: try find(.due))
        case .rollbackBegan: self = .rollbackBegan(try get(.steps))
        case .rollbackDeclined: self = .rollbackDeclined(reason: try get(.reason))
        case .cleanupBegan: self = .cleanupBegan
        case .cleanupOwed: self = .cleanupOwed(try get(.step), reason: try get(.reason))
        case .cleanupSettled:
            self = .cleanupSettled(try get(.step), uid: try get(.uid), reason: try get(.reason))
        case .closingBegan: self = .closingBegan
        case .runClosed: self = .runClosed(try get(.outcome), reason: try get(.reason))
        case .runCreated, .runnerStarted, .planAdopted, .supervisorReady, .isolationChecked, .attemptIntended,
            .cardShown, .clockMarked, .lossMeasured, .resyncRecorded, .requestApplied:
            throw DecodingError.dataCorrupted(
                .init(codingPath: data.path, debugDescription: "`\(name.rawValue)` has a type of its own"))
        }
    }
}
