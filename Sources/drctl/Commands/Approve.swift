import ArgumentParser
import DRCrypto
import DRJournal
import DRMachine
import DRRunbook
import DRSystem

struct Approve: Command {
    static let configuration = CommandConfiguration(
        abstract: "Approve what a run asks for.",
        usage: """
            drctl approve [RUN] [STEP] [--comment TEXT] [--sign KEYFILE] [options]
                   drctl approve [RUN] [STEP] --export FILE
                   drctl approve --import FILE
            """,
        discussion: """
            The approval is bound to the card as it is shown: if what would be done
            changes, it does not count. Signed, it is also bound to whoever has the key.

            Somebody who cannot reach this host signs a file instead: write it with
            --export, let them sign it (`ssh-keygen -Y sign -n drctl -f KEY FILE`), and
            bring FILE and FILE.sig back with --import.

            Example:  drctl approve orders-20261122 go --comment "checked with Ada"
            """)

    @OptionGroup var selection: RunSelection
    @Argument(help: "The step; left out, the only one that asks.")
    var step: String?
    @Option(help: "What to write beside the approval.")
    var comment: String?
    @Flag(help: "Go on alone where a quorum is asked for; goes into the report as a finding. Needs --comment.")
    var breakGlass = false
    @Option(
        help: ArgumentHelp("Wait for the question to be asked, at most this long (30s, 10m).", valueName: "duration"))
    var wait: TimeSpan?
    @Option(help: ArgumentHelp("Sign it with this SSH key, or the agent's for a .pub file.", valueName: "keyfile"))
    var sign: String?
    @Option(help: ArgumentHelp("Write what somebody else is to sign; approves nothing yet.", valueName: "file"))
    var export: String?
    @Option(name: .customLong("import"), help: ArgumentHelp("Approve by a file and FILE.sig.", valueName: "file"))
    var imported: String?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if breakGlass && comment == nil {
            throw ValidationError("--break-glass needs --comment TEXT: the report has to say why")
        }
        if [sign, export, imported].compactMap({ $0 }).count > 1 {
            throw ValidationError("--sign, --export and --import are different ways: write one of them")
        }
        if imported != nil, selection.run != nil || comment != nil || breakGlass {
            throw ValidationError("--import takes nothing else: what counts is what was signed")
        }
    }

    func perform() async throws -> Outcome {
        if let imported { return try await SignedApproval.imported(imported, state: selection.state) }
        let (view, card) = try await CardSelection(selection: selection, step: step, kind: .approval, wait: wait).card()
        CardView(card: card, run: view.directory.id).show()
        if sign == nil, export == nil {
            return try await Asking(view).leave(
                .approve(step: card.step, card: card.digest, comment: comment, breakGlass: breakGlass),
                done: "approved: \(card.step)")
        }
        guard let created = view.state.created else {
            throw Failure(exit: .internalError, code: "run.empty", message: "the run has no beginning")
        }
        let statement = ApprovalStatement(
            id: try Asking.newID(), run: created.run, plan: created.plan, card: card, comment: comment,
            breakGlass: breakGlass)
        if let export { return try SignedApproval.export(statement, to: export) }
        return try await SignedApproval.leave(statement, signedWith: sign ?? "", in: view)
    }
}

struct Reject: Command {
    static let configuration = CommandConfiguration(
        abstract: "Reject what a run asks for; the step fails, and its runbook says what that leads to.",
        usage: "drctl reject [RUN] [STEP] --reason TEXT [options]",
        discussion: "Example:  drctl reject orders-20261122 go --reason \"the primary is coming back\"")

    @OptionGroup var selection: RunSelection
    @Argument(help: "The step; left out, the only one that asks.")
    var step: String?
    @Option(help: "Why; goes into the report.")
    var reason: String
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        let (view, card) = try await CardSelection(selection: selection, step: step, kind: .approval, wait: nil).card()
        CardView(card: card, run: view.directory.id).show()
        return try await Asking(view).leave(
            .reject(step: card.step, card: card.digest, reason: reason), done: "rejected: \(card.step)")
    }
}

/// Finds the card that a person means: by run and step, or the only one, waiting for it where asked to.
struct CardSelection {
    var selection: RunSelection
    var step: String?
    /// nil: of any kind.
    var kind: Card.Kind?
    var wait: TimeSpan?

    func card() async throws -> (RunView, Card) {
        let deadline = try Deadline(after: wait ?? .zero)
        while true {
            do {
                return try find()
            } catch {
                // Not asked yet, or the run is not there yet: the same to somebody who waits.
                guard !deadline.isPast, !isHopeless() else { throw error }
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    private func isMeant(_ card: Card) -> Bool { kind == nil || card.kind == kind }

    /// A closed run asks nothing any more.
    private func isHopeless() -> Bool {
        guard let run = selection.run, let root = try? selection.state.root(),
            let directory = try? RunDirectory.find(run, in: root), let view = try? RunView(reading: directory)
        else { return false }
        return view.isClosed
    }

    private func find() throws -> (RunView, Card) {
        let view = try selection.select(kind == nil ? "acknowledge" : "approve") {
            !$0.openCards.filter(isMeant).isEmpty
        }
        let cards = view.openCards.filter { isMeant($0) && (step == nil || $0.step.rawValue == step) }
        if let only = cards.first, cards.count == 1 { return (view, only) }
        throw Failure(
            exit: .usage, code: "step.notAsking",
            message: cards.isEmpty
                ? "\(step.map { "step \($0) of " } ?? "")run \(view.directory.id) asks for \(kind == nil ? "nothing" : "no approval") now"
                : "\(cards.count) steps ask",
            hint: cards.isEmpty
                ? "see `drctl status \(view.directory.id)`"
                : "name one: " + cards.map(\.step.rawValue).joined(separator: ", "))
    }
}

/// A card as a person sees it, on standard error.
struct CardView {
    var card: Card
    var run: String

    func show() {
        let layout = TextLayout(columns: Canvas.isAvailable ? Canvas.size.columns : .max, usesColour: false)
        var lines = ["\(card.step) asks:"] + layout.indented(card.text)
        if card.quorum > 1 || !card.roles.isEmpty { lines.append("    needs: \(EventLine.asked(card))") }
        lines.append("    card \(card.digest.hex.prefix(16))")
        for line in lines { Output.note(line) }
    }
}

extension TimeSpan: ExpressibleByArgument {
    /// A length of time as it is written at a command line: `30s`, `10m`.
    package init?(argument: String) {
        guard let span = TimeSpan(parsing: argument) else { return nil }
        self = span
    }

    package var defaultValueDescription: String { TimeText.span(self) }
}
