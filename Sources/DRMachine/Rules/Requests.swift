import DRCrypto
import DRRunbook

// What people ask of a run. A request is applied once, whoever repeats it; a refusal is an event too.
extension Decision {
    /// Why a request is refused, for the one who made it.
    struct Refusal: Error {
        var reason: String
        init(_ reason: String) { self.reason = reason }
    }

    mutating func answer(_ accepted: AcceptedRequest) throws(MachineError) {
        let id = accepted.request.id
        if state.hasAnswered(id) { return }
        do {
            try admit(accepted)
        } catch {
            try emit(.requestRefused(id: id, ownerUID: accepted.ownerUID, reason: error.reason))
            return
        }
        try emit(.requestApplied(accepted))
        try carryOut(accepted)
    }

    /// Everything that speaks against a request, in this state.
    private func admit(_ accepted: AcceptedRequest) throws(Refusal) {
        let request = accepted.request
        guard request.run == state.created?.run else { throw Refusal("it is for run \(request.run)") }
        guard request.uid == accepted.ownerUID else {
            throw Refusal("it names uid \(request.uid), and uid \(accepted.ownerUID) left it")
        }
        // A signature over an approval says who somebody is for that approval, and for nothing else.
        if request.signed != nil || accepted.signer != nil {
            guard case .approve = request.ask else { throw Refusal("only approvals are signed") }
        }
        if case .closed = state.status, !request.ask.mayFollowTheEnd { throw Refusal("the run is closed") }
        switch request.ask {
        case .approve(let step, let card, let comment, let breakGlass):
            let shown = try approvalCard(step, card)
            try admitSignature(accepted, shown)
            try admitApproval(shown, accepted, comment: comment, breakGlass: breakGlass)
        case .reject(let step, let card, let reason):
            let shown = try approvalCard(step, card)
            try admitPerson(shown, accepted)
            if reason.isEmpty { throw Refusal("a rejection needs a reason") }
        case .acknowledge(let id, let digest):
            let step = state[try index(id)]
            guard step.phase == .asking, let card = step.card else { throw Refusal("step \(id) asks nobody") }
            try requireShown(card, digest)
            if let who = step.acknowledgedBy { throw Refusal("\(who) has acknowledged it") }
            try admitPerson(card, accepted)
        case .resolve(let step, let resolution, let reason, let inputs, let evidence):
            try admitResolution(
                step, resolution, reason: reason, inputs: inputs,
                evidence: evidence + (request.files ?? []).map(\.name))
        case .cancel:
            if state.status.isStopping { throw Refusal("the run is stopping already") }
        case .undo(let reason), .commit(let reason):
            guard case .stopping(_, _, .rollback) = state.status, case .asked = state.rollback else {
                throw Refusal("nobody is asked for a rollback")
            }
            if reason.isEmpty { throw Refusal("a reason is needed") }
        case .pause:
            if state.status.isStopping { throw Refusal("the run is stopping") }
            if state.status.isPaused { throw Refusal("the run is paused already") }
        case .proceed(_, let confirmed):
            guard state.status.isPaused else { throw Refusal("the run is not paused") }
            try admitConfirmation(confirmed ?? [])
        case .mark(_, let service, _, let basis):
            let known = state.plan.services.map(\.name) + state.topology.steps.flatMap { $0.marks.map(\.service) }
            guard known.contains(service) else { throw Refusal("the plan has no service \(service)") }
            if basis.isEmpty { throw Refusal("a mark needs its basis") }
        case .note(let text):
            if text.isEmpty { throw Refusal("the note is empty") }
        case .close:
            throw Refusal("the run closes by itself once its steps are over; `drctl cancel` ends it before")
        case .settleCleanup(let step, let reason):
            guard state.owedCleanup[step] != nil else { throw Refusal("no cleanup \(step) is owed") }
            if reason.isEmpty { throw Refusal("settling a cleanup needs a reason") }
        }
    }

    /// Everything is confirmed that only a person can tell, and nothing else.
    private func admitConfirmation(_ confirmed: [StepID]) throws(Refusal) {
        let unconfirmed = state.unconfirmedSteps
        let missing = unconfirmed.filter { !confirmed.contains($0) }
        if !missing.isEmpty {
            throw Refusal(
                "the machine was restarted, and nobody has said whether these still hold: "
                    + "\(Decision.names(missing)); `drctl resume` asks")
        }
        if let other = confirmed.first(where: { !unconfirmed.contains($0) }) {
            throw Refusal("step \(other) is not in question, or has a probe that is asked")
        }
    }

    private func index(_ id: StepID) throws(Refusal) -> Int {
        guard let index = state.topology.positions[id] else { throw Refusal("the plan has no step \(id)") }
        return index
    }

    // MARK: Approvals

    /// Nobody answers what was not shown.
    private func requireShown(_ card: Card, _ digest: Digest) throws(Refusal) {
        guard card.digest == digest else {
            throw Refusal("this is not the card that step \(card.step) shows now; look at it again")
        }
    }

    private func approvalCard(_ id: StepID, _ digest: Digest) throws(Refusal) -> Card {
        let step = state[try index(id)]
        guard step.phase == .asking, let card = step.card, card.kind == .approval else {
            throw Refusal("step \(id) waits for no approval")
        }
        if state.status.isStopping { throw Refusal("the run is stopping") }
        try requireShown(card, digest)
        if let due = card.due, now.isPast(due) { throw Refusal("the card of step \(id) has expired") }
        return card
    }

    private func person(_ accepted: AcceptedRequest) -> PlannedPerson? { state.plan.person(accepted) }

    /// What was signed is what is asked for, in this run of this plan.
    private func admitSignature(_ accepted: AcceptedRequest, _ card: Card) throws(Refusal) {
        guard let signed = accepted.request.signed else {
            if card.signed == true {
                throw Refusal(
                    "only signed approvals count here: `drctl approve \(accepted.request.run) --sign KEYFILE`")
            }
            return
        }
        guard accepted.signer != nil else { throw Refusal("nobody has checked its signature") }
        let statement: ApprovalStatement
        do {
            statement = try ApprovalStatement(text: signed.statement)
        } catch {
            throw Refusal("what was signed is no approval that this drctl understands")
        }
        guard statement.schema == ApprovalStatement.schema, statement.plan == state.created?.plan,
            statement.request(uid: accepted.request.uid, signed: signed) == accepted.request
        else { throw Refusal("what was signed is not what is asked for") }
    }

    private func admitApproval(
        _ card: Card, _ accepted: AcceptedRequest, comment: String?, breakGlass: Bool
    ) throws(Refusal) {
        let uid = accepted.ownerUID
        try admitPerson(card, accepted)
        if breakGlass {
            if comment?.isEmpty != false { throw Refusal("breaking the glass needs a reason") }
            return
        }
        let person = person(accepted)
        if person == nil, card.quorum > 1 || card.notInitiator {
            throw Refusal("who uid \(uid) is, is not established: the approval needs people of the site file")
        }
        if card.notInitiator, isInitiator(uid, person) { throw Refusal("whoever started the run may not approve it") }
        let name = person?.name ?? "uid \(uid)"
        if state.steps[card.step]?.approvals.contains(where: { ($0.person ?? "uid \($0.uid)") == name }) == true {
            throw Refusal("\(name) has approved already")
        }
    }

    private func admitPerson(_ card: Card, _ accepted: AcceptedRequest) throws(Refusal) {
        if card.roles.isEmpty { return }
        let roles = card.roles.joined(separator: ", ")
        let uid = accepted.ownerUID
        guard let person = person(accepted) else {
            throw Refusal("who uid \(uid) is, is not established, so it fills none of the roles \(roles)")
        }
        guard person.roles.contains(where: card.roles.contains) else {
            throw Refusal("\(person.name) has none of the roles \(roles)")
        }
    }

    /// Somebody who signs may use another's file, or the initiator's: then the name decides.
    private func isInitiator(_ uid: UInt32, _ person: PlannedPerson?) -> Bool {
        guard let created = state.created else { return false }
        guard let person else { return uid == created.initiatorUID }
        if uid == created.initiatorUID, person.name == state.plan.person(uid: uid)?.name { return true }
        return person.name == state.plan.person(uid: created.initiatorUID)?.name
    }

    // MARK: Resolutions

    private func admitResolution(
        _ id: StepID, _ resolution: Request.Resolution, reason: String, inputs: [String: Value], evidence: [String]
    ) throws(Refusal) {
        let index = try index(id)
        let step = state[index]
        if state.status.isStopping, !state.topology.isRollback(index) { throw Refusal("the run is stopping") }
        let planned = state.topology.steps[index]
        let isApproval = planned.action.kind == .approve
        switch step.phase {
        case .asking where step.card?.kind == .approval:
            throw Refusal("step \(id) waits for an approval: approve or reject it")
        case .asking, .held, .inDoubt: break
        case .succeeded where step.restartDoubt == .open:
            if resolution == .done, state.canProbe(index) {
                throw Refusal("step \(id) has a probe, which is asked when the run goes on")
            }
        case .waiting(due: .some) where resolution == .done || resolution == .skip: break
        default: throw Refusal("step \(id) is \(step.phase.words) and needs no answer")
        }
        if resolution == .done, isApproval { throw Refusal("an approval is given by `approve`, not by `resolve`") }
        if resolution == .retry, planned.action.kind == .manual, step.phase == .asking {
            throw Refusal("step \(id) is manual: there is nothing to run again")
        }
        if resolution != .retry, reason.isEmpty, step.phase != .asking || resolution != .done {
            throw Refusal("a reason is needed")
        }
        guard resolution == .done else {
            if !inputs.isEmpty { throw Refusal("inputs belong to `done`") }
            return
        }
        let card = step.phase == .asking ? step.card : nil
        let types = card?.inputs ?? planned.outputs
        for (name, value) in inputs.sorted(by: { $0.key < $1.key }) {
            guard let type = types[name] else { throw Refusal("`\(name)` is not asked for") }
            guard type.admits(value) else { throw Refusal("`\(name)` has to be of type \(type.rawValue)") }
        }
        if let card {
            let missing = card.inputs.keys.sorted().filter { inputs[$0] == nil }
            if !missing.isEmpty { throw Refusal("missing: \(missing.joined(separator: ", "))") }
            if card.evidenceRequired, evidence.allSatisfy(\.isEmpty) { throw Refusal("evidence is required") }
        }
    }

    // MARK: Effects

    /// What an applied request leads to; also after a crash that cut it off.
    mutating func carryOut(_ accepted: AcceptedRequest) throws(MachineError) {
        let uid = accepted.ownerUID
        let name = person(accepted)?.name ?? "uid \(uid)"
        switch accepted.request.ask {
        case .approve(let step, let card, let comment, let breakGlass):
            let shown = person(accepted)
            try emit(
                .approvalCounted(
                    step,
                    Approval(
                        uid: uid, person: shown?.name, roles: shown?.roles ?? [], card: card,
                        request: accepted.request.id, breakGlass: breakGlass, comment: comment,
                        signed: accepted.signer == nil ? nil : true)))
        case .reject(let step, _, let reason):
            if let index = state.topology.positions[step] { try fail(index, reason: "rejected by \(name): \(reason)") }
        case .resolve(let step, let resolution, let reason, let inputs, _):
            if let index = state.topology.positions[step] {
                try resolve(index, resolution, by: name, reason: reason, inputs: inputs)
            }
        case .acknowledge(let step, _):
            if let index = state.topology.positions[step] { try lookAtEscalation(of: index) }
        case .undo: try emit(.rollbackBegan(state.undoing))
        case .commit(let reason): try emit(.rollbackDeclined(reason: "\(name): \(reason)"))
        case .cancel(let reason): try stop(.cancelled, reason: "\(name): \(reason)")
        case .pause(let reason): try pause(reason: "\(name): \(reason)")
        case .proceed(let reason, _): try emit(.runProceeded(reason: "\(name): \(reason)"))
        case .mark(let clock, let service, let at, let basis):
            try emit(
                .clockMarked(
                    ClockMark(
                        clock: clock, service: service, at: .stated(wall: at), basis: "\(name): \(basis)",
                        synthetic: clock == .disrupted && state.plan.mode == .drill)))
        case .note(let text): try emit(.noted(uid: uid, text: text))
        case .close: break
        case .settleCleanup(let step, let reason): try emit(.cleanupSettled(step, uid: uid, reason: reason))
        }
    }

    private mutating func resolve(
        _ index: Int, _ resolution: Request.Resolution, by name: String, reason: String, inputs: [String: Value]
    ) throws(MachineError) {
        let step = state.topology.steps[index]
        switch resolution {
        case .retry:
            if step.action.kind == .manual || step.action.kind == .approve {
                try showCard(index)
            } else {
                try emit(.retryScheduled(step.id, due: now, reason: "\(name): \(reason)"))
            }
        // It was doubted, and the request said that it holds.
        case .done where state[index].phase.isOver: break
        case .done:
            if state.canProbe(index), step.place == .inside, let report = state.refusedIsolation {
                let why = "a person says that it is done, and its probe cannot run: \(Self.words(for: report))"
                try emit(.stepHeld(step.id, reason: why, due: unattendedDue(index)))
            } else if state.canProbe(index) {
                try intend(.probe, of: index)
            } else {
                try succeed(index, outputs: [:], by: nil)
            }
        case .failed:
            // A person has answered already: nobody is asked once more.
            let policy: AfterFailure = step.onFailure == .abort ? .abort : .continue
            try emit(.stepFailed(step.id, reason: "\(name): \(reason)", policy: policy))
        case .skip: try emit(.stepSkipped(step.id, reason: "\(name): \(reason)"))
        }
    }
}

extension RunState {
    /// Whether there is a probe to ask, and a place to ask it from.
    func canProbe(_ index: Int) -> Bool {
        let step = topology.steps[index]
        if step.probe != nil { return true }
        if case .backup = step.action { return true }
        return false
    }
}

extension OutputType {
    fileprivate func admits(_ value: Value) -> Bool {
        switch (self, value) {
        case (.string, .string), (.integer, .integer), (.boolean, .boolean): true
        default: false
        }
    }
}

extension Request.Ask {
    /// Whether it lets a run that is paused go on.
    var isProceeding: Bool { if case .proceed = self { true } else { false } }

    /// What is still said of a run that is closed: it changes what is known of it, and nothing that it did.
    package var mayFollowTheEnd: Bool {
        switch self {
        case .mark, .note, .settleCleanup: true
        default: false
        }
    }
}

extension StepPhase {
    /// For messages.
    package var words: String {
        switch self {
        case .pending: "not started yet"
        case .running: "running"
        case .waitingToRetry: "waiting to be tried again"
        case .waiting: "waiting"
        case .asking: "waiting for a person"
        case .held: "held"
        case .inDoubt: "in doubt"
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .skipped: "skipped"
        }
    }
}

extension Plan {
    /// The plan's person with this uid. Root is nobody: whoever is root can be anybody.
    func person(uid: UInt32) -> PlannedPerson? { uid == 0 ? nil : people.first { $0.uid == uid } }

    /// Who asks: the one who signed, or the owner of the file.
    func person(_ accepted: AcceptedRequest) -> PlannedPerson? {
        guard let signer = accepted.signer else { return person(uid: accepted.ownerUID) }
        return people.first { $0.name == signer }
    }
}
