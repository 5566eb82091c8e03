import ArgumentParser
import DRCrypto
import DRRepository
import DRSystem
import SystemPackage

struct KeyEscrow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "escrow",
        abstract: "A key to the repository in shares of words, of which several people hold one each.",
        subcommands: [KeyEscrowSplit.self, KeyEscrowCombine.self])
}

struct KeyEscrowSplit: Command {
    static let configuration = CommandConfiguration(
        commandName: "split",
        abstract: "Add a reader that nobody holds the key of: so many shares of words make it again.",
        usage: "drctl key escrow split --threshold M --shares N --out DIR --owner-key FILE [options]",
        discussion: """
            Writes one file a share (mode 0600), for one person each. The key itself is forgotten: with fewer
            shares than the threshold nothing is opened. The words follow SLIP-39, so that other tools read them.
            Removed like any reader: `drctl key remove "escrow 3-of-5"`.

            Example:  drctl key escrow split --threshold 3 --shares 5 --out escrow \\
                          --owner-key owner.key --repo /srv/backup --identity mine.txt
            """)

    @Option(help: ArgumentHelp("How many shares open the repository.", valueName: "m"))
    var threshold: Int
    @Option(help: ArgumentHelp("How many shares to make, at most 16.", valueName: "n"))
    var shares: Int
    @Option(help: ArgumentHelp("The secret's length: 256 (33 words a share) or 128 (20 words).", valueName: "n"))
    var bits: Int = 256
    @Option(help: ArgumentHelp("Where the shares' files go; made where it is not there.", valueName: "dir"))
    var out: String
    @Flag(help: "Also print all shares: on a screen that nobody else sees.")
    var print = false
    @OptionGroup var owner: OwnerOptions
    @OptionGroup var output: OutputOptions

    struct Result: Encodable {
        var label: String
        var recipient: String
        var threshold: Int
        var files: [String]
        /// The shares' lines, where --print was given.
        var shares: [String]?
    }

    func perform() async throws -> Outcome {
        guard bits == 128 || bits == 256 else {
            throw Failure(exit: .usage, code: "usage", message: "--bits is 128 or 256")
        }
        let folder = try Paths.absolute(out)
        let (threshold, shares, bytes) = (threshold, shares, bits / 8)
        guard (1...16).contains(shares), threshold >= 2, threshold <= shares else {
            throw Failure(
                exit: .usage, code: "usage", message: "\(threshold) of \(shares) shares cannot be",
                hint: "give at most 16 shares, and a threshold from 2 to their number")
        }
        let paths = try (1...shares).map {
            try newKeyFile(folder.appending("escrow-share-\($0)-of-\(shares).txt").string)
        }
        let (slot, files) = try await owner.perform { repository, keys, ownerFile, time in
            var kept: [Escrow.ShareFile] = []
            let slot = try repository.addingEscrow(
                threshold: threshold, shares: shares, secretByteCount: bytes, keys: keys, ownerFile: ownerFile,
                time: time
            ) { files in
                try DurableFile.makeDirectory(at: folder, mode: 0o700)
                for (file, path) in zip(files, paths) {
                    try file.text.create(at: path)
                }
                kept = files
            }.slot
            return (slot, kept)
        }
        // What is shown to whoever looks is no secret to this process's memory any more.
        let texts =
            print
            ? files.map(\.text).map { text in
                text.withBytes { bytes in String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
            } : nil
        var lines = ["added \(slot.title)"] + paths.map { "  \($0)" }
        lines.append("Give each to another person, remove the files here, and try a combine before you rely on it.")
        return .verification(
            [], text: (lines + (texts ?? [])).joined(separator: "\n"),
            result: Result(
                label: slot.label, recipient: slot.recipient, threshold: threshold, files: paths.map(\.string),
                shares: texts?.compactMap { $0.split(separator: "\n").last.map(String.init) }))
    }
}

struct KeyEscrowCombine: Command {
    static let configuration = CommandConfiguration(
        commandName: "combine",
        abstract: "Make the identity of an escrow's reader from its shares.",
        usage: "drctl key escrow combine [SHARE-FILE…] --out FILE [options]",
        discussion: """
            Reads shares from files, or from standard input, one a line; never from arguments. Each share's words
            are checked by themselves, so that a mistake is found at the share that has it. The identity opens the
            repository with --identity, and its slot with stock age.

            Example:  drctl key escrow combine share-1.txt share-4.txt share-5.txt --out recovered.txt
                      drctl ls latest --repo /srv/backup --identity recovered.txt
            """)

    @Argument(help: ArgumentHelp("Files of shares; none: standard input.", valueName: "share-file"))
    var files: [String] = []
    @Option(help: ArgumentHelp("Where the identity goes; mode 0600.", valueName: "file"))
    var out: String
    @OptionGroup var output: OutputOptions

    struct Result: Encodable {
        var identity: String
        var recipient: String
        /// Null where no share's file names it.
        var repository: String?
    }

    private static let mostBytes = 64 << 10

    func perform() async throws -> Outcome {
        let path = try newKeyFile(out)
        var sources = try files.map { file in
            Escrow.Source(name: displayEscaped(file), text: try RepositoryOptions.secretFile(Paths.absolute(file)))
        }
        if sources.isEmpty { sources = [Escrow.Source(name: "standard input", text: try Self.standardInput())] }
        let recovered = try Escrow.recover(from: sources)
        try recovered.identityFile.create(at: path)
        let pin =
            recovered.repository.map { "for repository \($0.hex)" }
            ?? "no share's file names a repository: give --repo-id with it"
        return .verification(
            [], text: "made \(path)\n  recipient \(recovered.recipient)\n  \(pin)",
            result: Result(
                identity: path.string, recipient: recovered.recipient, repository: recovered.repository?.hex))
    }

    private static func standardInput() throws -> SecretBytes {
        if Output.isInputTerminal { Output.note("one share a line; end with Ctrl-D") }
        let stream = Descriptor(adopting: try StreamCommand.standardInput(), path: "standard input")
        let lines = try SecretBytes.read(limit: mostBytes) { span throws(SystemError) in try stream.readAll(into: &span)
        }
        guard let lines else {
            throw Failure(exit: .usage, code: "usage", message: "standard input holds more than shares")
        }
        return lines
    }
}
