import ArgumentParser
import DRCrypto
import DRRepository
import DRSystem
import SystemPackage

struct RestoreCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Restore a snapshot, or a part of it; with --verify, read the target back and compare it.",
        usage: "drctl restore SNAPSHOT|latest --target DIR [--dataset NAME] [--repo DIR] [options]",
        discussion: """
            Every byte is checked before it is written, and written out before this ends. The target must be empty or \
            absent, unless --overwrite says what becomes of files in the way. An interrupted restore is taken up by \
            the same command.
            Exits 3 where something could not be restored or the snapshot is partial, \
            21 where what it needs is damaged or what was restored differs.

            Example:  drctl restore latest --dataset orders --target /mnt/dr-site --verify \\
                           --repo /srv/backup --identity mine.txt
                      drctl restore latest --dataset orders --at 2026-11-25T12:00:00Z \\
                           --path etc/orders.conf --overwrite changed --target /var/lib/orders
            """)

    @Argument(help: "A snapshot's id, its beginning, or `latest`.")
    var snapshot: String
    @Option(help: "The dataset that `latest` is of.")
    var dataset: String?
    @Option(help: ArgumentHelp("`latest` as of this time: 2026-11-25T12:00:00Z.", valueName: "time"))
    var at: String?
    @Option(help: ArgumentHelp("Where to restore to.", valueName: "dir"))
    var target: String
    @Option(
        help: ArgumentHelp(
            "Only this, as it was on the host or relative to the only source; may be repeated.", valueName: "path"))
    var path: [String] = []
    @Option(
        help: ArgumentHelp(
            "Only what matches: *.conf at any depth, /etc/ssh/* from the root; may be repeated.",
            valueName: "pattern"))
    var include: [String] = []
    @Option(help: "What becomes of files in the way: never replaced, where they changed, or always.")
    var overwrite: Overwriting?
    @Flag(help: "Say what would be restored, and do nothing.")
    var dryRun = false
    @Flag(help: "Read the target back, and compare all of it with the snapshot.")
    var verify = false
    @Flag(help: "Give files their owners back, and what else takes a privilege: capabilities, immutability.")
    var owners = false
    @Flag(help: "Make fifos and devices again; devices need the privilege.")
    var specialFiles = false
    @Flag(help: "Both: --owners and --special-files.")
    var asRoot = false
    @OptionGroup var progress: ProgressOptions
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    /// What ``RestoreRequest/Overwrite`` is called when it is asked for.
    enum Overwriting: String, ExpressibleByArgument, CaseIterable {
        case never, changed, always

        var rule: RestoreRequest.Overwrite {
            switch self {
            case .never: .never
            case .changed: .changed
            case .always: .always
            }
        }
    }

    func perform() async throws -> Outcome {
        let before = try at.map { try TimeText.parse($0, for: "--at") }
        guard before == nil || snapshot == "latest" else {
            throw Failure(
                exit: .usage, code: "restore.time", message: "--at goes with `latest` only",
                hint: "a snapshot that is named by its id has a time already")
        }
        let patterns = try include.map { text in
            guard let pattern = PathPattern(Array(text.utf8)) else {
                throw CaptureOptions.wrong("the pattern `\(displayEscaped(text))`")
            }
            return pattern
        }
        let (repository, identity) = try options.openWithIdentity()
        let ledger = try options.ledger(of: repository)
        let job = RestoreJob(
            repository: repository, identity: identity, ledger: ledger,
            dataset: try Words.given(dataset, for: "--dataset"),
            snapshot: snapshot, target: try Paths.absolute(target), before: before, paths: path, patterns: patterns,
            overwrite: overwrite?.rule ?? .refuse, verifies: verify, restoresOwners: owners || asRoot,
            restoresSpecialFiles: specialFiles || asRoot, local: options.localIndex(of: repository))
        if dryRun { return try await Self.trial(job) }
        let stopping = SignalWatch()
        let meter = ProgressMeter(what: "restore", progress)
        defer { meter.end() }
        let result: RestoreJob.Result
        do {
            result = try await BlockingThread.run {
                try job.run(isCancelled: { stopping.isRequested }) {
                    meter.show(files: $0.files, bytes: $0.bytes, ofBytes: $1)
                }
            }
        } catch let error as RepositoryError where error.code == .cancelled {
            throw stopping.failure(
                code: "restore.interrupted", message: "interrupted",
                hint: "run the same command again: it takes up what was restored")
        }
        meter.end()
        for failure in result.failures.prefix(50) { Output.note("not as it was: \(failure)") }
        return .verification(Self.conditions(result), text: Self.text(result), result: result)
    }

    struct Trial: Encodable {
        var snapshot: String
        var dataset: String
        var path: String
        var files: Int
        var bytes: Int64
        var directories: Int
        var otherEntries: Int
        var replaced: Int
        var leftAlone: Int
    }

    private static func trial(_ job: RestoreJob) async throws -> Outcome {
        let (found, result) = try await BlockingThread.run {
            let prepared = try job.prepare()
            return (prepared.found, try RestoreTrial(from: prepared.source).run(prepared.request))
        }
        let trial = Trial(
            snapshot: found.id.hex, dataset: found.manifest.dataset, path: job.target.string, files: result.files,
            bytes: result.bytes, directories: result.directories, otherEntries: result.otherEntries,
            replaced: result.replaced, leftAlone: result.leftAlone)
        let text = """
            would restore \(found.id.hex.prefix(16)) of \(displayEscaped(found.manifest.dataset)) to \(displayEscaped(job.target.string)); nothing was done
            \(counted(result.files, "file")), \(ByteCount(result.bytes)); \(counted(result.directories, "folder")), \(counted(result.otherEntries, "other entry")); \(result.replaced) replaced, \(result.leftAlone) left alone
            """
        return .verification(found.manifest.isPartial ? [.partial] : [], text: text, result: trial)
    }

    static func conditions(_ result: RestoreJob.Result) -> [ExitStatus] {
        var conditions = result.losses.map { ExitStatus($0) }
        if result.failureCount > 0 || result.snapshotPartial { conditions.append(.partial) }
        if result.equal == false && result.failureCount == 0 { conditions.append(.damaged) }
        if result.verified && result.equal == nil { conditions.append(.notEstablished) }
        return conditions
    }

    static func text(_ result: RestoreJob.Result) -> String {
        let verdict =
            switch result.equal {
            case true?:
                "every entry is as the manifest says\(result.withOwners ? "" : ", owners apart") (\(counted(result.filesCompared, "file")) compared)"
            case false?: "\(counted(result.mismatches, "difference")) from the manifest"
            case nil where result.failureCount > 0: "\(counted(result.failureCount, "entry")) not restored"
            case nil where !result.verified:
                "every byte was checked before it was written; --verify compares the target"
            case nil: "not established: \(result.unknown) entries could not be compared"
            }
        var lines = [
            "restored \(result.snapshot.prefix(16)) of \(displayEscaped(result.dataset)) to \(displayEscaped(result.path))",
            "\(counted(result.files, "file")), \(ByteCount(result.bytes)); \(verdict)",
        ]
        if result.snapshotPartial {
            lines.append("PARTIAL: the snapshot lacks what could not be read when it was made")
        }
        if result.newerPartialSnapshots > 0 {
            lines.append(
                "passed over: \(counted(result.newerPartialSnapshots, "newer snapshot")) of it, partial; `drctl snapshots` lists them"
            )
        }
        if result.leftAlone > 0 { lines.append("left alone: \(counted(result.leftAlone, "entry")) in the way") }
        if result.specialFilesSkipped > 0 {
            lines.append(
                "left out: \(counted(result.specialFilesSkipped, "special file")) (--special-files makes them)")
        }
        if result.setIDBitsDropped > 0 {
            lines.append(
                "set-user-id and set-group-id dropped from \(counted(result.setIDBitsDropped, "entry")): their owner is another (--owners gives it back)"
            )
        }
        if result.privilegedMetadataSkipped > 0 {
            lines.append(
                "left out: \(counted(result.privilegedMetadataSkipped, "privileged attribute")), such as capabilities or immutability (--owners gives them back)"
            )
        }
        return lines.joined(separator: "\n")
    }
}
