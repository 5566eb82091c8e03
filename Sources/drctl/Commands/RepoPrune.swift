import ArgumentParser
import DRCrypto
import DRRepository
import DRRunbook
import DRSystem

struct RepoPrune: Command {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove snapshots by rules, and delete what nothing needs any longer.",
        usage: "drctl repo prune [--keep-daily N …] [--dry-run] [--repo DIR] --identity FILE [options]",
        discussion: """
            Needs the identity of a host with the role pruner; it opens no content. Without a --keep rule no
            snapshot is removed. The rules count per dataset and host, on the time at which the storage received
            a snapshot, and apply to all, to the complete and to the verified snapshots alike: none displaces a
            better one. The newest, the last verified and the pinned ones always stay.

            What nothing needs is condemned first, and deleted by a prune after the grace period. Backups,
            verifications and restores go on meanwhile. --dry-run says why each snapshot stays or goes.

            Example:  drctl repo prune --keep-daily 14 --keep-weekly 8 --keep-monthly 12 \\
                          --repo /srv/backup --identity pruner.key --dry-run
            """)

    @OptionGroup var rules: RetentionOptions
    @Option(help: "Remove snapshots of this dataset only.")
    var dataset: String?
    @Option(help: ArgumentHelp("How long the condemned stays, and how old garbage must be.", valueName: "duration"))
    var grace: TimeSpan = TimeSpan(nanoseconds: PruneRequest().graceNanoseconds)
    @Option(help: ArgumentHelp("Rewrite packs of which more than this is unneeded.", valueName: "percent"))
    var maxUnused: Int = PruneRequest().mostUnusedPercent
    @Flag(help: "Say what would be done, and do nothing.")
    var dryRun = false
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        guard (0...100).contains(maxUnused), grace.nanoseconds >= 0 else {
            throw Failure(
                exit: .usage, code: "usage", message: "--max-unused is from 0 to 100, and --grace is not negative",
                hint: "see `drctl repo prune --help`")
        }
        var request = PruneRequest()
        request.policy = try rules.policy()
        request.trustsReceiveTimes = rules.trustReceiveTimes
        request.dataset = try Words.given(dataset, for: "--dataset")
        request.graceNanoseconds = grace.nanoseconds
        request.mostUnusedPercent = maxUnused
        request.isTrial = dryRun
        let (repository, identity) = try options.openWithIdentity()
        _ = try options.ledger(of: repository)
        let wanted = request
        let result = try await BlockingThread.run {
            try repository.prune(wanted, keys: try repository.unlock(identity), time: try SystemTimeSource())
        }
        if !dryRun { _ = try options.ledger(of: repository) }
        let report = PruneReport(result, request: request)
        return .verification(
            result.problems.map { Failure($0).exit }, text: report.text, result: report)
    }
}

/// The rules by which snapshots are kept.
struct RetentionOptions: ParsableArguments {
    @Option(help: "Keep the newest so many.")
    var keepLast: Int = 0
    @Option(help: "Keep the newest of each of the last so many hours that have one.")
    var keepHourly: Int = 0
    @Option(help: "The same for days (UTC).")
    var keepDaily: Int = 0
    @Option(help: "The same for weeks from Monday on.")
    var keepWeekly: Int = 0
    @Option(help: "The same for months.")
    var keepMonthly: Int = 0
    @Option(help: "The same for years.")
    var keepYearly: Int = 0
    @Option(help: "Keep those with this tag; may be given again.")
    var keepTag: [String] = []
    @Flag(help: "Remove also what is kept because the host's clock and the storage's disagree.")
    var trustReceiveTimes = false

    func policy() throws -> RetentionPolicy {
        var policy = RetentionPolicy()
        policy.last = keepLast
        policy.hourly = keepHourly
        policy.daily = keepDaily
        policy.weekly = keepWeekly
        policy.monthly = keepMonthly
        policy.yearly = keepYearly
        policy.tags = Set(keepTag)
        let counts = [keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly]
        guard counts.allSatisfy({ $0 >= 0 }), !keepTag.contains("") else {
            throw Failure(
                exit: .usage, code: "usage", message: "a --keep rule takes a number that is not negative, or a tag",
                hint: "see `drctl repo prune --help`")
        }
        return policy
    }
}

/// A prune as people and programs see it.
struct PruneReport: Encodable, Sendable {
    struct Row: Encodable, Sendable {
        var snapshot: String
        var dataset: String
        var host: String
        /// Null where the storage names no time.
        var receivedAt: String?
        var kept: Bool
        /// Why it is kept; empty where it is not.
        var reasons: [String]
    }

    struct Amount: Encodable, Sendable {
        var files: Int
        var bytes: Int

        init(_ amount: PruneResult.Amount) { (files, bytes) = (amount.files, amount.bytes) }
    }

    var trial: Bool
    /// Tags that were to be kept, and that no snapshot has.
    var unusedTags: [String]
    var snapshots: [Row]
    var removed: Int
    var condemned: Amount
    var reprieved: Amount
    var waiting: Amount
    var deleted: Amount
    var rewritten: Amount
    var rewrittenInto: Amount
    /// What killed commands left half written.
    var unfinished: Amount
    var problems: [String]

    init(_ result: PruneResult, request: PruneRequest) {
        let removed = Set(result.removed)
        trial = request.isTrial
        unusedTags = request.policy.unusedTags(
            among: result.decisions.map(\.snapshot).filter { $0.dataset == request.dataset ?? $0.dataset }
        ).sorted()
        snapshots = result.decisions.map { decision in
            let isKept = !removed.contains(decision.snapshot.id)
            return Row(
                snapshot: decision.snapshot.id.hex, dataset: decision.snapshot.dataset, host: decision.snapshot.host,
                receivedAt: decision.snapshot.receivedNanoseconds.map { TimeText.full(wallNanoseconds: $0) },
                kept: isKept, reasons: isKept && !decision.isKept ? ["of another dataset"] : decision.reasons)
        }
        self.removed = result.removed.count
        condemned = Amount(result.condemned)
        reprieved = Amount(result.reprieved)
        waiting = Amount(result.waiting)
        deleted = Amount(result.deleted)
        rewritten = Amount(result.rewritten)
        rewrittenInto = Amount(result.rewrittenInto)
        unfinished = Amount(result.unfinished)
        problems = result.problems.map(\.message)
    }

    var text: String {
        var lines = snapshots.map { row in
            let fate = row.kept ? "keep    \(row.reasons.map { displayEscaped($0) }.joined(separator: "; "))" : "remove"
            return "\(row.snapshot.prefix(16))  \(row.receivedAt ?? "no time             ")  "
                + "\(displayEscaped(row.dataset))  \(fate)"
        }
        let would = trial ? "would be " : ""
        lines.append("\(counted(removed, "snapshot")) \(would)removed")
        lines += [
            Self.line(deleted, "\(would)deleted, condemned by an earlier prune"),
            Self.line(condemned, "\(would)condemned; a prune after the grace period deletes them"),
            Self.line(waiting, "condemned before, and not yet past the grace period"),
            Self.line(reprieved, "\(would)reprieved: needed again"),
            Self.line(rewritten, "\(would)rewritten without what nothing needs"),
            Self.line(unfinished, "\(would)removed, left half written by commands that were killed"),
        ].compactMap { $0 }
        for tag in unusedTags { lines.append("no snapshot has the tag \(displayEscaped(tag))") }
        for problem in problems { lines.append("NOT REWRITTEN: \(displayEscaped(problem))") }
        return lines.joined(separator: "\n")
    }

    private static func line(_ amount: Amount, _ what: String) -> String? {
        amount.files == 0 ? nil : "\(counted(amount.files, "file")), \(ByteCount(Int64(amount.bytes))), \(what)"
    }
}
