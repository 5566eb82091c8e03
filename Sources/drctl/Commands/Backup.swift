import ArgumentParser
import DRCrypto
import DRRepository
import DRRunbook
import DRSystem
import Glibc
import SystemPackage

struct Backup: Command {
    static let configuration = CommandConfiguration(
        abstract: "Back up paths, or what a command writes, as a snapshot of a dataset.",
        usage: """
            drctl backup PATH ... [--dataset NAME] [--repo DIR] [--identity FILE] [options]
            drctl backup --stdin-from-command --dataset NAME [options] -- COMMAND [ARGUMENT ...]
            """,
        discussion: """
            Exits 3 where something could not be read: it is named, and the snapshot is marked partial.
            A rerun of an interrupted backup takes up what was stored. A command that fails makes no snapshot.

            Example:  drctl backup --repo /srv/backup --identity writer.key \\
                          --dataset orders /var/lib/orders --exclude '*.tmp'
                      drctl backup --repo /srv/backup --identity writer.key --dataset orders-db \\
                          --stdin-from-command --stdin-name orders.dump -- pg_dump -Fc orders
            """)

    @Argument(help: "What to back up; with --stdin-from-command, the command.", completion: .file())
    var words: [String] = []
    @Option(help: "The name it is backed up under (default: this host and the paths).")
    var dataset: String?
    @Option(help: "A word to find this snapshot by.")
    var tag: String?
    @Flag(help: "Read every file, changed or not.")
    var reread = false
    @Option(help: ArgumentHelp("Read every file when some were last read longer ago.", valueName: "duration"))
    var maxTrust = TimeSpan(nanoseconds: FileCache.defaultTrustNanoseconds)
    @Flag(help: "Read everything, store nothing: say what would be stored.")
    var dryRun = false
    @Flag(help: "Back up what standard input gives, as one file.")
    var stdin = false
    @Flag(help: "Back up what a command writes to its standard output, as one file.")
    var stdinFromCommand = false
    @Option(help: ArgumentHelp("The name of that file.", valueName: "name"))
    var stdinName = "stdin"
    @OptionGroup var capture: CaptureOptions
    @OptionGroup var hooks: HookOptions
    @OptionGroup var monitoring: MonitoringOptions
    @OptionGroup var progress: ProgressOptions
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        try await monitoring.watching("backup", samples: { Self.samples($0.result) }, backUp)
    }

    private static func samples(_ result: any Encodable) -> [MonitoringOptions.Sample] {
        guard let result = result as? BackupJob.Result else { return [] }
        let figures: [(String, String, Double)] = [
            ("backup_files_read", "Files that were read.", Double(result.filesRead)),
            ("backup_bytes_read", "Bytes that were read.", Double(result.bytesRead)),
            ("backup_bytes_source", "Bytes of all files, unchanged ones too.", Double(result.bytesSource)),
            ("backup_bytes_stored", "What the repository's packs grew by.", Double(result.bytesStored)),
            ("backup_problems", "Entries that could not be read as they were.", Double(result.problemCount)),
        ]
        return figures.map {
            MonitoringOptions.Sample(name: $0.0, help: $0.1, labels: [("dataset", result.dataset)], value: $0.2)
        }
    }

    private func backUp() async throws -> Outcome {
        let (input, command) = try input()
        let tag = try Words.given(tag, for: "--tag")
        let name = try dataset(of: input)
        let rules = try capture.rules()
        let (repository, identity) = try options.openWithIdentity()
        let ledger = try options.ledger(of: repository)
        let held = try options.hold(dataset: name, of: repository)
        let job = BackupJob(
            repository: repository, identity: identity, ledger: ledger, dataset: name, input: input, tag: tag,
            rules: rules,
            isTrial: dryRun, cache: reread ? nil : held.place.appending("files.cache"),
            mostTrustNanoseconds: maxTrust.nanoseconds,
            local: options.localIndex(of: repository))
        // From here on a signal ends the backup, and not this process: the command for afterwards is owed.
        let early = SignalWatch()
        try await hooks.runBefore(dataset: name)
        let result: BackupJob.Result
        do {
            if early.isRequested {
                throw early.failure(
                    code: "backup.interrupted", message: "interrupted before anything was backed up",
                    hint: "run the same command again")
            }
            result = try await run(job, command)
        } catch {
            try? await hooks.runAfter(dataset: name, exit: Failure(error).exit, snapshot: nil)
            throw error
        }
        if let seen = options.anchorFile(of: repository), !dryRun { options.keep(result.anchor, in: seen) }
        _ = consume held
        for problem in result.problems.prefix(50) { Output.note("incomplete: \(problem)") }
        if result.problemCount > 50 { Output.note("… and \(result.problemCount - 50) more") }
        var conditions: [ExitStatus] = result.complete ? [] : [.partial]
        do {
            let exit = ExitStatus.first(of: conditions, in: ExitStatus.verificationOrder)
            try await hooks.runAfter(dataset: name, exit: exit, snapshot: result.snapshot)
        } catch let failure as Failure {
            Output.note(failure.text)
            conditions.append(.notEstablished)
        }
        return .verification(conditions, text: Self.text(result), result: result)
    }

    /// Runs the job, with progress, until it has ended or a signal came.
    private func run(_ job: BackupJob, _ command: StreamCommand?) async throws -> BackupJob.Result {
        let child = command?.start()
        defer { child?.cancel() }
        let readsStandardInput = stdin
        let stopping = SignalWatch { number in
            child?.cancel()
            if readsStandardInput { Self.leaveSoon(number) }
        }
        let meter = ProgressMeter(what: dryRun ? "backup (trial)" : "backup", progress)
        defer { meter.end() }
        do {
            return try await BlockingThread.run {
                try job.run(isCancelled: { stopping.isRequested }) { seen, expectedBytes in
                    meter.show(
                        files: seen.filesRead + seen.filesUnchanged, bytes: seen.bytesRead + seen.bytesUnchanged,
                        ofBytes: expectedBytes)
                }
            }
        } catch  where stopping.isRequested {
            throw stopping.failure(
                code: "backup.interrupted", message: "interrupted; what was stored is kept",
                hint: "run the same command again: it takes that up")
        }
    }

    /// A standard input that gives nothing keeps the reading thread for ever. What is stored is in the log up to the
    /// last checkpoint, as after a kill.
    static func leaveSoon(_ signal: Int32) {
        BlockingThread.detach {
            sleep(2)
            Output.note("drctl: interrupted while standard input gave nothing; no snapshot was made")
            Glibc.exit(128 + signal)
        }
    }

    private func input() throws -> (BackupJob.Input, StreamCommand?) {
        guard stdin || stdinFromCommand else {
            guard !words.isEmpty else {
                throw Self.usage("nothing was named to back up", "name at least one path, or give --stdin")
            }
            return (.paths(try words.map(Paths.absolute)), nil)
        }
        guard let name = FileName(stdinName) else {
            throw Self.usage("--stdin-name cannot be a file's name", "give a name without slashes")
        }
        if stdinFromCommand {
            guard !stdin, !words.isEmpty else {
                throw Self.usage("no command was named", "put it behind `--`: … --stdin-from-command -- pg_dump orders")
            }
            let command = try StreamCommand(words)
            return (.stream(descriptor: command.readingEnd, name: name, confirm: command.confirm), command)
        }
        guard words.isEmpty else {
            throw Self.usage("paths and --stdin do not go together", "back them up as two datasets")
        }
        return (.stream(descriptor: try StreamCommand.standardInput(), name: name, confirm: {}), nil)
    }

    /// What one host backs up from the same sources is one dataset.
    private func dataset(of input: BackupJob.Input) throws -> String {
        try Words.given(dataset, for: "--dataset")
            ?? "\(Host.name):\((input.paths ?? []).sorted().joined(separator: ":"))"
    }

    private static func usage(_ message: String, _ hint: String) -> Failure {
        Failure(exit: .usage, code: "backup.input", message: message, hint: hint)
    }

    static func text(_ result: BackupJob.Result) -> String {
        let partial =
            result.complete ? "" : ", PARTIAL: \(counted(result.problemCount, "entry")) could not be read"
        let head =
            result.snapshot.map { "snapshot \($0.prefix(16)) of \(displayEscaped(result.dataset))\(partial)" }
            ?? "trial of \(displayEscaped(result.dataset))\(partial): nothing was stored"
        var left: [String] = []
        if result.socketsSkipped > 0 { left.append(counted(result.socketsSkipped, "socket")) }
        if result.leftOut > 0 { left.append("\(counted(result.leftOut, "entry")) by rules") }
        if result.mountPointsKeptEmpty > 0 {
            left.append("what is mounted at \(counted(result.mountPointsKeptEmpty, "folder"))")
        }
        let stored = result.snapshot == nil ? "would store at most" : "stored"
        return """
            \(head)
            read \(counted(result.filesRead, "file")) (\(ByteCount(result.bytesRead))), \(result.filesTrusted) unchanged; \(stored) \(ByteCount(result.bytesStored))\(left.isEmpty ? "" : "; left out " + left.joined(separator: ", "))
            """
    }
}
