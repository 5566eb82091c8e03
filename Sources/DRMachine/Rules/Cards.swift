package import DRCrypto
import DRRunbook

// What people are asked: approvals and manual steps.
extension Decision {
    mutating func showCard(_ index: Int) throws(MachineError) {
        switch state.topology.steps[index].action {
        case .manual(let card): try show(index, card, after: nil)
        case .approve(let card): try show(index, card)
        default: break
        }
    }

    /// The card of a manual step, or of a step whose failure a person takes over.
    mutating func show(_ index: Int, _ manual: ManualCard, after failure: String?) throws(MachineError) {
        try show(index, within: manual.within) { (step, text) in
            Card(
                step: step, kind: .manual, text: failure.map { "\(text)\n(\(step) failed: \($0))" } ?? text,
                owner: manual.owner, roles: [], quorum: 1, notInitiator: false, inputs: manual.inputs,
                evidenceRequired: manual.evidenceRequired, due: nil, digest: Self.noDigest)
        } text: {
            manual.instructions
        }
    }

    private mutating func show(_ index: Int, _ approval: ApprovalCard) throws(MachineError) {
        try show(index, within: approval.within) { (step, text) in
            var card = Card(
                step: step, kind: .approval, text: text, owner: nil, roles: approval.roles,
                quorum: max(1, approval.quorum), notInitiator: approval.notInitiator, inputs: [:],
                evidenceRequired: false, due: nil, digest: Self.noDigest)
            card.signed = approval.signed
            return card
        } text: {
            approval.message
        }
    }

    private mutating func show(
        _ index: Int, within: TimeSpan?, _ make: (StepID, String) -> Card, text: () -> Template
    ) throws(MachineError) {
        let step = state.topology.steps[index]
        if state.topology.isCleanup(index) {
            try fail(index, reason: "it asks a person, and cleanup does not wait for people")
            return
        }
        guard let created = state.created else { return }
        let resolved: String
        do {
            resolved = try text().resolve(in: EvaluationContext(values: state.values))
        } catch {
            try hold(index, reason: "its card cannot be resolved: \(error)")
            return
        }
        begunTextBytes += resolved.utf8.count
        var card = make(step.id, resolved)
        card.due = within.map { now.advanced(by: $0) } ?? unattendedDue(index)
        card.digest = try card.contentDigest(run: created.run, plan: created.plan)
        try emit(.cardShown(card))
    }

    /// A failure that no policy can take up: a person has to.
    private mutating func hold(_ index: Int, reason: String) throws(MachineError) {
        let id = state.topology.steps[index].id
        if !state[index].phase.isOver { try emit(.stepFailed(id, reason: reason, policy: .hold)) }
        try emit(.stepHeld(id, reason: reason, due: unattendedDue(index)))
    }

    private static var noDigest: Digest { Digest.of([]) }

    /// A step in phase `asking`: the card may have expired, or enough people may have approved.
    mutating func lookAtCard(_ index: Int) throws(MachineError) {
        let step = state[index]
        guard !state.isEnding(index) else { return }
        guard let card = step.card else {
            // Expired: asked again, never granted.
            if case .manual(let manual) = state.topology.steps[index].onFailure, let failure = step.failure {
                try show(index, manual, after: failure)
            } else {
                try showCard(index)
            }
            return
        }
        guard card.kind == .approval else { return }
        let people = Set(step.approvals.map { $0.person ?? "uid \($0.uid)" })
        if people.count >= card.quorum || step.approvals.contains(where: \.breakGlass) {
            try succeed(index, outputs: [:], by: nil)
        }
    }
}

extension Card {
    private struct Contents: Encodable {
        var card: Card
        var plan: Digest
        var run: String
    }

    /// SHA-256 over `{"card":…,"plan":…,"run":…}` in the canonical form of event lines, the card's `digest`
    /// being that of no bytes.
    func contentDigest(run: String, plan: Digest) throws(MachineError) -> Digest {
        var card = self
        card.digest = Digest.of([])
        return Digest.of(try EventCodec.canonical(Contents(card: card, plan: plan, run: run)))
    }

    /// Whether the digest is that of this card in this run of this plan.
    package func isGenuine(run: String, plan: Digest) -> Bool {
        (try? contentDigest(run: run, plan: plan)) == digest
    }
}
