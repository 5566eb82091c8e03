import DRCrypto
import DRMachine
import DRRunbook

// People: they answer late, twice, after the card expired, as somebody who may not, about a card that was replaced.
extension World {
    /// Whoever reads the journal sees what is asked.
    func react(to events: [JournaledEvent]) {
        for entry in events {
            switch entry.event {
            case .cardShown(let card):
                if people.oneIn(4) { answer(.acknowledgement(card.step, card)) }
                answer(.card(card.step, card))
            case .stepHeld(let step, _, _): answer(.question(step))
            case .attemptInDoubt(let attempt, _, _): answer(.question(attempt.step))
            case .runPaused: answer(.proceed)
            case .planAdopted(let adoption): if let new = try? adoption.plan() { plan = new }
            case .rollbackAsked: answer(.rollback)
            case .cleanupOwed(let step, _): if people.oneIn(2) { answer(.settle(step)) }
            case .attemptIntended: if people.perMille(rates.interrupting) { answer(.interrupt) }
            default: break
            }
        }
    }

    private func answer(_ answer: Answer) {
        // Nobody is there in an unattended run, but people may look in.
        if isUnattended, !people.oneIn(4) { return }
        after(people.time(.second...rates.slowestAnswer + .second), .person(answer))
        if people.perMille(rates.answeringTwice) {
            after(people.time(.second...3 * rates.slowestAnswer + .second), .person(answer))
        }
    }

    /// Once faults have stopped, people look again and again until nothing is asked any longer.
    func beDiligent() {
        guard !isClosed else { return }
        after(20 * .second, .diligence)
        callOperator(within: .second)
        if case .paused = lastKnown.status { act(.proceed) }
        if case .asked = lastKnown.rollback { act(.rollback) }
        for step in lastKnown.activeSteps {
            switch lastKnown.steps[step]?.phase {
            case .asking: if let card = lastKnown.steps[step]?.card { act(.card(step, card)) }
            case .held, .inDoubt: act(.question(step))
            default: break
            }
        }
    }

    func act(_ answer: Answer) {
        let uid: UInt32 =
            people.perMille(rates.wrongPerson) ? people.of([0, 1000, 1999]) : people.of([1001, 1002, 1003])
        switch answer {
        case .card(let step, let card):
            let digest = people.perMille(rates.staleCard) ? Digest.of("an older card") : card.digest
            if card.kind == .approval {
                if people.perMille(rates.rejecting) {
                    leave(uid, .reject(step: step, card: digest, reason: "not now"))
                } else {
                    leave(
                        uid,
                        .approve(
                            step: step, card: digest, comment: people.oneIn(3) ? "seen" : nil,
                            breakGlass: people.oneIn(40)))
                }
            } else {
                var inputs: [String: Value] = [:]
                for (name, type) in card.inputs {
                    inputs[name] = type == .string ? .string("x") : type == .integer ? .integer(1) : .boolean(true)
                }
                if people.perMille(rates.staleCard) { inputs = [:] }
                let failed = people.perMille(rates.rejecting)
                leave(
                    uid,
                    .resolve(
                        step: step, as: failed ? .failed : .done, reason: "it is so", inputs: failed ? [:] : inputs,
                        evidence: people.perMille(rates.staleCard) ? [] : ["photo.jpg"]))
            }
        case .acknowledgement(let step, let card):
            let digest = people.perMille(rates.staleCard) ? Digest.of("an older card") : card.digest
            leave(uid, .acknowledge(step: step, card: digest))
        case .question(let step):
            leave(
                uid,
                .resolve(
                    step: step, as: people.of([.retry, .retry, .done, .failed, .skip]), reason: "because",
                    inputs: [:], evidence: []))
        case .proceed:
            let unconfirmed = lastKnown.unconfirmedSteps
            // What has to be said is forgotten, or one of the steps is found to be lost.
            if let lost = unconfirmed.first, people.oneIn(3) {
                leave(
                    uid,
                    .resolve(
                        step: lost, as: people.of([.retry, .done, .failed, .skip]), reason: "looked", inputs: [:],
                        evidence: []))
            }
            let says = people.oneIn(8) ? nil : unconfirmed
            leave(uid, .proceed(reason: "looked at it", confirmed: says?.isEmpty == false ? says : nil))
        case .rollback:
            leave(uid, people.oneIn(4) ? .commit(reason: "it may stay") : .undo(reason: "as it was, please"))
        case .settle(let step): leave(uid, .settleCleanup(step: step, reason: "removed by hand"))
        case .interrupt:
            leave(
                uid,
                people.of([
                    .cancel(reason: "enough"), .pause(reason: "wait"), .note(text: "seen"),
                    .pause(reason: "let me look"),
                ]))
        }
    }

    private func leave(_ uid: UInt32, _ ask: Request.Ask) {
        requestCount += 1
        let request = Request(id: "q\(requestCount)", run: Self.runID, uid: uid, ask: ask)
        let accepted = AcceptedRequest(request: request, ownerUID: uid, bytes: "")
        requestFiles[request.id] = accepted
        checker.submitted(accepted)
        tell("\(uid) asks: \(ask)")
        for index in engines.indices where engines[index].isAlive {
            after(people.time(0...150 * .millisecond), .scan(engine: index, life: engines[index].life))
        }
    }
}
