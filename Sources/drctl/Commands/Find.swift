import ArgumentParser
import DRArchive
import DRCrypto
import DRRepository
import DRSystem

struct Find: Command {
    static let configuration = CommandConfiguration(
        abstract: "Find paths in snapshots.",
        usage: "drctl find PATTERN [--snapshot SNAPSHOT] [--dataset NAME] [--repo DIR] [options]",
        discussion: """
            Looks through every snapshot, newest first, or the one that is named. The pattern is as --exclude takes \
            it: *.conf at any depth, /etc/ssh/* from the root. Exits 0 also where nothing was found.

            Example:  drctl find 'orders*.dump' --dataset orders --repo /srv/backup \\
                          --identity mine.txt
            """)

    @Argument(help: "What the path looks like.")
    var pattern: String
    @Option(help: ArgumentHelp("Only in this one: an id, its beginning, or `latest`.", valueName: "id"))
    var snapshot: String?
    @Option(help: "Only in those of this dataset.")
    var dataset: String?
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    struct Match: Encodable {
        var snapshot: String
        var dataset: String
        var entry: EntryRow
    }

    func perform() async throws -> Outcome {
        guard let pattern = PathPattern(Array(pattern.utf8)) else {
            throw Failure(
                exit: .usage, code: "find.pattern",
                message: "the pattern `\(displayEscaped(pattern))` can match nothing",
                hint: "write a name (`*.conf`), or a path from the root (`/etc/ssh/*`)")
        }
        let dataset = try Words.given(dataset, for: "--dataset")
        let (repository, identity) = try options.openWithIdentity()
        let ledger = try options.ledger(of: repository)
        let keys = try repository.unlock(identity)
        let catalog = repository.snapshots(keys, ledger: ledger)
        let browser = SnapshotBrowser(
            source: try repository.reader(keys, ledger: ledger, local: options.localIndex(of: repository)).0)
        let chosen =
            try snapshot.map { [try catalog.find($0, dataset: dataset)] }
            ?? catalog.snapshots.reversed().filter { dataset == nil || $0.manifest.dataset == dataset }
        var matches: [Match] = []
        var conditions = snapshot == nil ? catalog.faults.map { Failure($0).exit } : []
        var stream = ResultStream()
        for snapshot in chosen {
            let short = snapshot.id.hex.prefix(16)
            for source in try browser.sources(of: snapshot.manifest.root) {
                var walk = SnapshotWalk(browser, from: source)
                while !stream.isClosed, let step = walk.next() {
                    switch step {
                    case .lost(let item, let error):
                        let path = displayEscaped(bytes: item.path)
                        Output.note("\(short): \(path): its names cannot be read: \(error.message)")
                        conditions.append(Failure(error).exit)
                    case .item(let item):
                        let isFolder = item.metadata.kind == .directory
                        guard pattern.matches(path: item.path, isFolder: isFolder) else { continue }
                        let row = EntryRow(item)
                        if output.json {
                            matches.append(
                                Match(snapshot: snapshot.id.hex, dataset: snapshot.manifest.dataset, entry: row))
                        } else {
                            try stream.line("\(short)  \(row.line)")
                        }
                    }
                }
            }
        }
        try stream.flush()
        return .verification(conditions, text: "", result: matches)
    }
}
