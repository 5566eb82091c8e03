import ArgumentParser
import DRCrypto
import DRRepository
import DRSystem
import SystemPackage

/// What a signed verification is checked against.
struct VerificationEvidenceOptions: ParsableArguments {
    @Option(
        name: .customLong("repo"),
        help: ArgumentHelp("Of a verification: check it against this repository, too.", valueName: "dir"))
    var repository: String?
    @Option(
        name: .customLong("repo-id"),
        help: ArgumentHelp("Of a verification: the repository's id, as you know it.", valueName: "hex"))
    var repositoryID: String?

    private static let mostBytes = 256 << 20

    struct Result: Encodable {
        var repository: String
        var host: String
        /// Whether the owner gave the host the role `verifier`.
        var verifier: Bool
        /// `holds`, or `notEstablished` where nobody said which repository is meant.
        var authentic: String
        var statement: VerificationStatement
    }

    func outcome(of file: FilePath) async throws -> Outcome {
        var pin: Digest?
        if let repositoryID {
            guard let digest = Digest(hex: repositoryID) else {
                throw Failure(
                    exit: .usage, code: "usage", message: "--repo-id \(displayEscaped(repositoryID)) is no id",
                    hint: "an id is 64 hexadecimal digits: see `drctl repo info`")
            }
            pin = digest
        }
        let place = try repository.map { try Paths.absolute($0) }
        let evidence = try await BlockingThread.run { [pin] in
            let bytes = try DurableFile.read(at: file, limit: Self.mostBytes)
            let now = try place.map { try Repository(opening: LocalStorage(root: $0), pinned: pin) }
            return try VerificationEvidence(opening: bytes, pinned: pin, now: now)
        }
        let isPinned = pin != nil || place != nil
        let result = Result(
            repository: evidence.repository.hex, host: evidence.host, verifier: evidence.isVerifier,
            authentic: isPinned ? "holds" : "notEstablished", statement: evidence.statement)
        return .verification(
            isPinned ? [] : [.notEstablished], text: Self.text(evidence, isPinned: isPinned), result: result)
    }

    private static func text(_ evidence: VerificationEvidence, isPinned: Bool) -> String {
        let said = evidence.statement.predicate
        let host = displayEscaped(evidence.host)
        var lines = [
            isPinned
                ? "authentic: signed by host \(host) of repository \(evidence.repository)"
                : "intact, signer unknown: it says host \(host) of repository \(evidence.repository); give --repo-id or --repo",
            evidence.isVerifier
                ? "\(host) is a verifier: what it says counts"
                : "\(host) is no verifier: this is its own word about what it may have written itself",
            "\(displayEscaped(said.level)): \(verdict(said))",
            "from \(TimeText.full(wallNanoseconds: said.startedNanoseconds)) to \(TimeText.full(wallNanoseconds: said.endedNanoseconds)); read \(said.packsRead) of \(said.packsExpected) packs, \(ByteCount(Int64(said.bytesRead)))",
            "snapshots whole: \(said.snapshots.count { $0.verdict == "holds" }) of \(said.snapshots.count); history: \(displayEscaped(said.history))",
        ]
        if let record = said.record { lines.append("recorded as entry \(record.counter) of the log of \(host)") }
        lines += said.findings.prefix(20).map { "\(displayEscaped($0.condition)): \(displayEscaped($0.message))" }
        return lines.joined(separator: "\n")
    }

    private static func verdict(_ said: VerificationStatement.Predicate) -> String {
        let reason = said.reason.map { ": \(displayEscaped($0))" } ?? ""
        return switch said.verdict {
        case "holds": "holds"
        case "doesNotHold": "DOES NOT HOLD\(reason)"
        default: "NOT ESTABLISHED\(reason)"
        }
    }
}
