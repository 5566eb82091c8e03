import ArgumentParser
import DRCrypto
import DRRepository
import DRSystem
import SystemPackage

struct Key: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Who can read a repository, who can write to it, and how long its keys have been in use.",
        subcommands: [
            KeyInit.self, KeyList.self, KeyStatusCommand.self, KeyLog.self, KeyAdd.self, KeyRemove.self, KeyRotate.self,
            KeyCompromise.self, KeyReencrypt.self, KeyEscrow.self, KeyWriter.self, KeyHost.self, KeyRevoke.self,
            KeyDomain.self, KeyDestroy.self,
        ])
}

/// The path of a key file that is to be made: one that is there may be the only key of something.
func newKeyFile(_ named: String) throws -> FilePath {
    let path = try Paths.absolute(named)
    guard try FileStatus.ifPresent(at: path) == nil else {
        throw Failure(
            exit: .usage, code: "file.exists", message: "\(path) is there already", hint: "choose another name")
    }
    return path
}

struct KeyInit: Command {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make an age identity, to be added to a repository by its recipient.",
        usage: "drctl key init --out FILE [options]",
        discussion: "Example:  drctl key init --out /root/second-reader.txt")

    @Option(help: ArgumentHelp("Where the identity goes; mode 0600.", valueName: "file"))
    var out: String
    @OptionGroup var output: OutputOptions

    struct Result: Encodable {
        var recipient: String
        var identity: String
    }

    func perform() async throws -> Outcome {
        let identity = try AgeIdentity.generate()
        guard let recipient = identity.recipient?.text else {
            throw Failure(exit: .internalError, code: "internal", message: "the identity has no recipient")
        }
        let path = try newKeyFile(out)
        guard let text = try identity.text() else {
            throw Failure(exit: .internalError, code: "internal", message: "the identity has no text")
        }
        // As age-keygen writes it.
        let content: SecretText = "# public key: \(recipient)\n\(secret: text)\n"
        try content.bytes().create(at: path)
        return .verification(
            [], text: "made \(path)\nrecipient: \(recipient)",
            result: Result(recipient: recipient, identity: path.string))
    }
}

struct KeyList: Command {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The slots of a repository: whom its key is sealed to.",
        usage: "drctl key list [--repo DIR] [options]",
        discussion: "Needs no key.\n\nExample:  drctl key list --repo /srv/backup")

    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    struct Slot: Encodable {
        var domain: String
        var kind: String
        var label: String
        var epoch: UInt32
        var file: String

        init(_ slot: SlotRecord) {
            domain = slot.domain
            kind = slot.kind.rawValue
            label = slot.label
            epoch = slot.epoch
            file = slot.path.text
        }
    }

    func perform() async throws -> Outcome {
        let repository = try options.open(try options.identityIfGiven())
        let slots = try repository.eachDomain.flatMap { $0.slots.map(Slot.init) }
        let lines = slots.map {
            "epoch \($0.epoch)  \($0.kind.padded(to: 10))  \(displayEscaped($0.label))  \($0.file)"
        }
        return .verification([], text: lines.joined(separator: "\n"), result: slots)
    }
}

struct KeyAdd: Command {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Let another identity or passphrase read the repository.",
        usage: "drctl key add --recipient age1… --owner-key FILE [--repo DIR] [options]",
        discussion: """
            Needs a reader's identity (only who can open the key can hand it on) and the owner's key.

            Example:  drctl key add --recipient age1… --owner-key owner.key \\
                           --repo /srv/backup --identity mine.txt
            """)

    @Option(help: ArgumentHelp("An age recipient.", valueName: "age1…"))
    var recipient: String?
    @Option(help: ArgumentHelp("A file with a new passphrase.", valueName: "file"))
    var newPassphraseFile: String?
    @Option(help: ArgumentHelp("The owner's key file.", valueName: "file"))
    var ownerKey: String
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        let reader: NewRepository.Reader
        switch (recipient, newPassphraseFile) {
        case (let text?, nil): reader = .recipient(text)
        case (nil, let file?):
            reader = .passphrase(try RepositoryOptions.passphrase(in: Paths.absolute(file)), label: "passphrase")
        default:
            throw Failure(
                exit: .usage, code: "usage", message: "give either --recipient or --new-passphrase-file",
                hint: "see `drctl key add --help`")
        }
        let (repository, identity) = try options.openWithIdentity()
        let owner = try RepositoryOptions.secretFile(Paths.absolute(ownerKey))
        let slot = try await BlockingThread.run {
            try repository.addingSlot(
                for: reader, keys: try repository.unlock(identity), ownerFile: owner, time: try SystemTimeSource()
            ).slot
        }
        return .verification(
            [], text: "added \(slot.title)",
            result: KeyList.Slot(slot))
    }
}

extension SlotRecord {
    /// What people call a slot.
    var title: String { label == kind.rawValue ? label : "\(kind.rawValue) \(displayEscaped(label))" }
}
