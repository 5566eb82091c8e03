import ArgumentParser
import DRSystem
import Glibc

/// The root command. Flat verbs, and three groups: `repo`, `key`, `evidence`.
@main
struct Drctl: AsyncParsableCommand {
    static let version = "0.1.0"
    /// What reports name as their maker.
    static var tool: String { "drctl \(version)" }

    static let configuration = CommandConfiguration(
        commandName: "drctl",
        abstract: "Run disaster-recovery runbooks, make backups, prove that both work.",
        discussion: """
            A first look:    drctl lint Runbooks/first-drill.yaml
                             drctl drill Runbooks/first-drill.yaml
            In an emergency: drctl status        what is running, and what waits for whom
                             drctl resume RUN    go on after a crash
            """,
        version: version,
        subcommands: asked(hidden),
        groupedSubcommands: groups.map { CommandGroup(name: $0, subcommands: asked($1)) })

    /// Started by drctl itself, and shown to nobody.
    private static let hidden: [any ParsableCommand.Type] = [SupervisorCommand.self, ActionCommand.self]

    private static let groups: [(name: String, commands: [any ParsableCommand.Type])] = [
        ("Runbooks", [Init.self, Lint.self, PlanCommand.self, Drill.self, Run.self, SchemaCommand.self]),
        (
            "Runs",
            [
                Status.self, Watch.self, Acknowledge.self, Approve.self, Reject.self, Resolve.self, Pause.self,
                Resume.self, Cancel.self, Undo.self, Commit.self, Mark.self, Note.self, Close.self, History.self,
            ]
        ),
        (
            "Backups",
            [
                Repo.self, Key.self, Backup.self, Snapshots.self, Ls.self, Find.self, Cat.self, Diff.self,
                RestoreCommand.self, Verify.self, Export.self, Import.self, ResyncCommand.self,
            ]
        ),
        ("Evidence", [ReportCommand.self, Evidence.self]),
    ]

    /// The command line's first word, where it is a command or the question for the version.
    private static let asked: String? = {
        guard let first = CommandLine.arguments.dropFirst().first else { return nil }
        let all = hidden + groups.flatMap(\.commands)
        return first == "--version" || all.contains { name(of: $0) == first } ? first : nil
    }()

    /// What swift-argument-parser calls it. Its own way to the name describes the type, for which the runtime looks
    /// through every conformance there is: a quarter of the time of `drctl --version`.
    private static func name(of command: any ParsableCommand.Type) -> String {
        command.configuration.commandName ?? _typeName(command, qualified: false).lowercased()
    }

    /// The commands that have to be looked at: the one that is asked for; all of them for help, and for what is no
    /// command. Looking at all of them takes longer than most of them do.
    private static func asked(_ commands: [any ParsableCommand.Type]) -> [any ParsableCommand.Type] {
        guard let asked else { return commands }
        return commands.filter { name(of: $0) == asked }
    }

    /// What JSON calls the command that was asked for: `backup`, `repo init`; `drctl` where that is none.
    static var invokedName: String {
        var known = configuration.groupedSubcommands.flatMap(\.subcommands)
        var path: [String] = []
        for word in CommandLine.arguments.dropFirst() {
            guard let command = known.first(where: { name(of: $0) == word }) else { break }
            path.append(word)
            known = command.configuration.subcommands
        }
        return path.isEmpty ? "drctl" : path.joined(separator: " ")
    }

    static func main() async {
        ProcessStart.prepare()
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let status as ExitCode {
            Glibc.exit(status.rawValue)
        } catch {
            if CommandLine.arguments.contains("--json"), exitCode(for: error) != .success {
                let unknown = CommandLine.arguments.dropFirst().first { !$0.hasPrefix("-") }
                let failure = Failure(
                    exit: .usage, code: "usage",
                    message: invokedName == "drctl" && unknown != nil && unknown != "help"
                        ? "there is no command \(unknown ?? "")" : message(for: error),
                    hint: "run the command with --help for an example")
                Glibc.exit(Output.emit(failure, command: invokedName, asJSON: true).rawValue)
            }
            exit(withError: error)
        }
    }
}
