import ArgumentParser
import DRCrypto
import DRRepository
import DRSystem

struct RepoRewrite: Command {
    static let configuration = CommandConfiguration(
        commandName: "rewrite",
        abstract: "Take paths out of snapshots that are there: an erasure request.",
        usage: "drctl repo rewrite --path PATH --reason TEXT --pruner FILE --identity FILE [options]",
        discussion: """
            Puts snapshots without the paths in the place of those that have them; a pruner signs the new ones, and the \
            log keeps the reason. Everything else stays, times too. Pinned snapshots are left as they are (exit 3). \
            Interrupted, the same command goes on where it ended.

            The content itself goes with prunes: `drctl repo prune --max-unused 0` now, and once more after its grace \
            period. What readers restored or exported, and copies of the storage, are out of reach. A host that still \
            has the path backs it up again: --exclude keeps it out.

            Example:  drctl repo rewrite --path /srv/mail/jane --reason "case 7" --dry-run \\
                          --pruner pruner.key --identity mine.txt --repo /srv/backup
            """)

    @Option(help: ArgumentHelp("As it was on the host; may be repeated.", valueName: "path"))
    var path: [String]
    @Option(help: "Why; it stays in the signed log, in clear.")
    var reason: String
    @Option(help: "Only snapshots of this dataset.")
    var dataset: String?
    @Option(help: ArgumentHelp("Only this snapshot; may be repeated.", valueName: "id"))
    var snapshot: [String] = []
    @Option(help: ArgumentHelp("The identity of a host with the role pruner.", valueName: "file"))
    var pruner: String
    @Flag(help: "Say what would be taken out, and do nothing.")
    var dryRun = false
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    struct Result: Encodable {
        struct Row: Encodable {
            var snapshot: String
            var dataset: String
            /// Null where nothing is left of it, or it was only tried.
            var replacedBy: String?
            var files: Int
            var bytes: Int64
            var otherEntries: Int
        }

        struct Pinned: Encodable {
            var snapshot: String
            var reason: String
        }

        var trial: Bool
        var examined: Int
        var rewritten: [Row]
        var pinned: [Pinned]
    }

    func perform() async throws -> Outcome {
        guard let reason = try Words.given(reason, for: "--reason") else {
            throw Failure(exit: .usage, code: "rewrite.reason", message: "--reason is empty")
        }
        let paths = try path.map { text in
            guard text.hasPrefix("/"), let names = TreeRoot.components(ofAbsolute: Array(text.utf8)) else {
                throw Failure(
                    exit: .usage, code: "rewrite.path",
                    message: "\(displayEscaped(text)) is no path as a host has it",
                    hint: "an absolute one: /srv/mail/jane")
            }
            return names.isEmpty ? [UInt8(ascii: "/")] : names.flatMap { [UInt8(ascii: "/")] + $0.bytes }
        }
        let (repository, identity) = try options.openWithIdentity()
        let ledger = try options.ledger(of: repository)
        let prunerIdentity = try Identity.parse(RepositoryOptions.secretFile(Paths.absolute(pruner)))
        let reader = try repository.unlock(identity)
        let catalog = repository.snapshots(reader, ledger: ledger)
        let request = RewriteRequest(
            paths: paths, dataset: try Words.given(dataset, for: "--dataset"),
            snapshots: Set(try snapshot.map { try catalog.find($0, dataset: nil).id }), reason: reason, isTrial: dryRun)
        let done = try await run(request, repository, reader, prunerIdentity)
        if !dryRun { _ = try options.ledger(of: repository) }
        return .verification(
            done.pinned.isEmpty ? [] : [.partial], text: text(done), result: Self.result(done, isTrial: dryRun))
    }

    private func run(
        _ request: RewriteRequest, _ repository: Repository, _ reader: RepositoryKeys, _ pruner: Identity
    ) async throws -> RewriteResult {
        let stopping = SignalWatch()
        do {
            return try await BlockingThread.run {
                try repository.rewriting(
                    request, reader: reader, pruner: try repository.unlock(pruner), time: try SystemTimeSource(),
                    isCancelled: { stopping.isRequested })
            }
        } catch let error as RepositoryError where error.code == .cancelled {
            throw stopping.failure(code: "rewrite.interrupted", message: error.message, hint: error.hint)
        }
    }

    private func text(_ done: RewriteResult) -> String {
        var lines = done.rewritten.map { row in
            let name = "\(row.old.id.hex.prefix(16)) of \(displayEscaped(row.old.manifest.dataset))"
            let others = row.otherEntries > 0 ? ", \(counted(row.otherEntries, "other entry"))" : ""
            let end = row.isEmptied ? "; nothing is left of it" : row.new.map { "; now \($0.hex.prefix(16))" } ?? ""
            return
                "\(dryRun ? "would take" : "took") \(counted(row.files, "file")) (\(ByteCount(row.bytes)))\(others) out of \(name)\(end)"
        }
        lines += done.pinned.map {
            "LEFT: \($0.snapshot.id.hex.prefix(16)) is pinned: \(displayEscaped($0.reason))"
        }
        if lines.isEmpty { lines.append("no snapshot has any of it; \(done.examined) were looked into") }
        if !done.rewritten.isEmpty, !dryRun {
            lines.append("next: `drctl repo prune --max-unused 0`, now and after its grace period, deletes the content")
        }
        return lines.joined(separator: "\n")
    }

    private static func result(_ done: RewriteResult, isTrial: Bool) -> Result {
        Result(
            trial: isTrial, examined: done.examined,
            rewritten: done.rewritten.map {
                Result.Row(
                    snapshot: $0.old.id.hex, dataset: $0.old.manifest.dataset, replacedBy: $0.new?.hex,
                    files: $0.files, bytes: $0.bytes, otherEntries: $0.otherEntries)
            },
            pinned: done.pinned.map { Result.Pinned(snapshot: $0.snapshot.id.hex, reason: $0.reason) })
    }
}
