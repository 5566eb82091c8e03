internal import DRCrypto

/// How deep a verification looks.
package enum VerificationLevel: String, Sendable, CaseIterable {
    /// Presence, length and directory of every pack, and every link between objects. Needs the list key.
    case structure
    /// Presence, length and SHA-256 of every file that the logs name. Needs no key.
    case stored
    /// Also decrypts, decompresses and names again every object, and follows every snapshot's links. Needs a reader.
    case content

    /// Whether every byte of a pack is read.
    package var readsBytes: Bool { self != .structure }
    /// Whether the objects' links are followed from each snapshot.
    var followsLinks: Bool { self != .stored }
}

/// What is to be verified.
package struct VerificationRequest: Sendable {
    package var level: VerificationLevel
    package var scope: VerificationScope
    /// nil: keyless.
    package var keys: RepositoryKeys?
    /// What was seen of the repository before, by whoever kept it.
    package var anchors: [Anchor]
    /// nil for a verification that reads everything, records nothing and tells no ages.
    package var series: VerificationSeries?
    package var isCancelled: @Sendable () -> Bool
    /// Bytes read so far, and bytes to read in all.
    package var progress: @Sendable (_ read: Int, _ total: Int) -> Void

    package init(
        level: VerificationLevel, scope: VerificationScope = VerificationScope(), keys: RepositoryKeys? = nil,
        anchors: [Anchor] = [], series: VerificationSeries? = nil,
        isCancelled: @escaping @Sendable () -> Bool = { false },
        progress: @escaping @Sendable (_ read: Int, _ total: Int) -> Void = { _, _ in }
    ) {
        self.level = level
        self.scope = scope
        self.keys = keys
        self.anchors = anchors
        self.series = series
        self.isCancelled = isCancelled
        self.progress = progress
    }
}

/// What a verification found: every inconsistency, and how much was looked at.
package struct Verification: Sendable {
    /// How much was looked at, of how much.
    package struct Coverage: Hashable, Sendable {
        package var packsExpected = 0
        /// At level `structure`: packs whose directories were read.
        package var packsRead = 0
        package var bytesExpected = 0
        package var bytesRead = 0
        /// At level `content`: objects decrypted, decompressed and named again.
        package var objectsOpened = 0
        package var bodyBytes = 0
        /// Packs that no log names: an interrupted run's, most likely. Nothing refers to them.
        package var packsUnlogged = 0
        /// Snapshots that no log names: of a backup that was stopped at its last step, or was publishing just then.
        package var snapshotsUnlogged = 0

        /// Whether everything that the level reads was read.
        package internal(set) var isComplete = false
    }

    /// A snapshot, and whether all of it is there.
    package struct SnapshotState: Sendable {
        package let snapshot: Snapshot
        package let verdict: Verdict
    }

    package let level: VerificationLevel
    package internal(set) var coverage = Coverage()
    package internal(set) var findings: [VerificationFinding] = []
    /// Whether this is the repository that was meant.
    package let authenticity: Verdict
    /// Whether it went back behind the anchor; not established without one.
    package internal(set) var history: Verdict = .notEstablished(
        "no anchor was given, so deleted newest entries would not show")
    /// Known where the list key is: newest first.
    package internal(set) var snapshots: [SnapshotState] = []
    /// Whether the snapshots were looked at: false without keys, and where it was stopped before.
    package internal(set) var isJudged = false
    /// With a reader's keys: what damage hurts.
    package internal(set) var hurt: [HurtFile] = []
    package internal(set) var hurtCount = 0
    /// Where the repository ends now, to be kept outside it.
    package internal(set) var anchor: Anchor?
    /// Whether the budget ended it before everything was read.
    package internal(set) var isBudgetSpent = false
    /// When it began and ended, in nanoseconds since 1970; nil without a series.
    package internal(set) var startedNanoseconds: Int64?
    package internal(set) var endedNanoseconds: Int64?
    /// What was read and is as it was written; nil without a series, and at a level that reads no bytes.
    package internal(set) var read: ReadRecord?
    /// The log entry that says so; nil where nobody with the role `verifier` was to record it.
    package internal(set) var record: LogEntry.SeenHead?
    /// What verifiers have read of everything in the scope, this verification included where it was recorded; nil
    /// without a series.
    package internal(set) var readCoverage: ReadCoverage?

    init(level: VerificationLevel, authenticity: Verdict) {
        self.level = level
        self.authenticity = authenticity
    }

    /// Every condition that holds, the one to report first.
    package var conditions: [RepositoryCondition] { Set(findings.map(\.condition)).sorted() }

    /// Whether everything that the level claims to check was checked and is right. Authenticity without a pin and
    /// history without an anchor are verdicts of their own.
    package var verdict: Verdict {
        guard let worst = conditions.first else {
            return coverage.isComplete
                ? .holds
                : .notEstablished(
                    (isBudgetSpent ? "the budget was spent: " : "")
                        + "\(coverage.packsRead) of \(coverage.packsExpected) packs were read")
        }
        let first = findings.first { $0.condition == worst }?.error.message ?? ""
        let others = findings.count - 1
        let all = others == 0 ? first : "\(first); and \(others) more \(others == 1 ? "finding" : "findings")"
        switch worst {
        case .notAuthentic, .damaged, .damagedWithCopy: return .doesNotHold(all)
        case .keyMissing, .notEstablished: return .notEstablished(all)
        }
    }
}
