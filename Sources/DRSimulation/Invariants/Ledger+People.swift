import DRCrypto
import DRMachine
import DRRunbook

// What people were asked, and what they gave.
extension Ledger {
    mutating func show(_ card: Card) throws {
        guard let step = planned[card.step], let account = steps[card.step] else { return }
        // One that expired is asked again, also in a pause.
        if account.over == nil, account.attempts == 0, !account.isAnswered, !account.wasShown {
            if rollbacks.contains(card.step) {
                try requireTurn(AttemptID(step: card.step, number: 1))
            } else {
                try require(
                    stage == .running, stage == .paused ? .pauseHolds : .stoppingOrder,
                    "a card of \(card.step) is shown in stage \(stage)")
                try requireNeeds(step)
            }
        }
        steps[card.step]?.isFailureOpen = false
        steps[card.step]?.card = card
        steps[card.step]?.wasShown = true
        steps[card.step]?.isAcknowledged = false
        steps[card.step]?.approvers = []
        steps[card.step]?.brokeGlass = false
        steps[card.step]?.over = nil
        steps[card.step]?.isHeld = false
        steps[card.step]?.isAnswered = false
    }

    mutating func expire(_ id: StepID, _ digest: Digest, _ entry: JournaledEvent) throws {
        let card = steps[id]?.card
        try require(card?.digest == digest, .approvalsAreGenuine, "a card of \(id) expires that nobody sees")
        try require(card?.due.map(entry.at.isPast) ?? false, .approvalsAreGenuine, "a card of \(id) expires early")
        steps[id]?.card = nil
        steps[id]?.approvers = []
    }

    mutating func count(
        _ id: StepID, _ approval: Approval, _ entry: JournaledEvent, _ judge: Judge
    ) throws {
        guard let card = steps[id]?.card, card.kind == .approval else {
            throw Violation(.approvalsAreGenuine, "an approval of \(id) counts, and no card is shown")
        }
        guard
            case .approve(let step, let digest, _, let breakGlass)? = judge.checker.requests[approval.request]?.request
                .ask,
            step == id, digest == card.digest, breakGlass == approval.breakGlass,
            judge.checker.requests[approval.request]?.ownerUID == approval.uid
        else { throw Violation(.approvalsAreGenuine, "an approval of \(id) counts that nobody gave") }
        try require(
            card.due.map { !entry.at.isPast($0) } ?? true, .approvalsAreGenuine,
            "an approval of \(id) counts after the card expired")
        let person = plan.people.first { $0.uid == approval.uid }
        if !card.roles.isEmpty {
            try require(
                person?.roles.contains(where: card.roles.contains) ?? false, .approvalsAreGenuine,
                "uid \(approval.uid) has no role to approve \(id)")
        }
        if !approval.breakGlass {
            try require(
                !(card.notInitiator && approval.uid == 1000), .approvalsAreGenuine, "the initiator approves \(id)")
            let name = person?.name ?? "uid \(approval.uid)"
            try require(
                steps[id]?.approvers.insert(name).inserted == true, .approvalsAreGenuine,
                "\(name) counts twice for \(id)")
        }
        if approval.breakGlass { steps[id]?.brokeGlass = true }
    }

    mutating func apply(_ request: AcceptedRequest, _ judge: Judge) throws {
        let id = request.request.id
        try require(
            appliedRequests.insert(id).inserted, .requestsAreAnswered, "request \(id) is applied twice")
        try require(
            judge.checker.requests[id] == request, .requestsAreAnswered, "request \(id) is applied, and nobody left it")
        switch request.request.ask {
        case .undo: rollbackAnswer = true
        case .commit: rollbackAnswer = false
        case .proceed(_, let confirmed):
            for step in confirmed ?? [] {
                try require(
                    steps[step]?.isDoubted == true, .requestsAreAnswered,
                    "\(step) is confirmed, and was not in question")
                steps[step]?.isDoubted = false
            }
        case .acknowledge(let step, let digest):
            try require(
                steps[step]?.card?.digest == digest, .requestsAreAnswered,
                "somebody sees to a card of \(step) that is not shown")
            steps[step]?.isAcknowledged = true
        default: break
        }
        guard case .resolve(let step, let resolution, _, let inputs, let evidence) = request.request.ask else { return }
        if steps[step]?.isDoubted == true, resolution == .done {
            steps[step]?.isDoubted = false
            return
        }
        try require(
            steps[step]?.isDoubted == true || steps[step]?.card != nil || steps[step]?.isHeld == true
                || steps[step]?.isInDoubt == true,
            .requestsAreAnswered, "an answer about \(step) is applied, and nothing was asked")
        if resolution == .done, let card = steps[step]?.card {
            try require(
                card.inputs.keys.allSatisfy { inputs[$0] != nil }, .requestsAreAnswered,
                "\(step) is said to be done without its inputs")
            try require(
                !card.evidenceRequired || !evidence.isEmpty, .requestsAreAnswered,
                "\(step) is said to be done without evidence")
        }
        steps[step]?.isAnswered = true
        if resolution == .done { steps[step]?.isClaimed = true }
    }
}
