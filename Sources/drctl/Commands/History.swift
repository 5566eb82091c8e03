import ArgumentParser
import DRHistory
import DRJournal
import DRRunbook
import DRSystem
import SystemPackage

struct History: Command {
    static let configuration = CommandConfiguration(
        abstract: "Earlier runs: how they ended, and how long they took.",
        discussion: """
            The index is derived from the runs' journals and brought up to what they say at
            every use; --rebuild makes it anew. Nothing depends on it.

            Example:  drctl history --runbook orders --limit 10
            """)

    @Option(help: ArgumentHelp("Only runs of this runbook.", valueName: "name"))
    var runbook: String?
    @Option(help: ArgumentHelp("At most so many, the newest.", valueName: "count"))
    var limit = 20
    @Flag(help: "Make the index anew.")
    var rebuild = false
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit counts from 1") }
    }

    func perform() async throws -> Outcome {
        let root = try state.root()
        if try FileStatus.ifPresent(at: root) == nil { try DurableFile.makeDirectory(at: root, mode: 0o700) }
        let (history, failures) = try RunHistory.upToDate(root, isNew: rebuild)
        let entries = try history.entries(runbook: runbook, limit: limit)
        let width = entries.map(\.run.count).max() ?? 0
        let lines = entries.map { entry in
            let took = TimeText.span(TimeSpan(nanoseconds: entry.elapsedNanoseconds))
            return [
                entry.run.padded(to: width), entry.mode.padded(to: 5), entry.status.padded(to: 9),
                TimeText.full(wallNanoseconds: entry.startedAt), took.padded(to: 7),
                "\(entry.stepsDone)/\(entry.steps)", displayEscaped(entry.runbook),
            ].joined(separator: "  ")
        }
        let none = runbook.map { "no run of \(displayEscaped($0))" } ?? "no runs yet"
        return .verification(
            failures.map(\.exit), text: lines.isEmpty ? none : lines.joined(separator: "\n"), result: entries)
    }
}

extension RunHistory {
    /// The index of a state directory, as its journals are now, and why runs are missing in it; they are named on standard
    /// error.
    static func upToDate(_ state: FilePath, isNew: Bool = false) throws -> (RunHistory, failures: [Failure]) {
        let history = try RunHistory(of: state, isNew: isNew)
        let refresh = try history.refresh { directory in
            let view = try RunView(reading: directory)
            guard let head = view.contents.head else {
                throw Failure(
                    exit: .notEstablished, code: "run.empty", message: "the journal of \(directory.id) is empty")
            }
            return (view.state, head)
        }
        return (
            history,
            refresh.unreadable.map { run, error in
                let failure = Failure(error)
                Output.note("drctl: run \(run) cannot be read: \(displayEscaped(failure.message))")
                return failure
            }
        )
    }
}
