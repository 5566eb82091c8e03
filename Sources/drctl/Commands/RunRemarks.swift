import ArgumentParser
import DRJournal
import DRMachine
import DRRunbook

struct Note: Command {
    static let configuration = CommandConfiguration(
        abstract: "Write something down in a run, also after its end; it stands in the report.",
        usage: "drctl note [RUN] --text TEXT [options]",
        discussion: "Example:  drctl note orders-20261122 --text \"the provider opened case 8812\"")

    @OptionGroup var selection: RunSelection
    @Option(help: "What is written down.")
    var text: String
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        let view = try selection.select("note something in") { !$0.isClosed }
        return try await Asking(view).leave(.note(text: text), done: "noted")
    }
}

struct Mark: Command {
    static let configuration = CommandConfiguration(
        abstract: "Set a service's clock by what people know, also after a run's end.",
        usage: "drctl mark [RUN] --clock NAME --service NAME --at TIME --basis TEXT [options]",
        discussion: """
            Achieved times are counted between clocks. What no step can see, somebody says:
            when the outage began, when the first customer was served again. Of two marks
            of one clock by people, the later one counts, and the report shows both.

            Example:  drctl mark orders-20261122 --clock disrupted --service orders \\
                           --at 2026-11-22T03:14:00Z --basis "first alert, PagerDuty 77"
            """)

    @OptionGroup var selection: RunSelection
    @Option(help: ArgumentHelp(ClockName.allCases.map(\.rawValue).joined(separator: ", ") + ".", valueName: "name"))
    var clock: ClockName
    @Option(help: "The service whose clock it is.")
    var service: String
    @Option(help: ArgumentHelp("When, as RFC 3339: 2026-11-22T03:14:00Z.", valueName: "time"))
    var at: String
    @Option(help: "How it is known; goes into the report.")
    var basis: String
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        guard let nanoseconds = Timestamp.nanoseconds(at) else {
            throw Failure(
                exit: .usage, code: "usage", message: "--at \(at) is no time",
                hint: "write it as RFC 3339, with its zone: 2026-11-22T03:14:00Z")
        }
        let view = try selection.select("mark") { !$0.isClosed }
        return try await Asking(view).leave(
            .mark(clock: clock, service: service, at: nanoseconds, basis: basis),
            done: "marked: \(clock.rawValue) of \(service)")
    }
}

struct Close: Command {
    static let configuration = CommandConfiguration(
        abstract: "Say that a cleanup which a run still owes was seen to.",
        usage: "drctl close [RUN] [STEP] --reason TEXT [options]",
        discussion: """
            A drill whose cleanup failed owes it until somebody says how it was seen to.

            Example:  drctl close orders-20261122 remove-site --reason "removed by hand"
            """)

    @OptionGroup var selection: RunSelection
    @Argument(help: "The cleanup step; left out, the only one that is owed.")
    var step: String?
    @Option(help: "How it was seen to; goes into the report.")
    var reason: String
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        let view = try selection.select("close") { !$0.state.owedCleanup.isEmpty }
        let owed = view.state.owedCleanup.keys.sorted().filter { step == nil || $0.rawValue == step }
        guard let id = owed.first, owed.count == 1 else {
            throw Failure(
                exit: .usage, code: "cleanup.notOwed",
                message: owed.isEmpty
                    ? "run \(view.directory.id) owes no cleanup\(step.map { " \($0)" } ?? "")"
                    : "\(owed.count) cleanups are owed",
                hint: owed.isEmpty
                    ? "see `drctl status \(view.directory.id)`"
                    : "name one: " + owed.map(\.rawValue).joined(separator: ", "))
        }
        return try await Asking(view).leave(
            .settleCleanup(step: id, reason: reason), done: "closed: \(id)")
    }
}

extension ClockName: ExpressibleByArgument {}
