import ArgumentParser
import DRCrypto
import DRRepository
import DRSystem

struct Verify: Command {
    static let configuration = CommandConfiguration(
        abstract: "Prove that what is stored is what was written.",
        usage: "drctl verify [--level stored|content] [--repo DIR] [--identity FILE] [options]",
        discussion: """
            stored    presence, length and SHA-256 of every pack; needs no key, names files with a reader's identity
            content   also decrypts and decompresses every object, and follows every snapshot's links

            Exits 21 on damage, 22 where something is not authentic, 30 where it could not be established, 4 where \
            the newest backup is older than --max-age.

            Example:  drctl verify --repo /srv/backup
                      drctl verify --repo /srv/backup --level content --identity mine.txt \\
                          --max-age 25h --metrics /var/lib/node_exporter/drctl.prom
            """)

    @Option(help: "stored or content.")
    var level: VerificationLevel = .stored
    @Option(help: "Ask --max-age of this dataset alone; every byte is read in any case.")
    var dataset: String?
    @OptionGroup var freshness: FreshnessOptions
    @OptionGroup var monitoring: MonitoringOptions
    @OptionGroup var progress: ProgressOptions
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        try await monitoring.watching("verify", samples: { ($0.result as? VerifyReport)?.samples ?? [] }, verify)
    }

    private func verify() async throws -> Outcome {
        let dataset = try Words.given(dataset, for: "--dataset")
        let identity = try options.identityIfGiven()
        if freshness.maxAge != nil, identity == nil { _ = try options.requiredIdentity() }
        let repository = try options.open(identity)
        if level == .content && identity == nil { _ = try options.requiredIdentity() }
        let stopping = SignalWatch()
        let meter = ProgressMeter(what: "verify", progress)
        defer { meter.end() }
        let level = level
        let seen = options.anchorFile(of: repository)
        let anchor = try seen?.read()
        let verification = try await BlockingThread.run {
            repository.verify(
                VerificationRequest(
                    level: level, keys: try identity.map { try repository.unlock($0) }, anchor: anchor,
                    isCancelled: { stopping.isRequested },
                    progress: { read, total in
                        meter.show(files: nil, bytes: Int64(read), ofBytes: Int64(total))
                    }))
        }
        meter.end()
        if let seen, let now = verification.anchor, verification.history.mayBeKept { options.keep(now, in: seen) }
        // A snapshot that is known to be hurt is no backup, however new it is.
        let counted = verification.snapshots.filter {
            if case .doesNotHold = $0.verdict { false } else { true }
        }
        let rows = identity == nil ? [] : try freshness.rows(counted.map(\.snapshot), dataset: dataset)
        let report = VerifyReport(verification, freshness: rows)
        let stale = verification.isJudged ? freshness.conditions(rows) : []
        let conditions = report.conditions + stale + (stopping.exit.map { [$0] } ?? [])
        let text = ([report.text] + (verification.isJudged ? freshness.lines(rows) : [])).joined(separator: "\n")
        return .verification(conditions, text: text, result: report)
    }
}

extension VerificationLevel: ExpressibleByArgument {}

extension Verdict {
    /// Whether what was found may become what the next look is compared with.
    fileprivate var mayBeKept: Bool {
        if case .doesNotHold = self { false } else { true }
    }
}

/// A verification as people and programs see it.
struct VerifyReport: Encodable, Sendable {
    struct Finding: Encodable, Sendable {
        var condition: String
        var message: String
        var hint: String
    }

    struct Hurt: Encodable, Sendable {
        var snapshot: String
        var path: String
        var wholeDirectory: Bool
    }

    var level: String
    /// `holds`, `doesNotHold` or `notEstablished`.
    var verdict: String
    var reason: String?
    var authentic: String
    var history: String
    var packsExpected: Int
    var packsRead: Int
    var bytesExpected: Int
    var bytesRead: Int
    var objectsOpened: Int
    var findings: [Finding]
    /// Packs that no log names.
    var packsUnlogged: Int
    /// Snapshots that no log names.
    var snapshotsUnlogged: Int
    /// Snapshots of a source that could not be read whole.
    var snapshotsPartial: Int
    var hurt: [Hurt]
    var hurtCount: Int
    var snapshots: Int
    var snapshotsWhole: Int
    /// Of every dataset, or the one that was asked about; empty without an identity.
    var freshness: [FreshnessOptions.Row]
    var anchor: Anchor?

    private let exits: [ExitStatus]

    init(_ verification: Verification, freshness: [FreshnessOptions.Row] = []) {
        self.freshness = freshness
        level = verification.level.rawValue
        (verdict, reason) = Self.words(verification.verdict)
        authentic = Self.words(verification.authenticity).word
        history = Self.words(verification.history).word
        packsExpected = verification.coverage.packsExpected
        packsRead = verification.coverage.packsRead
        bytesExpected = verification.coverage.bytesExpected
        bytesRead = verification.coverage.bytesRead
        objectsOpened = verification.coverage.objectsOpened
        packsUnlogged = verification.coverage.packsUnlogged
        snapshotsUnlogged = verification.coverage.snapshotsUnlogged
        snapshotsPartial = verification.snapshots.count { $0.snapshot.manifest.isPartial }
        findings = verification.findings.map {
            Finding(condition: "\($0.condition)", message: $0.error.message, hint: $0.error.hint)
        }
        hurt = verification.hurt.map {
            Hurt(snapshot: $0.snapshot.hex, path: displayEscaped(bytes: $0.path), wholeDirectory: $0.isWholeDirectory)
        }
        hurtCount = verification.hurtCount
        snapshots = verification.snapshots.count
        snapshotsWhole = verification.snapshots.filter { $0.verdict == .holds }.count
        anchor = verification.anchor
        var exits = verification.conditions.map { ExitStatus($0) }
        // Not everything read, and nothing said why: still not established.
        if exits.isEmpty && !verification.coverage.isComplete { exits.append(.notEstablished) }
        self.exits = exits
    }

    var conditions: [ExitStatus] { exits }

    private enum CodingKeys: String, CodingKey {
        case level, verdict, reason, authentic, history, packsExpected, packsRead, bytesExpected, bytesRead
        case objectsOpened, packsUnlogged, snapshotsUnlogged, snapshotsPartial, findings, hurt, hurtCount
        case snapshots, snapshotsWhole, freshness, anchor
    }

    private static func words(_ verdict: Verdict) -> (word: String, reason: String?) {
        switch verdict {
        case .holds: ("holds", nil)
        case .doesNotHold(let reason): ("doesNotHold", reason)
        case .notEstablished(let reason): ("notEstablished", reason)
        }
    }

    /// For monitoring: figures only, what they mean is the exit code's to say.
    var samples: [MonitoringOptions.Sample] {
        let figures: [(String, String, Int)] = [
            ("verify_packs_expected", "Packs that the logs name.", packsExpected),
            ("verify_packs_read", "Packs that were read.", packsRead),
            ("verify_bytes_expected", "Bytes of the packs that the logs name.", bytesExpected),
            ("verify_bytes_read", "Bytes of packs that were read.", bytesRead),
            ("verify_findings", "What was found to be wrong.", findings.count),
            ("verify_files_hurt", "Files of snapshots that damage hurts, as far as known.", hurtCount),
        ]
        return figures.map { MonitoringOptions.Sample(name: $0.0, help: $0.1, value: Double($0.2)) }
            + FreshnessOptions.samples(freshness)
    }

    var text: String {
        let share = bytesExpected == 0 ? 100 : bytesRead * 100 / bytesExpected
        var lines = [
            "\(level): \(verdictText)",
            "read \(packsRead) of \(packsExpected) packs, \(ByteCount(Int64(bytesRead))) of \(ByteCount(Int64(bytesExpected))) (\(share) %)",
        ]
        if objectsOpened > 0 {
            lines.append("opened \(objectsOpened) objects; \(snapshotsWhole) of \(snapshots) snapshots are whole")
        }
        if snapshotsPartial > 0 {
            lines.append("\(counted(snapshotsPartial, "snapshot")) PARTIAL: not everything of the source could be read")
        }
        let unlogged = [(packsUnlogged, "pack"), (snapshotsUnlogged, "snapshot")].filter { $0.0 > 0 }
        if !unlogged.isEmpty {
            lines.append(
                unlogged.map { counted($0.0, $0.1) }.joined(separator: " and ")
                    + " that no log names: an interrupted backup left them, or log entries are gone")
        }
        for finding in findings.prefix(20) {
            lines.append("\(finding.condition): \(displayEscaped(finding.message))")
            if !finding.hint.isEmpty { lines.append("  next: \(displayEscaped(finding.hint))") }
        }
        if findings.count > 20 { lines.append("… and \(findings.count - 20) more findings") }
        if !hurt.isEmpty {
            lines.append("files hurt: \(hurtCount)")
            lines += hurt.prefix(50).map {
                "  \($0.snapshot.prefix(12))  \($0.path)\(Self.below($0))"
            }
            lines.append(
                "next: bring the damaged packs back from a copy; without one, move them out of packs/ and back up again"
            )
        }
        if authentic != "holds" {
            lines.append("authenticity not established: give --repo-id or an identity that names it")
        }
        lines += historyLines
        return lines.joined(separator: "\n")
    }

    private static func below(_ hurt: Hurt) -> String {
        guard hurt.wholeDirectory else { return "" }
        return "\(hurt.path.hasSuffix("/") ? "" : "/") and all below"
    }

    private var historyLines: [String] {
        switch history {
        case "holds": ["history: nothing is gone that this host saw before"]
        case "notEstablished": ["history not established: this host had not seen the repository before"]
        default: []
        }
    }

    var verdictText: String {
        switch verdict {
        case "holds" where packsExpected == 0: "nothing is stored yet"
        case "holds": "everything that was stored is as it was written"
        case "doesNotHold":
            "\(exits.contains(.notAuthentic) ? "NOT AUTHENTIC" : "DAMAGED"): \(displayEscaped(reason ?? ""))"
        default: "NOT ESTABLISHED: \(displayEscaped(reason ?? ""))"
        }
    }
}
