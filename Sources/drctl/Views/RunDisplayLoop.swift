import DRCrypto
import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import SystemPackage

/// Shows a run until it ends, and asks the person at the terminal what the run asks.
struct RunDisplayLoop: Sendable {
    /// So often a picture moves, and lines come together, at most.
    private static let interval = Duration.milliseconds(100)

    let feed: RunFeed
    let directory: RunDirectory
    let display: RunDisplay
    /// Whether somebody sits at the terminal.
    let asks: Bool

    /// Until the run ends, or the task is cancelled; what happened is shown in any case.
    func run() async {
        var display = display
        var asked: Set<String> = []
        // A picture shows time passing; lines have nothing to say until something happens.
        let clock = display.isLive ? Task { await tick() } : nil
        defer { clock?.cancel() }
        for await _ in feed.news {
            let (state, events, hasEnded) = feed.take()
            if !events.isEmpty || display.isLive { display.show(events, state: state) }
            if hasEnded {
                display.end(state)
                return
            }
            if asks, let card = Self.openApproval(state), asked.insert(card.digest.hex).inserted {
                display.stepAside()
                await ask(card)
                // There may be another one by now.
                feed.nudge()
            }
            try? await Task.sleep(for: Self.interval)
        }
        // Nobody waits for the interval when the run is over.
        let (state, events, _) = feed.take()
        display.show(events, state: state)
        display.end(state)
    }

    private func tick() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.interval)
            feed.nudge()
        }
    }

    private static func openApproval(_ state: RunState) -> Card? {
        for step in state.plan.steps {
            guard let current = state.steps[step.id], current.phase == .asking, let card = current.card,
                card.kind == .approval
            else { continue }
            return card
        }
        return nil
    }

    /// Asks, and leaves the answer as a request like anybody's. Where nothing can be asked, others may answer.
    private func ask(_ card: Card) async {
        CardView(card: card, run: directory.id).show()
        Output.write("Approve? [yes / no REASON / later] ", to: .standardError)
        // Others may answer meanwhile, and Ctrl-C ends the question with the run.
        while await !BlockingThread.run({ Terminal.hasInput(.standardInput, within: 100) }) {
            if feed.asks(card) { continue }
            return Output.note("")
        }
        let answer = await BlockingThread.run { readLine(strippingNewline: true) }
        let ask: Request.Ask
        switch answer?.split(separator: " ", maxSplits: 1).map(String.init).first?.lowercased() {
        case "yes", "y": ask = .approve(step: card.step, card: card.digest, comment: nil, breakGlass: false)
        case "no", "n":
            let reason = answer?.split(separator: " ", maxSplits: 1).dropFirst().first.map(String.init)
            ask = .reject(step: card.step, card: card.digest, reason: reason ?? "rejected at the terminal")
        case let other? where other != "later":
            Output.note("“\(displayEscaped(other))” is no answer: say yes, no (with a reason), or later")
            return await self.ask(card)
        default:
            Output.note("not answered; from anywhere:  drctl approve \(directory.id) \(card.step)")
            return
        }
        do {
            let request = Request(id: try Asking.newID(), run: directory.id, uid: Host.effectiveUID, ask: ask)
            try RequestBox(of: directory).leave(request)
        } catch {
            Output.note(Failure(error).text)
        }
    }
}
