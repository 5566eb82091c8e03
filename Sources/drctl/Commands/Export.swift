import ArgumentParser
import DRArchive
import DRCrypto
import DRRepository
import DRSystem
import SystemPackage

struct Export: Command {
    static let configuration = CommandConfiguration(
        abstract: "Write a snapshot, or a part of it, as a tar archive that opens without drctl.",
        usage: "drctl export SNAPSHOT|latest --out FILE [--age RECIPIENT] [--dataset NAME] [options]",
        discussion: """
            Members have the paths that they had on the host. An archive is whole or not there: where anything that \
            belongs into it is lost, nothing is written under the name. With --age it is an emergency archive: \
            age -d -i KEY FILE | tar --zstd -x opens it on any machine.

            Example:  drctl export latest --dataset orders --age age1… --out orders.tar.zst.age \\
                          --repo /srv/backup --identity mine.txt
            """)

    @Argument(help: "A snapshot's id, its beginning, or `latest`.")
    var snapshot: String
    @Option(help: "The dataset that `latest` is of.")
    var dataset: String?
    @Option(help: ArgumentHelp("Where to; must not exist. `-` is standard output.", valueName: "file"))
    var out: String
    @Option(help: "tar or tar.zst.")
    var format = Format.compressed
    @Option(help: ArgumentHelp("Encrypt to this age recipient; may be repeated.", valueName: "recipient"))
    var age: [String] = []
    @Option(
        help: ArgumentHelp(
            "Only this, as it was on the host or relative to the only source; may be repeated.", valueName: "path"))
    var path: [String] = []
    @OptionGroup var progress: ProgressOptions
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case plain = "tar"
        case compressed = "tar.zst"
    }

    struct Result: Encodable {
        var snapshot: String
        var dataset: String
        var snapshotPartial: Bool
        /// Null for standard output.
        var out: String?
        var files: Int
        var bytes: Int64
        var otherEntries: Int
        var encrypted: Bool
    }

    func perform() async throws -> Outcome {
        let recipients = try age.map { try AgeRecipient($0) }
        let isStandardOutput = out == "-"
        if isStandardOutput, output.json || Terminal.isTerminal(.standardOutput) {
            throw Failure(
                exit: .usage, code: "export.output", message: "standard output is for the archive alone",
                hint: "name a file with --out, or send the archive into a pipe without --json")
        }
        let target = isStandardOutput ? nil : try Paths.absolute(out)
        if let target, try FileStatus.ifPresent(at: target) != nil {
            throw Failure(
                exit: .usage, code: "export.exists",
                message: "there is a file at \(displayEscaped(target.string)) already",
                hint: "choose another name, or move it away; nothing there was changed")
        }
        let opened = try OpenedSnapshot(snapshot, dataset: Words.given(dataset, for: "--dataset"), options)
        let selection = path.isEmpty ? nil : RestoreSelection(paths: try path.map { try opened.item(at: $0).path })
        let job = ExportJob(
            source: opened.source, root: opened.root, selection: selection,
            compression: format == .plain ? .none : .zstd, recipients: recipients)
        let written = try await run(job, to: target, expecting: opened.snapshot.manifest.counts.sourceBytes)
        let result = Result(
            snapshot: opened.snapshot.id.hex, dataset: opened.snapshot.manifest.dataset,
            snapshotPartial: opened.snapshot.manifest.isPartial, out: target?.string, files: written.files,
            bytes: written.bytes, otherEntries: written.otherEntries, encrypted: !recipients.isEmpty)
        let text = """
            exported \(result.snapshot.prefix(16)) of \(displayEscaped(result.dataset)) to \(displayEscaped(target?.string ?? "standard output"))
            \(counted(result.files, "file")), \(ByteCount(result.bytes)); \(counted(result.otherEntries, "other entry"))\(result.encrypted ? "; encrypted to \(counted(recipients.count, "recipient"))" : "; NOT ENCRYPTED")\(result.snapshotPartial ? "\nPARTIAL: the snapshot lacks what could not be read when it was made" : "")
            """
        if isStandardOutput { Output.note(text) }
        return .verification(
            result.snapshotPartial ? [.partial] : [], text: isStandardOutput ? "" : text, result: result)
    }

    /// Writes beside the name, makes that durable, and gives it the name at the end.
    private func run(
        _ job: ExportJob, to target: FilePath?, expecting bytes: Int
    ) async throws -> SnapshotExport.Progress {
        let stopping = SignalWatch()
        let meter = ProgressMeter(what: "export", progress)
        defer { meter.end() }
        do {
            return try await BlockingThread.run {
                func write(to descriptor: Int32) throws -> SnapshotExport.Progress {
                    try job.run(to: descriptor, isCancelled: { stopping.isRequested }) {
                        meter.show(files: $0.files, bytes: $0.bytes, ofBytes: Int64(bytes))
                    }
                }
                guard let target else { return try write(to: FileDescriptor.standardOutput.rawValue) }
                return try DurableFile.create(at: target, mode: 0o600, write)
            }
        } catch let error as RepositoryError where error.code == .cancelled {
            throw stopping.failure(
                code: "export.interrupted", message: "interrupted; there is no archive",
                hint: "run the same command again")
        }
    }
}
