import ArgumentParser
import DRCrypto
import DRRepository
import DRSystem
import SystemPackage

struct KeyWriter: Command {
    static let configuration = CommandConfiguration(
        commandName: "writer",
        abstract: "Enrol a host that backs up and cannot read.",
        usage: "drctl key writer --host NAME --out FILE --owner-key FILE [--repo DIR] [options]",
        discussion: """
            The identity is written before the host is enrolled: where enrolling fails, the file stays.

            Example:  drctl key writer --host db1 --out db1-writer.key \\
                              --owner-key owner.key --repo /srv/backup --identity mine.txt
            """)

    @Option(help: "The host's name; never used twice.")
    var host: String
    @OptionGroup var enrolment: EnrolmentOptions
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        try enrolment.enrol(host, as: [.writer]) { "enrolled \($0); its writer identity is \($1)" }
    }
}

struct KeyHost: Command {
    static let configuration = CommandConfiguration(
        commandName: "host",
        abstract: "Enrol a host with a role: writer, verifier, lister, pruner. None of them opens content.",
        usage: "drctl key host --name NAME --role ROLE --out FILE --owner-key FILE [--repo DIR] [options]",
        discussion: """
            writer    backs up, lists, sees freshness
            verifier  its verifications count as coverage; holds no key that opens anything
            lister    lists, checks structure; monitoring
            pruner    removes snapshots and moves packs; the storage has to let it delete

            Example:  drctl key host --name prune1 --role pruner --out pruner.key \\
                              --owner-key owner.key --repo /srv/backup --identity mine.txt
            """)

    @Option(help: "The host's name; never used twice.")
    var name: String
    @Option(help: "writer, verifier, lister or pruner; may be given again.")
    var role: [HostRole]
    @OptionGroup var enrolment: EnrolmentOptions
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        let words = role.map(\.rawValue).joined(separator: ", ")
        return try enrolment.enrol(name, as: role) { "enrolled \($0) (\(words)); its identity is \($1)" }
    }
}

extension HostRole: ExpressibleByArgument {}

/// Where a new host's identity goes, and who vouches for it.
struct EnrolmentOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where the host's identity goes; mode 0600.", valueName: "file"))
    var out: String
    @Option(help: ArgumentHelp("The owner's key file.", valueName: "file"))
    var ownerKey: String
    @OptionGroup var options: RepositoryOptions

    struct Result: Encodable {
        var host: String
        var roles: [String]
        var identity: String
    }

    func enrol(_ host: String, as roles: [HostRole], _ text: (String, String) -> String) throws -> Outcome {
        _ = try Words.given(host, for: "the host's name")
        let (repository, identity) = try options.openWithIdentity()
        let owner = try RepositoryOptions.secretFile(Paths.absolute(ownerKey))
        let path = try newKeyFile(out)
        _ = try repository.addingHost(
            host, roles: roles, keys: try repository.unlock(identity), ownerFile: owner, time: try SystemTimeSource()
        ) { try $0.create(at: path) }
        return .verification(
            [], text: text(displayEscaped(host), path.string),
            result: Result(host: host, roles: roles.map(\.rawValue), identity: path.string))
    }
}

struct KeyRevoke: Command {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Stop trusting a host: nothing that it signs from now on counts.",
        usage: "drctl key revoke --host NAME --owner-key FILE [--trusted-to N] [--repo DIR] [options]",
        discussion: """
            What the host backed up before stays. An entry that its key signs later makes every command exit 22,
            and says so. The host keeps the listing keys that it had; `drctl key rotate` keeps the next ones from it.

            Example:  drctl key revoke --host db1 --reason "stolen" \\
                              --owner-key owner.key --repo /srv/backup
            """)

    @Option(help: "The host's name.")
    var host: String
    @Option(
        help: ArgumentHelp(
            "The newest entry of its log that counts, where the present end is too late.", valueName: "n"))
    var trustedTo: UInt64?
    @Option(help: "Why; it stays in the owner's chain.")
    var reason: String?
    @Option(help: ArgumentHelp("The owner's key file.", valueName: "file"))
    var ownerKey: String
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    struct Result: Encodable {
        var host: String
        var trustedTo: UInt64
    }

    func perform() async throws -> Outcome {
        let repository = try options.open(try options.identityIfGiven())
        let owner = try RepositoryOptions.secretFile(Paths.absolute(ownerKey))
        let revocation = try repository.revokingHost(
            host, trustedTo: trustedTo, reason: try Words.given(reason, for: "--reason"), ownerFile: owner,
            time: try SystemTimeSource()
        ).revocation
        return .verification(
            [],
            text: """
                revoked \(displayEscaped(revocation.name)); its log counts up to entry \(revocation.counter)
                next: `drctl key rotate`, so that it cannot list what is written from now on
                """,
            result: Result(host: revocation.name, trustedTo: revocation.counter))
    }
}
