import ArgumentParser
import DRCrypto
import DRRepository
import DRSystem
import SystemPackage

struct Repo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a repository, see what one is, and keep it small.",
        subcommands: [
            RepoInit.self, RepoInfo.self, RepoPrune.self, RepoRemove.self, RepoPin.self, RepoUnpin.self,
            RepoRewrite.self, RepoReindex.self,
        ])
}

struct RepoInit: Command {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a repository and its keys.",
        usage: "drctl repo init --repo DIR --identity-out FILE [options]",
        discussion: """
            Writes key files of mode 0600: the identity (reads, and writes as this host), the owner's key (adds keys and
            hosts; keep it offline), and with --writer-out a writer identity, which backs up and cannot read.
            Interrupted at any moment, the same command finishes it. Existing files are never replaced.

            Example:  drctl repo init --repo /srv/backup --identity-out drctl-identity.txt
                      drctl repo init --repo /srv/backup --recipient age1… \\
                          --owner-out owner.key --writer-out writer.key
            """)

    @Option(name: .customLong("repo"), help: ArgumentHelp("Where to make it (or DRCTL_REPOSITORY).", valueName: "dir"))
    var repository: String?
    @Option(help: ArgumentHelp("Make an age identity and write it here.", valueName: "file"))
    var identityOut: String?
    @Option(
        help: ArgumentHelp("Where the owner's key goes (default: the identity's name with .owner).", valueName: "file"))
    var ownerOut: String?
    @Option(help: ArgumentHelp("Write a writer identity for this host here.", valueName: "file"))
    var writerOut: String?
    @Option(help: ArgumentHelp("Another reader, by its age recipient; may be given again.", valueName: "age1…"))
    var recipient: [String] = []
    @Option(help: ArgumentHelp("Another reader, by the passphrase in this file.", valueName: "file"))
    var passphraseFile: String?
    @OptionGroup var output: OutputOptions

    struct Result: Encodable {
        var id: String
        var repository: String
        var files: [String: String]
    }

    func perform() async throws -> Outcome {
        var options = RepositoryOptions()
        options.repository = repository
        let path = try options.path
        let setup = RepositorySetup(repository: path, destinations: try destinations())
        let readers = try self.readers()
        let made = try await BlockingThread.run {
            try setup.make {
                try NewRepository(
                    host: Host.name, makesIdentity: identityOut != nil, readers: readers, time: try SystemTimeSource())
            }
        }
        let files = Dictionary(uniqueKeysWithValues: setup.destinations.map { ($0.key.rawValue, $0.value.string) })
        var lines = ["made repository \(made.id.hex)", "  at       \(path)"]
        lines += files.sorted { $0.key < $1.key }.map { "  \($0.key.padded(to: 8)) \($0.value)" }
        lines.append("Keep the id and the key files somewhere else too: without them no backup can be read.")
        return .verification(
            [], text: lines.joined(separator: "\n"),
            result: Result(id: made.id.hex, repository: path.string, files: files))
    }

    private func destinations() throws -> [RepositorySetup.KeyFile: FilePath] {
        var destinations: [RepositorySetup.KeyFile: FilePath] = [:]
        if let identityOut { destinations[.identity] = try Paths.absolute(identityOut) }
        if let writerOut { destinations[.writer] = try Paths.absolute(writerOut) }
        guard let owner = ownerOut ?? (identityOut ?? writerOut).map({ $0 + ".owner" }) else {
            throw Failure(
                exit: .usage, code: "usage", message: "nothing says where the keys go",
                hint: "give --identity-out FILE, or --owner-out FILE with --recipient or --passphrase-file")
        }
        destinations[.owner] = try Paths.absolute(owner)
        return destinations
    }

    private func readers() throws -> [NewRepository.Reader] {
        var readers = recipient.map { NewRepository.Reader.recipient($0) }
        if let passphraseFile {
            readers.append(
                .passphrase(
                    try RepositoryOptions.passphrase(in: Paths.absolute(passphraseFile)), label: "passphrase"))
        }
        return readers
    }
}

struct RepoInfo: Command {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "What a repository is: id, domain, epoch, slots, hosts, and how far that is authentic.",
        usage: "drctl repo info [--repo DIR] [--repo-id HEX] [options]",
        discussion: """
            Needs no key. Says, too, whether the storage is append-only for this user:
            whoever breaks into this host can delete what this user can delete. It is
            tried on a file of no meaning, packs/.canary, which stays only where nothing
            can delete it.

            Example:  drctl repo info --repo /srv/backup --repo-id 4be1…
            """)

    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    struct Result: Encodable {
        var id: String
        var address: String
        var format: Int
        /// Null: not established.
        var authentic: Bool?
        var domains: [String]
        var slots: [String]
        var hosts: [String]
        var packs: Int
        var packBytes: Int64
        var snapshots: Int
        /// Whether the storage denies this user to change what is stored. Null: not established.
        var appendOnly: Bool?
        /// What this user can do to it, or why that is not known; null where it is append-only.
        var appendOnlyReason: String?
        var faults: [String]
    }

    func perform() async throws -> Outcome {
        let repository = try options.open(try options.identityIfGiven())
        let (appendOnly, reason): (Bool?, String?) =
            switch repository.storage.protection() {
            case .appendOnly: (true, nil)
            case .changeable(let reason): (false, reason)
            case .notEstablished(let reason): (nil, reason)
            }
        let ledger = try options.ledger(of: repository)
        func suffix(_ domain: String) -> String { repository.config.domains.count > 1 ? " of \(domain)" : "" }
        let result = Result(
            id: repository.id.hex, address: try options.path.string, format: RepositoryFormat.number,
            authentic: repository.isPinned ? true : nil,
            domains: repository.config.domains.map { "\($0.name) (\($0.kind.rawValue))" },
            slots: try repository.eachDomain.flatMap { domain in
                domain.slots.map { $0.title + suffix(domain.domainName) }
            },
            hosts: repository.config.hosts.map {
                "\($0.name) (\($0.roles.joined(separator: ", ")))\(suffix($0.domain))"
            },
            packs: ledger.packs.count, packBytes: ledger.packs.reduce(0) { $0 + Int64($1.bytes) },
            snapshots: ledger.snapshots.count, appendOnly: appendOnly, appendOnlyReason: reason,
            faults: ledger.faults.map(\.message))
        var lines = [
            "repository  \(result.id)",
            "authentic   \(repository.isPinned ? "yes: it is the one that was named" : "not established: give --repo-id or an identity that names it")",
            "packs       \(result.packs), \(ByteCount(result.packBytes))",
            "snapshots   \(result.snapshots)",
            "append-only \(appendOnly.map { $0 ? "yes" : "no" } ?? "not established")"
                + (reason.map { ": \(displayEscaped($0))" } ?? ""),
        ]
        if result.domains.count > 1 { lines += result.domains.map { "domain      \($0)" } }
        lines += result.slots.map { "slot        \($0)" }
        lines += result.hosts.map { "host        \(displayEscaped($0))" }
        lines += result.faults.map { "FAULT       \(displayEscaped($0))" }
        return .verification(
            ledger.faults.isEmpty ? [] : [.notAuthentic], text: lines.joined(separator: "\n"), result: result)
    }
}

extension String {
    func padded(to width: Int) -> String { count >= width ? self : self + String(repeating: " ", count: width - count) }
}
