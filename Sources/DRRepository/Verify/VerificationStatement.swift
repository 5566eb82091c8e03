package import DRCrypto

/// What a verification says under its name, as an in-toto statement: its subjects are the ends of the logs and of the
/// owner's chain that it went by, and the snapshots that it found whole.
package struct VerificationStatement: Codable, Sendable {
    /// A file of the repository, and its digest.
    package struct Subject: Codable, Hashable, Sendable {
        /// The name of a file in the repository.
        package let name: String
        package let digest: [String: String]
    }

    /// One thing that was wrong, or could not be found out.
    package struct Finding: Codable, Hashable, Sendable {
        package let condition: String
        package let message: String
    }

    /// A snapshot, and whether everything that it needs is there.
    package struct SnapshotState: Codable, Hashable, Sendable {
        package let snapshot: Digest
        package let dataset: String
        /// `holds`, `doesNotHold` or `notEstablished`.
        package let verdict: String
        package let reason: String?
    }

    /// How a restore of a snapshot went that was made to see whether it can be made.
    package struct Rehearsal: Codable, Hashable, Sendable {
        /// A command that was asked about the restored tree, and its answer.
        package struct Probe: Codable, Hashable, Sendable {
            package let command: String
            /// `holds`, `doesNotHold` or `notEstablished`.
            package let verdict: String

            /// As it was given, and `holds`, `doesNotHold` or `notEstablished`.
            package init(command: String, verdict: String) {
                self.command = command
                self.verdict = verdict
            }
        }

        package var snapshot: Digest
        package var filesCompared: Int
        package var bytesRestored: Int64
        package var differences: Int
        package var restoreSeconds: Double
        package var compareSeconds: Double
        package var probes: [Probe]

        package init(
            snapshot: Digest, filesCompared: Int, bytesRestored: Int64, differences: Int, restoreSeconds: Double,
            compareSeconds: Double, probes: [Probe]
        ) {
            self.snapshot = snapshot
            self.filesCompared = filesCompared
            self.bytesRestored = bytesRestored
            self.differences = differences
            self.restoreSeconds = restoreSeconds
            self.compareSeconds = compareSeconds
            self.probes = probes
        }
    }

    /// What was verified, how far, and what was found.
    package struct Predicate: Codable, Sendable {
        package let repository: Digest
        package let level: String
        /// The dataset, the snapshots and the time that it was limited to; all absent for everything.
        package let dataset: String?
        package let snapshotsAsked: [Digest]?
        package let since: Int64?
        package let startedNanoseconds: Int64
        package let endedNanoseconds: Int64
        package let verdict: String
        package let reason: String?
        /// Against what was seen before.
        package let history: String
        package let packsExpected: Int
        package let packsRead: Int
        package let bytesExpected: Int
        package let bytesRead: Int
        package let snapshots: [SnapshotState]
        package let findings: [Finding]
        /// The log entry that records it, where a verifier made it.
        package let record: LogEntry.SeenHead?
        /// At level `rehearse`.
        package let rehearsals: [Rehearsal]?
    }

    static let type = "https://in-toto.io/Statement/v1"
    static let predicateType = "urn:drctl:verification:0"

    package let _type: String
    package let subject: [Subject]
    package let predicateType: String
    package let predicate: Predicate
}

extension VerificationStatement {
    /// - Parameter rehearsals: where restores followed; their entry in a log stands in place of the verification's.
    /// - Returns: nil for a verification without a series, which has no times.
    package init?(
        _ found: Verification, of repository: Repository, scope: VerificationScope,
        rehearsals: (all: [Rehearsal], verdict: Verdict, record: LogEntry.SeenHead?, endedNanoseconds: Int64)? = nil
    ) {
        guard let started = found.startedNanoseconds, let ended = found.endedNanoseconds else { return nil }
        let (verdict, reason) = Self.words(rehearsals?.verdict ?? found.verdict)
        let states = found.snapshots.map { state in
            let (verdict, reason) = Self.words(state.verdict)
            return SnapshotState(
                snapshot: state.snapshot.id, dataset: state.snapshot.manifest.dataset, verdict: verdict, reason: reason)
        }
        var subject: [Subject] = []
        if let anchor = found.anchor {
            subject.append(
                Subject(name: "config/\(anchor.config.number)", digest: ["sha256": anchor.config.payload.hex]))
            subject += anchor.logs.map {
                Subject(name: "logs/\($0.signer)/\($0.counter)", digest: ["sha256": $0.entry.hex])
            }
        }
        subject += states.filter { $0.verdict == "holds" }.map {
            Subject(name: "snapshots/\($0.snapshot)", digest: ["sha256": $0.snapshot.hex])
        }
        _type = Self.type
        self.subject = subject
        predicateType = Self.predicateType
        predicate = Predicate(
            repository: repository.id, level: rehearsals == nil ? found.level.rawValue : "rehearse",
            dataset: scope.dataset, snapshotsAsked: scope.snapshots.isEmpty ? nil : scope.snapshots.sorted(),
            since: scope.since, startedNanoseconds: started,
            endedNanoseconds: rehearsals?.endedNanoseconds ?? ended, verdict: verdict, reason: reason,
            history: Self.words(found.history).0, packsExpected: found.coverage.packsExpected,
            packsRead: found.coverage.packsRead, bytesExpected: found.coverage.bytesExpected,
            bytesRead: found.coverage.bytesRead, snapshots: states,
            findings: found.findings.map { Finding(condition: "\($0.condition)", message: $0.error.message) },
            record: rehearsals?.record ?? found.record, rehearsals: rehearsals?.all)
    }

    private static func words(_ verdict: Verdict) -> (String, String?) {
        switch verdict {
        case .holds: ("holds", nil)
        case .doesNotHold(let reason): ("doesNotHold", reason)
        case .notEstablished(let reason): ("notEstablished", reason)
        }
    }
}
