import ArgumentParser
import DRArchive
import DRRepository
import DRSystem

struct Ls: Command {
    static let configuration = CommandConfiguration(
        abstract: "List what is in a snapshot.",
        usage: "drctl ls SNAPSHOT|latest [PATH] [--recursive] [--dataset NAME] [--repo DIR] [options]",
        discussion: """
            PATH is as it was on the host, or relative to the only source. A plus sign behind the mode says that \
            there are extended attributes or ACLs.

            Example:  drctl ls latest /var/lib/orders --dataset orders --repo /srv/backup \\
                          --identity mine.txt
            """)

    @Argument(help: "A snapshot's id, its beginning, or `latest`.")
    var snapshot: String
    @Argument(help: "What to list (default: the sources).")
    var path: String?
    @Option(help: "The dataset that `latest` is of.")
    var dataset: String?
    @Flag(name: [.long, .customShort("R")], help: "Everything below it, too.")
    var recursive = false
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        let opened = try OpenedSnapshot(snapshot, dataset: Words.given(dataset, for: "--dataset"), options)
        var rows: [EntryRow] = []
        var conditions: [ExitStatus] = []
        var stream = ResultStream()
        func show(_ item: SnapshotBrowser.Item) throws {
            let row = EntryRow(item)
            if output.json { rows.append(row) } else { try stream.line(row.line) }
        }
        var listed: [SnapshotBrowser.Item] = []
        if let path {
            let item = try opened.item(at: path)
            listed = item.metadata.kind == .directory && !recursive ? try opened.browser.children(of: item) : [item]
        } else {
            listed = try opened.browser.sources(of: opened.root)
            if let only = listed.first, listed.count == 1, !recursive, only.metadata.kind == .directory {
                listed = try opened.browser.children(of: only)
            }
        }
        for item in listed {
            if !recursive {
                try show(item)
                continue
            }
            var walk = SnapshotWalk(opened.browser, from: item)
            while !stream.isClosed, let step = walk.next() {
                switch step {
                case .item(let item): try show(item)
                case .lost(let item, let error):
                    Output.note("\(displayEscaped(bytes: item.path)): its names cannot be read: \(error.message)")
                    conditions.append(Failure(error).exit)
                }
            }
        }
        try stream.flush()
        return .verification(conditions, text: "", result: rows)
    }
}
