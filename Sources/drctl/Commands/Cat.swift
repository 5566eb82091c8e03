import ArgumentParser
import DRRepository
import DRSystem

struct Cat: Command {
    static let configuration = CommandConfiguration(
        abstract: "Write a file's content from a snapshot to standard output.",
        usage: "drctl cat SNAPSHOT|latest PATH [--dataset NAME] [--repo DIR] [options]",
        discussion: """
            Every chunk is checked before it is written. Where a part is lost, what came before it was written, and \
            the exit code says so: 20 to 22. Do not use the output unless the command exits 0.

            Example:  drctl cat latest orders.dump --dataset orders-db --repo /srv/backup \\
                          --identity mine.txt | pg_restore -d orders
            """)

    @Argument(help: "A snapshot's id, its beginning, or `latest`.")
    var snapshot: String
    @Argument(help: "The file, as it was on the host, or relative to the only source.")
    var path: String
    @Option(help: "The dataset that `latest` is of.")
    var dataset: String?
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        guard !output.json else {
            throw Failure(
                exit: .usage, code: "cat.json", message: "standard output is for the file's content alone",
                hint: "leave --json out; `drctl ls --json` tells about the file")
        }
        let opened = try OpenedSnapshot(snapshot, dataset: Words.given(dataset, for: "--dataset"), options)
        let item = try opened.item(at: path)
        var stream = ResultStream()
        var parts = try opened.browser.content(of: item)
        while !stream.isClosed, let part = try parts.next() { try stream.bytes(part) }
        try stream.flush()
        return .verification([], text: "", result: EntryRow(item))
    }
}
