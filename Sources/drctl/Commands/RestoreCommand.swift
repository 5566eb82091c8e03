import ArgumentParser
import DRRepository
import DRSystem

struct RestoreCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Restore a snapshot, and compare what the disk then holds with its manifest.",
        usage: "drctl restore SNAPSHOT|latest --target DIR [--dataset NAME] [--repo DIR] [options]",
        discussion: """
            The target must be empty or absent. An interrupted restore is taken up by the same command.
            Exits 3 where something could not be restored or the snapshot is partial, \
            21 where what it needs is damaged or what was restored differs.

            Example:  drctl restore latest --dataset orders --target /mnt/dr-site \\
                           --repo /srv/backup --identity mine.txt
            """)

    @Argument(help: "A snapshot's id, its beginning, or `latest`.")
    var snapshot: String
    @Option(help: "The dataset that `latest` is of.")
    var dataset: String?
    @Option(help: ArgumentHelp("Where to restore to.", valueName: "dir"))
    var target: String
    @Flag(help: "Replace files that are in the way.")
    var overwrite = false
    @Flag(help: "Give files their owners back; needs the privilege.")
    var owners = false
    @Flag(help: "Make fifos and devices again; devices need the privilege.")
    var specialFiles = false
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        let (repository, identity) = try options.openWithIdentity()
        _ = try options.ledger(of: repository)
        let job = RestoreJob(
            repository: repository, identity: identity, dataset: try Words.given(dataset, for: "--dataset"),
            snapshot: snapshot, target: try Paths.absolute(target), overwrites: overwrite, restoresOwners: owners,
            restoresSpecialFiles: specialFiles)
        let stopping = SignalWatch()
        let meter = ProgressMeter(what: "restore")
        let result: RestoreJob.Result
        do {
            result = try await BlockingThread.run {
                try job.run(isCancelled: { stopping.isRequested }) { meter.show(files: $0.files, bytes: $0.bytes) }
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

    static func conditions(_ result: RestoreJob.Result) -> [ExitStatus] {
        var conditions = result.losses.map { ExitStatus($0) }
        if result.failureCount > 0 || result.snapshotPartial { conditions.append(.partial) }
        if result.equal == false && result.failureCount == 0 { conditions.append(.damaged) }
        if result.equal == nil { conditions.append(.notEstablished) }
        return conditions
    }

    static func text(_ result: RestoreJob.Result) -> String {
        let verdict =
            switch result.equal {
            case true?:
                "every entry is as the manifest says\(result.withOwners ? "" : ", owners apart") (\(counted(result.filesCompared, "file")) compared)"
            case false?: "\(counted(result.mismatches, "difference")) from the manifest"
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
