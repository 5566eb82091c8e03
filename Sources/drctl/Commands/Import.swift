import ArgumentParser
import DRRepository
import DRSystem
import SystemPackage

struct Import: Command {
    static let configuration = CommandConfiguration(
        abstract: "Make a snapshot of what a tar archive holds; nothing is unpacked.",
        usage: "drctl import FILE|- --dataset NAME [--repo DIR] [--identity FILE] [options]",
        discussion: """
            Takes tar as GNU tar, bsdtar and `drctl export` write it, also compressed with gzip, bzip2, xz or zstd. \
            The topmost members are the snapshot's sources, so that an exported snapshot comes back as it was. An \
            archive that is cut or damaged (21), or has a member that no tree can hold, such as ../x (64), makes no \
            snapshot.

            Example:  age -d -i mine.txt orders.tar.zst.age | \\
                          drctl import - --dataset orders --repo /srv/backup \\
                          --identity writer.key
            """)

    @Argument(help: "The archive; `-` is standard input.", completion: .file())
    var file: String
    @Option(help: "The name it is kept under.")
    var dataset: String
    @Option(help: "A word to find this snapshot by.")
    var tag: String?
    @Option(help: ArgumentHelp("Refuse an archive with more members.", valueName: "count"))
    var limitEntries = ArchiveImport.Limits().entries
    @Option(help: ArgumentHelp("Refuse an archive with more content.", valueName: "bytes"))
    var limitSize = ByteCount(ArchiveImport.Limits().contentBytes)
    @Flag(help: "Read everything, store nothing: say what would be stored.")
    var dryRun = false
    @OptionGroup var progress: ProgressOptions
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        guard let name = try Words.given(dataset, for: "--dataset") else {
            throw Failure(exit: .usage, code: "import.dataset", message: "--dataset is empty")
        }
        guard limitEntries > 0, limitSize.bytes > 0 else {
            throw Failure(exit: .usage, code: "import.limit", message: "a limit must be more than 0")
        }
        let tag = try Words.given(tag, for: "--tag")
        let readsStandardInput = file == "-"
        let descriptor = try readsStandardInput ? StreamCommand.standardInput() : Self.open(Paths.absolute(file))
        let (repository, identity) = try options.openWithIdentity()
        let ledger = try options.ledger(of: repository)
        let held = try options.hold(dataset: name, of: repository)
        let job = BackupJob(
            repository: repository, identity: identity, ledger: ledger, dataset: name,
            input: .archive(
                descriptor: descriptor,
                limits: ArchiveImport.Limits(entries: limitEntries, contentBytes: limitSize.bytes)),
            tag: tag, isTrial: dryRun, cache: nil, local: options.localIndex(of: repository))
        let result = try await run(job, readsStandardInput)
        if let seen = options.anchorFile(of: repository), !dryRun { options.keep(result.anchor, in: seen) }
        _ = consume held
        for problem in result.problems.prefix(50) { Output.note("incomplete: \(problem)") }
        return .verification(result.complete ? [] : [.partial], text: Backup.text(result), result: result)
    }

    private static func open(_ path: FilePath) throws -> Int32 {
        do {
            return try FileDescriptor.open(path, .readOnly, options: .closeOnExec).rawValue
        } catch let error as Errno { throw SystemError(call: "open", path: path, errno: error) }
    }

    private func run(_ job: BackupJob, _ readsStandardInput: Bool) async throws -> BackupJob.Result {
        let stopping = SignalWatch { number in
            if readsStandardInput { Backup.leaveSoon(number) }
        }
        let meter = ProgressMeter(what: dryRun ? "import (trial)" : "import", progress)
        defer { meter.end() }
        do {
            return try await BlockingThread.run {
                try job.run(isCancelled: { stopping.isRequested }) { seen, _ in
                    meter.show(files: seen.filesRead, bytes: seen.bytesRead, ofBytes: nil)
                }
            }
        } catch  where stopping.isRequested {
            throw stopping.failure(
                code: "import.interrupted", message: "interrupted; what was stored is kept, and no snapshot was made",
                hint: "run the same command again")
        }
    }
}

extension ByteCount: ExpressibleByArgument {
    /// As an option is written: `5GB`.
    package init?(argument: String) { self.init(parsing: argument) }
}
