import ArgumentParser
import DRJournal
import DRMachine

struct Acknowledge: Command {
    static let configuration = CommandConfiguration(
        abstract: "Say that you have seen what a run asks for, and see to it.",
        usage: "drctl acknowledge [RUN] [STEP] [options]",
        discussion: """
            Nobody else is told of it then: a card's `escalate` tells a channel when nobody
            has acknowledged it in time. The step still waits for its answer.

            Example:  drctl acknowledge orders-20261122 switch-port
            """)

    @OptionGroup var selection: RunSelection
    @Argument(help: "The step; left out, the only one that asks.")
    var step: String?
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        let (view, card) = try await CardSelection(selection: selection, step: step, kind: nil, wait: nil).card()
        CardView(card: card, run: view.directory.id).show()
        return try await Asking(view).leave(
            .acknowledge(step: card.step, card: card.digest), done: "acknowledged: \(card.step)")
    }
}
