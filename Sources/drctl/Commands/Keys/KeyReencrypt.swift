import ArgumentParser
import DRCrypto
import DRRepository
import DRRunbook
import DRSystem

struct KeyReencrypt: Command {
    static let configuration = CommandConfiguration(
        commandName: "reencrypt",
        abstract: "Seal what compromised epochs' keys open to the newest epoch.",
        usage: "drctl key reencrypt --pruner FILE --identity FILE [--repo DIR] [options]",
        discussion: """
            Whoever copied packs before can read them for good: this keeps those out who get at the storage later. \
            Snapshots, names and deduplication stay. Needs a reader, who opens, and a pruner, who replaces packs; backups \
            go on meanwhile. Interrupted, the same command goes on where it ended. Exits 4 while something is left.

            What was replaced is deleted by `drctl repo prune` after its grace period.

            Example:  drctl key reencrypt --pruner pruner.key --identity mine.txt --repo /srv/backup
            """)

    @Option(help: ArgumentHelp("The identity of a host with the role pruner.", valueName: "file"))
    var pruner: String
    @Option(help: ArgumentHelp("Leave packs alone that are younger.", valueName: "duration"))
    var grace: TimeSpan = TimeSpan(nanoseconds: PruneRequest().graceNanoseconds)
    @OptionGroup var progress: ProgressOptions
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    struct Result: Encodable {
        /// Of which everything needed is sealed to the newest epoch now.
        var packs: Int
        var bytes: Int
        /// What the new packs take.
        var bytesWritten: Int
        /// Packs with objects of compromised epochs that snapshots need.
        var packsLeft: Int
        var bytesLeft: Int
        var problems: [String]
    }

    func perform() async throws -> Outcome {
        let (repository, identity) = try options.openWithIdentity()
        let prunerIdentity = try Identity.parse(RepositoryOptions.secretFile(Paths.absolute(pruner)))
        let stopping = SignalWatch()
        let meter = ProgressMeter(what: "reencrypt", progress)
        defer { meter.end() }
        let grace = grace.nanoseconds
        let done: ResealResult
        do {
            done = try await BlockingThread.run {
                try repository.resealing(
                    reader: try repository.unlock(identity), pruner: try repository.unlock(prunerIdentity),
                    graceNanoseconds: grace, time: try SystemTimeSource(), isCancelled: { stopping.isRequested }
                ) { meter.show(files: nil, bytes: Int64($0), ofBytes: Int64($1)) }
            }
        } catch let error as RepositoryError where error.code == .cancelled {
            throw stopping.failure(code: "key.interrupted", message: error.message, hint: error.hint)
        }
        meter.end()
        let result = Result(
            packs: done.resealed.files, bytes: done.resealed.bytes, bytesWritten: done.resealedInto.bytes,
            packsLeft: done.left.files, bytesLeft: done.left.bytes, problems: done.problems.map(\.message))
        for problem in done.problems { Output.note("drctl: \(Failure(problem).message)") }
        var lines = ["sealed anew: \(counted(result.packs, "pack")), \(ByteCount(Int64(result.bytes)))"]
        if result.packs > 0 {
            lines.append("next: `drctl repo prune` deletes what they replace, after its grace period")
        }
        if result.packsLeft > 0 {
            lines.append(
                "LEFT: \(counted(result.packsLeft, "pack")), \(ByteCount(Int64(result.bytesLeft))), too young or not readable"
            )
        }
        return .verification(
            done.problems.map { ExitStatus(RepositoryCondition($0)) } + (result.packsLeft > 0 ? [.policyMissed] : []),
            text: lines.joined(separator: "\n"), result: result)
    }
}
