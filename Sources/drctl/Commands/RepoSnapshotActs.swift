import ArgumentParser
import DRCrypto
import DRRepository
import DRSystem

/// What the commands about one snapshot have in common.
struct SnapshotActOptions: ParsableArguments {
    @Argument(help: "A snapshot's id, or its beginning.")
    var snapshot: String
    @Option(help: "Why; it stays in the signed log.")
    var reason: String
    @OptionGroup var options: RepositoryOptions

    struct Result: Encodable {
        var snapshot: String
        var reason: String
    }

    /// - Parameter act: does it, on a thread that may block.
    func perform(
        _ done: String,
        _ act: @escaping @Sendable (Repository, Digest, String, RepositoryKeys, any TimeSource) throws -> Void
    ) async throws -> Outcome {
        _ = try Words.given(reason, for: "--reason")
        let (repository, identity) = try options.openWithIdentity()
        let ledger = try options.ledger(of: repository)
        let keys = try repository.unlock(identity)
        let id = try find(repository, ledger, keys)
        let reason = reason
        try await BlockingThread.run { try act(repository, id, reason, keys, try SystemTimeSource()) }
        _ = try options.ledger(of: repository)
        return .verification(
            [], text: "\(done) \(id.hex.prefix(16)): \(displayEscaped(reason))",
            result: Result(snapshot: id.hex, reason: reason))
    }

    /// By the logs, so that a snapshot that does not open is found too.
    private func find(_ repository: Repository, _ ledger: Ledger, _ keys: RepositoryKeys) throws -> Digest {
        let named = ledger.snapshots.map(\.name).filter { snapshot.utf8.count >= 4 && $0.hex.hasPrefix(snapshot) }
        if named.count == 1 { return named[0] }
        return try repository.snapshots(keys, ledger: ledger).find(snapshot, dataset: nil).id
    }
}

struct RepoPin: Command {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract: "Keep a snapshot whatever the rules say: a legal hold.",
        usage: "drctl repo pin SNAPSHOT --reason TEXT [--repo DIR] --identity FILE [options]",
        discussion: """
            Needs a pruner's identity.

            Example:  drctl repo pin 3f8a12 --reason "case 2026-114" \\
                          --repo /srv/backup --identity pruner.key
            """)

    @OptionGroup var act: SnapshotActOptions
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        try await act.perform("pinned") { try $0.pinSnapshot($1, reason: $2, keys: $3, time: $4) }
    }
}

struct RepoUnpin: Command {
    static let configuration = CommandConfiguration(
        commandName: "unpin",
        abstract: "Release every pin of a snapshot.",
        usage: "drctl repo unpin SNAPSHOT --reason TEXT [--repo DIR] --identity FILE [options]",
        discussion: """
            Needs a pruner's identity.

            Example:  drctl repo unpin 3f8a12 --reason "case closed" \\
                          --repo /srv/backup --identity pruner.key
            """)

    @OptionGroup var act: SnapshotActOptions
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        try await act.perform("unpinned") { try $0.unpinSnapshot($1, reason: $2, keys: $3, time: $4) }
    }
}

struct RepoRemove: Command {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove one snapshot, also one that does not open any longer.",
        usage: "drctl repo remove SNAPSHOT --reason TEXT [--repo DIR] --identity FILE [options]",
        discussion: """
            Needs a pruner's identity. What the snapshot alone needed is deleted by the prunes that follow.

            Example:  drctl repo remove 3f8a12 --reason "wrong source" \\
                          --repo /srv/backup --identity pruner.key
            """)

    @OptionGroup var act: SnapshotActOptions
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        try await act.perform("removed") { try $0.removeSnapshot($1, reason: $2, keys: $3, time: $4) }
    }
}
