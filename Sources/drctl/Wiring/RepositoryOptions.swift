import ArgumentParser
import DRCrypto
import DRRepository
import DRSystem
import FoundationEssentials
import SystemPackage

/// Which repository, and what it is opened with. Secrets come from files, never from arguments.
struct RepositoryOptions: ParsableArguments {
    @Option(name: .customLong("repo"), help: ArgumentHelp("The repository (or DRCTL_REPOSITORY).", valueName: "dir"))
    var repository: String?
    @Option(help: ArgumentHelp("An age identity or a writer identity (or DRCTL_IDENTITY_FILE).", valueName: "file"))
    var identity: String?
    @Option(
        help: ArgumentHelp(
            "A file with the passphrase of a slot (or DRCTL_PASSPHRASE_FILE, or the credential drctl-passphrase).",
            valueName: "file"))
    var passphraseFile: String?
    @Option(
        name: .customLong("repo-id"),
        help: ArgumentHelp("The repository's id: anything else is refused.", valueName: "hex"))
    var repositoryID: String?
    @Option(help: ArgumentHelp("The domain, where an identity does not tell.", valueName: "name"))
    var domain: String?
    @Option(help: ArgumentHelp("Where what opens shreddable domains lies (or DRCTL_SLOTS).", valueName: "dir"))
    var slots: String?
    @OptionGroup var state: StateOptions

    var path: FilePath {
        get throws {
            guard let named = repository ?? Self.environment("DRCTL_REPOSITORY") else {
                throw Failure(
                    exit: .usage, code: "repository.unnamed", message: "no repository was named",
                    hint: "give --repo DIR or set DRCTL_REPOSITORY")
            }
            return try Paths.absolute(named)
        }
    }

    /// - Returns: what to open the repository with; nil where nothing was given.
    func identityIfGiven() throws -> Identity? {
        // What was given by name goes before what the environment holds.
        if let named = identity ?? (passphraseFile == nil ? Self.environment("DRCTL_IDENTITY_FILE") : nil) {
            return try Identity.parse(Self.secretFile(Paths.absolute(named)))
        }
        if let file = try passphrasePath() { return .passphrase(try Self.passphrase(in: file)) }
        return nil
    }

    /// The repository, and what opens it.
    /// - Throws: `noRepository` before anything about keys: where nothing lies, no key helps.
    func openWithIdentity() throws -> (Repository, Identity) {
        if try FileStatus.ifPresent(at: path) == nil { _ = try open(nil) }
        let identity = try requiredIdentity()
        return (try open(identity), identity)
    }

    func requiredIdentity() throws -> Identity {
        if let identity = try identityIfGiven() { return identity }
        throw Failure(
            exit: .wrongKey, code: "repository.missingKey", message: "nothing was given to open the repository with",
            hint: "give --identity FILE or --passphrase-file FILE, or set DRCTL_IDENTITY_FILE")
    }

    /// - Parameter identity: what pins the repository's id, where `--repo-id` does not.
    func open(_ identity: Identity?) throws -> Repository {
        var pin = identity?.pinnedRepository
        if let repositoryID {
            guard let digest = Digest(hex: repositoryID) else {
                throw Failure(
                    exit: .usage, code: "usage", message: "--repo-id \(repositoryID) is no id",
                    hint: "an id is 64 hexadecimal digits: see `drctl repo info`")
            }
            pin = digest
        }
        var repository = try Repository(opening: LocalStorage(root: path), pinned: pin)
        if let slots = try slotStorage { repository = repository.keepingSlots(in: slots) }
        if let identity { return try repository.choosing(domain: domain, for: identity) }
        return try domain.map { try repository.choosing(domain: $0) } ?? repository
    }

    /// Where what opens shreddable domains lies; nil where nobody said.
    var slotStorage: LocalStorage? {
        get throws {
            try (slots ?? Self.environment("DRCTL_SLOTS")).map { LocalStorage(root: try Paths.absolute($0)) }
        }
    }

    // MARK: What was seen before

    /// The logs of a repository that did not go back behind what this host saw of it; what is there now is what the
    /// next command compares with.
    /// - Throws: `rolledBack`.
    func ledger(of repository: Repository) throws -> Ledger {
        let ledger = try Ledger(reading: repository)
        guard let seen = anchorFile(of: repository) else { return ledger }
        if case .doesNotHold(let reason) = try seen.verdict(on: repository, ledger: ledger) {
            throw RepositoryError(
                .rolledBack, "the repository went back behind what this host saw of it: \(reason)",
                hint: "restore the storage's newest state; if it was put back on purpose, remove \(seen.path)")
        }
        keep(Anchor(of: repository, ledger: ledger), in: seen)
        return ledger
    }

    /// Remembers what a repository is now. It costs certainty later, not correctness now, when that is impossible.
    func keep(_ anchor: Anchor, in seen: AnchorFile) {
        do { try seen.write(anchor) } catch { Output.note("drctl: \(Failure(error).message)") }
    }

    /// Where this host remembers a repository; nil where it has nowhere to remember anything.
    func anchorFile(of repository: Repository) -> AnchorFile? {
        guard let folder = try? stateFolder(of: repository) else { return nil }
        return AnchorFile(at: folder.appending("anchor.json"))
    }

    /// The folder of the state directory that belongs to a repository.
    func stateFolder(of repository: Repository) throws -> FilePath {
        try state.root().appending("repositories").appending(repository.id.hex)
    }

    /// Where this host keeps a file of what a repository's indexes say; nil where it has nowhere to keep anything.
    func localIndex(of repository: Repository) -> LocalIndex? {
        guard let folder = try? stateFolder(of: repository) else { return nil }
        let isFirst = repository.domainName == NewRepository.domainName
        return LocalIndex(in: isFirst ? folder : folder.appending("domains").appending(repository.domainName))
    }

    private func passphrasePath() throws -> FilePath? {
        if let named = passphraseFile ?? Self.environment("DRCTL_PASSPHRASE_FILE") { return try Paths.absolute(named) }
        guard let folder = Self.environment("CREDENTIALS_DIRECTORY") else { return nil }
        let credential = FilePath(folder).appending("drctl-passphrase")
        return try FileStatus.ifPresent(at: credential) == nil ? nil : credential
    }

    static func passphrase(in file: FilePath) throws -> SecretBytes {
        let line = try keyFile(file, "passphrase file", limit: 4096)
        let isEnded = line.withBytes { !$0.isEmpty && $0[$0.count - 1] == UInt8(ascii: "\n") }
        let passphrase = try line.part(0..<line.count - (isEnded ? 1 : 0))
        guard passphrase.count > 0 else {
            throw Failure(exit: .wrongKey, code: "passphrase.empty", message: "the passphrase file \(file) is empty")
        }
        return passphrase
    }

    static func secretFile(_ path: FilePath) throws -> SecretBytes {
        try keyFile(path, "key file", limit: 64 << 10)
    }

    /// - Throws: a missing key, where the file cannot be read.
    private static func keyFile(_ path: FilePath, _ what: String, limit: Int) throws -> SecretBytes {
        do throws(SystemError) {
            let file = try SecretBytes.read(limit: limit) { span throws(SystemError) in
                try DurableFile.read(at: path, into: &span)
            }
            guard let file else { throw SystemError(call: "read", path: path.string, errno: .fileTooLarge) }
            return file
        } catch {
            throw Failure(
                exit: .wrongKey, code: "repository.missingKey", message: "the \(what) cannot be read: \(error.message)",
                hint: error.hint)
        }
    }

    static func environment(_ name: String) -> String? {
        let value = ProcessInfo.processInfo.environment[name]
        return value?.isEmpty == true ? nil : value
    }
}
