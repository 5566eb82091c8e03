import ArgumentParser
import DRRepository
import DRSystem

struct RepoReindex: Command {
    static let configuration = CommandConfiguration(
        commandName: "reindex",
        abstract: "Make lost index objects again, from the packs themselves.",
        usage: "drctl repo reindex [--dry-run] [--repo DIR] --identity FILE [options]",
        discussion: """
            For a repository whose `indexes/` was lost or damaged, which `drctl verify` tells. Needs the identity of a
            host with the role pruner; it opens no content. Only what no index names is read, and a pack counts only
            when it is what its writer's signed log says. Exits 3 where a pack could not be indexed, and says why.

            Example:  drctl repo reindex --repo /srv/backup --identity pruner.key
            """)

    @Flag(help: "Say what would be done, and do nothing.")
    var dryRun = false
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    struct Result: Encodable {
        var trial: Bool
        var indexesLost: Int
        var packsIndexed: Int
        var objectsIndexed: Int
        var problems: [String]
    }

    func perform() async throws -> Outcome {
        let (repository, identity) = try options.openWithIdentity()
        _ = try options.ledger(of: repository)
        let isTrial = dryRun
        let done = try await BlockingThread.run {
            try repository.reindex(
                keys: try repository.unlock(identity), isTrial: isTrial, time: try SystemTimeSource())
        }
        if !dryRun { _ = try options.ledger(of: repository) }
        var lines = done.lost.map { "LOST: \(displayEscaped($0.message))" }
        lines += done.problems.map { "NOT INDEXED: \(displayEscaped($0.message))" }
        let objects = counted(done.objects, "object")
        lines.append(
            done.lost.isEmpty && done.packs == 0 && done.problems.isEmpty
                ? "every pack is in an index; nothing to do"
                : "\(counted(done.packs, "pack")) with \(objects) \(dryRun ? "would be indexed" : "indexed")")
        return .verification(
            done.problems.isEmpty ? [] : [.partial], text: lines.joined(separator: "\n"),
            result: Result(
                trial: dryRun, indexesLost: done.lost.count, packsIndexed: done.packs, objectsIndexed: done.objects,
                problems: done.problems.map(\.message)))
    }
}
