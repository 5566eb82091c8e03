import ArgumentParser
import DRJournal
import DRMachine

struct Pause: Command {
    static let configuration = CommandConfiguration(
        abstract: "Start nothing new; what is under way goes on.",
        discussion: "Example:  drctl pause orders-20261122 --reason \"waiting for the network team\"")

    @OptionGroup var selection: RunSelection
    @Option(help: "Why; goes into the report.")
    var reason: String
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        let view = try selection.select("pause") { $0.state.status == .running }
        return try await Asking(view).leave(
            .pause(reason: reason), done: "paused; go on with:  drctl resume \(view.directory.id)")
    }
}

struct Cancel: Command {
    static let configuration = CommandConfiguration(
        abstract: "End a run: end its attempts, clean up, stop its services, close it.",
        discussion: "Example:  drctl cancel orders-20261122 --reason \"false alarm\"")

    @OptionGroup var selection: RunSelection
    @Option(help: "Why; goes into the report.")
    var reason: String
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        let view = try selection.select("cancel") { !$0.isClosed }
        return try await Asking(view).leave(
            .cancel(reason: reason), done: "cancelling; follow it with:  drctl watch \(view.directory.id)")
    }
}

struct Undo: Command {
    static let configuration = CommandConfiguration(
        abstract: "Roll back what a run did, when it asks whether to.",
        discussion: """
            A run that failed or was cancelled, and changed something that its runbook knows
            how to undo, asks before it cleans up. Undoing goes in reverse order.

            Example:  drctl undo orders-20261122 --reason "the new site does not answer"
            """)

    @OptionGroup var selection: RunSelection
    @Option(help: "Why; goes into the report.")
    var reason: String
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        let view = try selection.select("undo", where: \.isAskedForRollback)
        return try await Asking(view).leave(
            .undo(reason: reason), done: "rolling back; follow it with:  drctl watch \(view.directory.id)")
    }
}

struct Commit: Command {
    static let configuration = CommandConfiguration(
        abstract: "Leave what a run did as it is, when it asks whether to roll it back.",
        discussion: "Example:  drctl commit orders-20261122 --reason \"half the services are up; going on by hand\"")

    @OptionGroup var selection: RunSelection
    @Option(help: "Why; goes into the report.")
    var reason: String
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        let view = try selection.select("commit", where: \.isAskedForRollback)
        return try await Asking(view).leave(
            .commit(reason: reason), done: "left as it is; follow it with:  drctl watch \(view.directory.id)")
    }
}
