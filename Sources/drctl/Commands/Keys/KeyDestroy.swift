import ArgumentParser
import DRCrypto
import DRRepository
import DRSystem

struct KeyDestroy: Command {
    static let configuration = CommandConfiguration(
        commandName: "destroy",
        abstract: "Give up a domain's keys: nothing in it can be read any more, by anybody.",
        usage: "drctl key destroy --confirm REPOSITORY-ID --confirm-again DOMAIN --owner-key FILE [options]",
        discussion: """
            Removes every slot, every host's file and every writer secret of the domain. Copies of them elsewhere
            still open what they opened, and no command can know of them: the result is never more than that the keys
            here are gone, and the exit code is 30. Run again, it goes on where it was stopped.

            Example:  drctl key destroy --confirm 4be1… --confirm-again default --reason "contract ended" \\
                              --owner-key owner.key --repo /srv/backup
            """)

    @Option(help: ArgumentHelp("The repository's whole id, as `drctl repo info` shows it.", valueName: "hex"))
    var confirm: String
    @Option(help: ArgumentHelp("The domain's name; the first is default.", valueName: "domain"))
    var confirmAgain: String
    @Option(help: "Why; it stays in the owner's chain.")
    var reason: String?
    @Option(help: ArgumentHelp("The owner's key file.", valueName: "file"))
    var ownerKey: String
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    struct Result: Encodable {
        var removed: Int
        var left: [String]
        /// Readers, who may have kept what opens the domain, and hosts, who may have kept what lists it.
        var holders: [String]
    }

    func perform() async throws -> Outcome {
        let opened = try options.open(nil)
        let domains = opened.config.domains.map(\.name)
        guard confirm == opened.id.hex, domains.contains(confirmAgain),
            options.domain == nil || options.domain == confirmAgain
        else {
            throw Failure(
                exit: .usage, code: "key.notConfirmed",
                message: "nothing was destroyed: the confirmations do not name this repository and a domain of it",
                hint: "the id is \(opened.id.hex), the domains \(domains.joined(separator: ", "))")
        }
        let repository = try opened.choosing(domain: confirmAgain)
        let holders =
            repository.slots.map(\.title)
            + repository.config.hosts.filter { $0.domain == confirmAgain && $0.holdsKeys }.map { "host \($0.name)" }
        let owner = try RepositoryOptions.secretFile(Paths.absolute(ownerKey))
        let done = try repository.destroyingDomain(
            reason: try Words.given(reason, for: "--reason"), ownerFile: owner, time: try SystemTimeSource()
        ).destruction
        var lines = ["removed \(counted(done.removed, "key file")) of domain \(repository.domainName)"]
        lines += done.left.map { "LEFT: \(displayEscaped($0.message))" }
        lines += holders.map { "out of reach: what \(displayEscaped($0)) may have kept" }
        lines.append("NOT ESTABLISHED: whether copies of the key files lie elsewhere; they still open what they opened")
        return .verification(
            [.notEstablished], text: lines.joined(separator: "\n"),
            result: Result(removed: done.removed, left: done.left.map(\.message), holders: holders))
    }
}
