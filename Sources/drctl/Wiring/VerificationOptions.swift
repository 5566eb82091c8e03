import ArgumentParser
import DRCrypto
import DRRepository
import DRRunbook
import DRSystem
import SystemPackage

/// What is to be verified, and how a verification takes its place among others.
struct VerificationOptions: ParsableArguments {
    @Option(help: "Verify what the snapshots of this dataset need, and ask --max-age of it.")
    var dataset: String?
    @Option(help: ArgumentHelp("Verify what this snapshot needs (an id, its beginning, or latest).", valueName: "id"))
    var snapshot: [String] = []
    @Option(
        help: ArgumentHelp(
            "Verify what snapshots need that began since: 7d, or 2026-11-25T12:00:00Z.", valueName: "time"))
    var since: String?
    @Flag(help: "Verify everything that is stored, which is what happens without a choice.")
    var all = false
    @Option(
        help: ArgumentHelp(
            "Stop after so much, 10m or 5GB: unread packs first, then those read longest ago.", valueName: "amount"))
    var budget: VerificationBudget?
    @Option(
        help: ArgumentHelp(
            "Exit 4 where a byte was not read by a verifier for longer: reread=30d.", valueName: "policy"))
    var policy: RereadPolicy?
    @Option(
        help: ArgumentHelp(
            "Record what was read as this verifier; its own identity as --identity does so too.", valueName: "file"))
    var recordAs: String?
    @Option(help: ArgumentHelp("Write what was found, signed, to this file.", valueName: "file"))
    var evidence: String?
    @Option(
        help: ArgumentHelp(
            "Compare with what this file remembers of the repository, and remember it there.", valueName: "file"))
    var anchor: String?

    func validate() throws {
        if all, dataset != nil || !snapshot.isEmpty || since != nil {
            throw ValidationError("--all leaves nothing to choose: leave it or the choice out.")
        }
    }

    /// Who records what was read; nil where nobody does.
    func recorder(_ identity: Identity?) throws -> Identity? {
        if let recordAs { return try Identity.parse(RepositoryOptions.secretFile(Paths.absolute(recordAs))) }
        return identity
    }

    /// - Throws: where a snapshot is not found, or a time is none.
    func scope(_ catalog: () throws -> SnapshotCatalog, now: Int64) throws -> VerificationScope {
        let dataset = try Words.given(dataset, for: "--dataset")
        let snapshots =
            snapshot.isEmpty
            ? [] : try snapshot.map { [catalog = try catalog()] in try catalog.find($0, dataset: dataset).id }
        return VerificationScope(
            dataset: snapshots.isEmpty ? dataset : nil, snapshots: Set(snapshots),
            since: try since.map { text in
                if let span = TimeSpan(parsing: text) { return now - span.nanoseconds }
                return try TimeText.parse(text, for: "--since")
            })
    }

    /// What the anchor's file remembers; nothing where there is none yet.
    var anchorFile: AnchorFile? {
        get throws { try anchor.map { AnchorFile(at: try Paths.absolute($0)) } }
    }
}

/// `10m` or `5GB`.
struct VerificationBudget: ExpressibleByArgument {
    var limit: VerificationSeries.Budget

    init?(argument: String) {
        if let bytes = ByteCount(parsing: argument) {
            limit = .bytes(Int(bytes.bytes))
        } else if let span = TimeSpan(parsing: argument) {
            limit = .nanoseconds(span.nanoseconds)
        } else {
            return nil
        }
    }
}

/// `reread=30d`.
struct RereadPolicy: ExpressibleByArgument {
    var reread: TimeSpan

    init?(argument: String) {
        let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "reread", let span = TimeSpan(parsing: String(parts[1])) else { return nil }
        reread = span
    }
}
