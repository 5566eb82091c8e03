import ArgumentParser
import DRCrypto
import DRRepository
import DRSystem
import SystemPackage

struct Backup: Command {
    static let configuration = CommandConfiguration(
        abstract: "Back up paths as a snapshot of a dataset.",
        usage: "drctl backup PATH ... [--dataset NAME] [--repo DIR] [--identity FILE] [options]",
        discussion: """
            Exits 3 where something could not be read: it is named, and the snapshot is marked partial.
            A rerun of an interrupted backup takes up what was stored.

            Example:  drctl backup --repo /srv/backup --identity writer.key \\
                          --dataset orders /var/lib/orders
            """)

    @Argument(help: "What to back up.", completion: .file())
    var paths: [String]
    @Option(help: "The name it is backed up under (default: this host and the paths).")
    var dataset: String?
    @Option(help: "A word to find this snapshot by.")
    var tag: String?
    @Flag(help: "Read every file, changed or not.")
    var reread = false
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        let sources = try paths.map(Paths.absolute)
        let tag = try Words.given(tag, for: "--tag")
        let name = try Words.given(dataset, for: "--dataset") ?? Self.dataset(of: sources)
        let (repository, identity) = try options.openWithIdentity()
        _ = try options.ledger(of: repository)
        let place = try options.stateFolder(of: repository).appending(String(Digest.of(name).hex.prefix(32)))
        try DurableFile.makeDirectory(at: place, mode: 0o700)
        guard let lock = try FileLock.tryAcquire(at: place.appending("lock")) else {
            throw Failure(
                exit: .heldByAnother, code: "backup.running",
                message: "another backup of dataset \(displayEscaped(name)) is running on this host",
                hint: "wait until it has ended")
        }
        let job = BackupJob(
            repository: repository, identity: identity, dataset: name, sources: sources, tag: tag,
            cache: reread ? nil : place.appending("files.cache"))
        let stopping = SignalWatch()
        let meter = ProgressMeter(what: "backup")
        let result: BackupJob.Result
        do {
            result = try await BlockingThread.run {
                try job.run(isCancelled: { stopping.isRequested }) {
                    meter.show(files: $0.filesRead + $0.filesUnchanged, bytes: $0.bytesRead + $0.bytesUnchanged)
                }
            }
        } catch let error as RepositoryError where error.code == .cancelled {
            throw stopping.failure(
                code: "backup.interrupted", message: "interrupted; what was stored is kept",
                hint: "run the same command again: it takes that up")
        }
        meter.end()
        if let seen = options.anchorFile(of: repository) { options.keep(result.anchor, in: seen) }
        _ = consume lock
        for problem in result.problems.prefix(50) { Output.note("unreadable: \(problem)") }
        if result.problemCount > 50 { Output.note("… and \(result.problemCount - 50) more") }
        return .verification(result.complete ? [] : [.partial], text: Self.text(result), result: result)
    }

    /// What one host backs up from the same sources is one dataset.
    private static func dataset(of sources: [FilePath]) -> String {
        "\(Host.name):\(sources.map(\.string).sorted().joined(separator: ":"))"
    }

    static func text(_ result: BackupJob.Result) -> String {
        """
        snapshot \(result.snapshot.prefix(16)) of \(displayEscaped(result.dataset))\(result.complete ? "" : ", PARTIAL: \(result.problemCount) entries could not be read")
        read \(counted(result.filesRead, "file")) (\(ByteCount(result.bytesRead))), \(result.filesTrusted) unchanged; stored \(ByteCount(result.bytesStored))\(result.socketsSkipped == 0 ? "" : "; left out \(counted(result.socketsSkipped, "socket"))")
        """
    }
}
