import ArgumentParser
import DREvidence
import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import SystemPackage

struct Evidence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check what a run or a verification left behind.", subcommands: [EvidenceVerify.self])
}

struct EvidenceVerify: Command {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a run's journal, plan and record, or a signed verification, without trusting any of them.",
        discussion: """
            The journal's chain is checked, the plan against its first event, the record by deriving it again, and the
            journal's end against the head that the record holds. Evidence is not signed yet, so its signer is unknown:
            intact evidence exits 30 and says so; anything changed exits 22.

            The file of `drctl verify --evidence` is signed by a host, and holds the owner's chain that enrolled it: with \
            the repository's id from elsewhere (--repo-id), or the repository itself (--repo), that is all it takes. \
            Without either the signer is unknown, and it exits 30.

            Example:  drctl evidence verify orders-20261122
                      drctl evidence verify verified.jsonl --repo-id 5f0c…
            """)

    @OptionGroup var selection: RunSelection
    @OptionGroup var verification: VerificationEvidenceOptions
    @OptionGroup var output: OutputOptions

    struct Result: Encodable {
        struct Check: Encodable {
            var subject: String
            var result: String
            var detail: String
        }

        var run: String
        var verdict: String
        var head: JournalHead?
        var checks: [Check]
    }

    func perform() async throws -> Outcome {
        if let file = try verificationFile() { return try await verification.outcome(of: file) }
        let directory = try directory()
        let verification = await BlockingThread.run {
            EvidenceVerifier.verify(directory, tool: Drctl.tool)
        }
        let result = Result(
            run: directory.id, verdict: verification.verdict.rawValue, head: verification.head,
            checks: verification.checks.map {
                Result.Check(subject: $0.subject, result: $0.result.rawValue, detail: $0.detail)
            })
        var lines = ["\(directory.id): \(verification.summary)"]
        lines += verification.checks.map { check in
            let mark =
                switch check.result {
                case .holds: "ok  "
                case .doesNotHold: "FAIL"
                case .notEstablished: "?   "
                }
            return "  \(mark) \(displayEscaped(check.subject)): \(displayEscaped(check.detail))"
        }
        return .verification(
            [Self.condition(verification.verdict)], text: lines.joined(separator: "\n"), result: result)
    }

    /// What was named, where it is a file: a run is a directory.
    private func verificationFile() throws -> FilePath? {
        guard let named = selection.run else { return nil }
        let path = try Paths.absolute(named)
        return try FileStatus.ifPresent(at: path)?.kind == .regular ? path : nil
    }

    /// The run whose directory was named, or whose id was.
    private func directory() throws -> RunDirectory {
        if let run = selection.run {
            return run.contains("/")
                ? RunDirectory(at: try Paths.absolute(run)) : try RunDirectory.find(run, in: try selection.state.root())
        }
        return try selection.select("verify") { $0.isClosed }.directory
    }

    private static func condition(_ verdict: DREvidence.Verification.Verdict) -> ExitStatus {
        switch verdict {
        case .intactSignerUnknown, .notEstablished: .notEstablished
        case .notAuthentic: .notAuthentic
        }
    }
}
