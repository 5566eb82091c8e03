import DRCrypto
import DRMachine
import DRRunbook

extension Decision {
    static func derive(plan: Plan, events: [JournaledEvent]) -> [Decision] {
        events.compactMap { entry in
            switch entry.event {
            case .requestApplied(let accepted):
                var decision = Decision(
                    at: RecordTime(entry.at), event: entry.number, request: accepted.request.id, uid: accepted.ownerUID,
                    person: accepted.signer ?? plan.person(uid: accepted.ownerUID), breakGlass: false)
                decision.describe(accepted.request.ask)
                decision.add(accepted.request.files ?? [])
                return decision
            case .requestRefused(let id, let uid, let reason):
                return Decision(
                    at: RecordTime(entry.at), event: entry.number, request: id, uid: uid,
                    person: uid.flatMap { plan.person(uid: $0) }, breakGlass: false, refused: reason)
            default: return nil
            }
        }
    }

    private mutating func add(_ files: [EvidenceFile]) {
        guard !files.isEmpty else { return }
        let named = files.map { "\($0.name), \(Wording.bytes($0.sizeBytes)), SHA-256 \($0.sha256.hex)" }
        text = (text.map { $0 + " " } ?? "") + "(files: \(named.joined(separator: "; ")))"
    }

    private mutating func describe(_ request: Request.Ask) {
        switch request {
        case .approve(let step, let card, let comment, let breakGlass):
            (ask, self.step, self.card, text, self.breakGlass) = ("approve", step, card, comment, breakGlass)
        case .reject(let step, let card, let reason):
            (ask, self.step, self.card, text) = ("reject", step, card, reason)
        case .resolve(let step, let resolution, let reason, _, let evidence):
            let files = evidence.isEmpty ? "" : " (evidence: \(evidence.joined(separator: ", ")))"
            (ask, self.step, text) = ("resolve as \(resolution.rawValue)", step, reason + files)
        case .acknowledge(let step, let card): (ask, self.step, self.card) = ("acknowledge", step, card)
        case .cancel(let reason): (ask, text) = ("cancel", reason)
        case .undo(let reason): (ask, text) = ("undo", reason)
        case .commit(let reason): (ask, text) = ("commit", reason)
        case .pause(let reason): (ask, text) = ("pause", reason)
        case .proceed(let reason, let confirmed):
            let steps = (confirmed ?? []).map(\.rawValue).joined(separator: ", ")
            (ask, text) = ("proceed", reason + (steps.isEmpty ? "" : " (still done after the restart: \(steps))"))
        case .mark(let clock, let service, let at, let basis):
            (ask, text) = (
                "mark \(clock.rawValue)", "\(service) at \(RecordTime(nanoseconds: at).shown), basis: \(basis)"
            )
        case .note(let note): (ask, text) = ("note", note)
        case .close(let reason): (ask, text) = ("close", reason)
        case .settleCleanup(let step, let reason): (ask, self.step, text) = ("settle cleanup", step, reason)
        }
    }
}

extension Plan {
    /// The person of the site file with this uid. Root is nobody: it can take any name.
    func person(uid: UInt32) -> String? {
        uid == 0 ? nil : people.first { $0.uid == uid }?.name
    }
}
