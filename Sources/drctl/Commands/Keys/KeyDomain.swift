import ArgumentParser
import DRCrypto
import DRRepository
import DRSystem
import SystemPackage

struct KeyDomain: Command {
    static let configuration = CommandConfiguration(
        commandName: "domain",
        abstract: "Make a domain: datasets with keys of their own, which can be destroyed together.",
        usage: "drctl key domain NAME --identity-out FILE --owner-key FILE [--repo DIR] [options]",
        discussion: """
            Domains share nothing: not keys, not readers, not content that is stored once. A host belongs to one domain,
            and its identity says to which; `key writer --domain NAME` enrols one. With --shreddable the files that open
            the domain lie in --slots DIR, which nobody has to lock against deletion; every command on the domain needs
            that place, and `key destroy` empties it.

            Example:  drctl key domain customer-7 --shreddable --slots /srv/slots \\
                              --identity-out customer-7.txt --owner-key owner.key \\
                              --repo /srv/backup
            """)

    @Argument(help: "Lower-case letters, digits and hyphens; never used twice.")
    var name: String
    @Flag(help: "Keep what opens it in --slots, apart from the repository.")
    var shreddable = false
    @Option(help: ArgumentHelp("Make a reader's identity here; mode 0600.", valueName: "file"))
    var identityOut: String?
    @Option(help: ArgumentHelp("An age recipient that can read it; may be repeated.", valueName: "age1…"))
    var recipient: [String] = []
    @Option(help: ArgumentHelp("The owner's key file.", valueName: "file"))
    var ownerKey: String
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    struct Result: Encodable {
        var domain: String
        var kind: String
        var slots: [String]
        var identity: String?
    }

    func perform() async throws -> Outcome {
        let slots = try options.slotStorage
        guard shreddable == (slots != nil) else {
            throw Failure(
                exit: .usage, code: "key.slots",
                message: shreddable
                    ? "a shreddable domain needs a place for what opens it"
                    : "--slots is for shreddable domains",
                hint: shreddable ? "name one with --slots DIR" : "add --shreddable, or leave it out")
        }
        let repository = try options.open(nil)
        let owner = try RepositoryOptions.secretFile(Paths.absolute(ownerKey))
        let path = try identityOut.map(newKeyFile)
        let made = try path == nil ? nil : AgeIdentity.generate()
        let readers = ([made?.recipient?.text].compactMap { $0 } + recipient).map {
            NewRepository.Reader.recipient($0)
        }
        if let path, let made {
            try repository.identityFile(of: made).create(at: path)
        }
        let domain: Repository
        do {
            domain = try repository.addingDomain(
                name, slots: slots, readers: readers, ownerFile: owner, time: try SystemTimeSource())
        } catch let error as RepositoryError {
            // Refused before anything was stored; after that the key may be the domain's only one.
            if let path, [.invalidArgument, .wrongKey].contains(error.code) { try? DurableFile.remove(path) }
            throw error
        }
        let result = Result(
            domain: name, kind: shreddable ? "shreddable" : "retained", slots: domain.slots.map(\.title),
            identity: path?.string)
        var lines = ["made \(result.kind) domain \(name)"]
        lines += result.slots.map { "slot        \($0)" }
        if let path { lines.append("identity    \(displayEscaped(path.string)): keep it secret, and a copy elsewhere") }
        lines.append("next: `drctl key writer --domain \(name)` enrols a host in it")
        return .verification([], text: lines.joined(separator: "\n"), result: result)
    }
}
