import DRCrypto
import DRRepository
import DRRunbook
import DRSystem

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

    struct Coverage: Encodable, Sendable {
        var bytesStored: Int
        /// By a verifier, and found good.
        var bytesRead: Int
        var packsStored: Int
        var packsRead: Int
        /// Since it was read last, or stored; null where nothing is stored.
        var oldestUnreadSeconds: Int64?
        /// Null where no limit was asked about.
        var withinPolicy: Bool?
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
    /// Whether the budget ended it before everything was read.
    var budgetSpent: Bool
    /// What verifiers have read of what was asked about, over all their verifications.
    var coverage: Coverage?
    /// The number of the log entry that records this verification; null where nobody was to record it.
    var recordedAs: UInt64?
    /// Of level `rehearse`.
    var rehearsals: [VerificationStatement.Rehearsal] = []
    var anchor: Anchor?

    private var exits: [ExitStatus]

    /// - Parameter reread: within which everything is to be read again; nil where that was not asked.
    init(_ verification: Verification, freshness: [FreshnessOptions.Row] = [], reread: TimeSpan? = nil) {
        self.freshness = freshness
        budgetSpent = verification.isBudgetSpent
        recordedAs = verification.record?.counter
        coverage = verification.readCoverage.map { coverage in
            Coverage(
                bytesStored: coverage.bytesStored, bytesRead: coverage.bytesRead, packsStored: coverage.packsStored,
                packsRead: coverage.packsRead,
                oldestUnreadSeconds: coverage.oldestUnreadNanoseconds.map { $0 / 1_000_000_000 },
                withinPolicy: reread.map { coverage.isWithin($0.nanoseconds) })
        }
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
        // Not everything read, and nothing said why: still not established. A budget was asked for.
        if exits.isEmpty && !verification.coverage.isComplete && !verification.isBudgetSpent {
            exits.append(.notEstablished)
        }
        if coverage?.withinPolicy == false { exits.append(.policyMissed) }
        self.exits = exits
    }

    var conditions: [ExitStatus] { exits }

    /// Takes up how the restores went.
    mutating func add(_ rehearsed: RehearsalJob.Result) {
        rehearsals = rehearsed.rehearsals
        recordedAs = rehearsed.record?.counter
        exits += rehearsed.conditions
        findings += rehearsed.problems.map { Finding(condition: "rehearsal", message: $0, hint: "") }
        (verdict, reason) =
            switch rehearsed.verdict {
            case .holds: ("holds", nil)
            case .doesNotHold(let reason): ("doesNotHold", reason)
            case .notEstablished(let reason): ("notEstablished", reason)
            }
    }

    private enum CodingKeys: String, CodingKey {
        case level, verdict, reason, authentic, history, packsExpected, packsRead, bytesExpected, bytesRead
        case objectsOpened, packsUnlogged, snapshotsUnlogged, snapshotsPartial, findings, hurt, hurtCount
        case snapshots, snapshotsWhole, freshness, budgetSpent, coverage, recordedAs, rehearsals, anchor
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
        let covered: [(String, String, Int)] =
            coverage.map { coverage in
                [
                    ("coverage_bytes_stored", "Bytes of the packs in question.", coverage.bytesStored),
                    ("coverage_bytes_read", "Of those, read by verifiers and found good.", coverage.bytesRead),
                ]
                    + (coverage.oldestUnreadSeconds.map {
                        [
                            (
                                "coverage_oldest_unread_seconds", "How long the byte that waits longest has waited.",
                                Int($0)
                            )
                        ]
                    } ?? [])
            } ?? []
        return (figures + covered).map { MonitoringOptions.Sample(name: $0.0, help: $0.1, value: Double($0.2)) }
            + FreshnessOptions.samples(freshness)
    }

    var text: String {
        var lines = ["\(level): \(verdictText)", readLine]
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
        lines += rehearsals.flatMap(Self.lines)
        lines += coverageLines
        if authentic != "holds" {
            lines.append("authenticity not established: give --repo-id or an identity that names it")
        }
        lines += historyLines
        return lines.joined(separator: "\n")
    }

    private var readLine: String {
        if VerificationLevel(rawValue: level)?.readsBytes != true {
            return
                "looked at \(packsRead) of \(packsExpected) packs; \(snapshotsWhole) of \(snapshots) snapshots are whole"
        }
        let share = bytesExpected == 0 ? 100 : bytesRead * 100 / bytesExpected
        return
            "read \(packsRead) of \(packsExpected) packs, \(ByteCount(Int64(bytesRead))) of \(ByteCount(Int64(bytesExpected))) (\(share) %)"
    }

    private var coverageLines: [String] {
        guard let coverage, coverage.packsStored > 0 else { return [] }
        let share = coverage.bytesStored == 0 ? 100 : coverage.bytesRead * 100 / coverage.bytesStored
        let oldest =
            coverage.oldestUnreadSeconds.map {
                "the oldest unread byte has waited \(TimeText.span(TimeSpan(nanoseconds: $0 * 1_000_000_000)))"
            } ?? "how long unread bytes have waited is not known"
        let recorded = recordedAs.map { "recorded as entry \($0) of the verifier's log" } ?? "not recorded"
        let policy = coverage.withinPolicy.map { $0 ? "" : "; NOT WITHIN the time for reading again" } ?? ""
        return ["coverage: verifiers have read \(share) % of it; \(oldest)\(policy) (\(recorded))"]
    }

    private static func lines(_ rehearsal: VerificationStatement.Rehearsal) -> [String] {
        let seconds = { (seconds: Double) in TimeText.span(TimeSpan(nanoseconds: Int64(seconds * 1e9))) }
        return [
            "rehearsed \(rehearsal.snapshot.hex.prefix(16)): \(ByteCount(rehearsal.bytesRestored)) restored in "
                + "\(seconds(rehearsal.restoreSeconds)), \(counted(rehearsal.filesCompared, "file")) compared in "
                + "\(seconds(rehearsal.compareSeconds)), \(counted(rehearsal.differences, "difference"))"
        ]
            + rehearsal.probes.map { probe in
                let said =
                    switch probe.verdict {
                    case "holds": "holds"
                    case "doesNotHold": "DOES NOT HOLD"
                    default: "NOT ESTABLISHED"
                    }
                return "  probe \(said): \(displayEscaped(probe.command))"
            }
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

    private var failureWord: String {
        if exits.contains(.notAuthentic) { return "NOT AUTHENTIC" }
        return exits.contains(.damaged) || exits.contains(.damagedCopyExists) ? "DAMAGED" : "DOES NOT HOLD"
    }

    var verdictText: String {
        switch verdict {
        case "holds" where packsExpected == 0: "nothing is stored yet"
        case "holds" where !rehearsals.isEmpty: "restored, and every entry is as the manifest says"
        case "holds" where level == VerificationLevel.structure.rawValue:
            "everything that is listed is there, and leads to what it should"
        case "holds": "everything that was stored is as it was written"
        case "notEstablished" where budgetSpent && findings.isEmpty:
            "what was read is as it was written; the budget is spent, and a next run goes on"
        case "doesNotHold":
            "\(failureWord): \(displayEscaped(reason ?? ""))"
        default: "NOT ESTABLISHED: \(displayEscaped(reason ?? ""))"
        }
    }
}
