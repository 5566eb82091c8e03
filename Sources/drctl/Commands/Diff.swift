import ArgumentParser
import DRArchive
import DRCrypto
import DRRepository
import DRSystem

struct Diff: Command {
    static let configuration = CommandConfiguration(
        abstract: "Tell what changed from one snapshot to another.",
        usage: "drctl diff SNAPSHOT SNAPSHOT|latest [--dataset NAME] [--repo DIR] [options]",
        discussion: """
            Folders that are equal are skipped with all that is in them.
            +  added     -  removed     M  content     T  another kind     u  mode, owner, time or attributes

            Example:  drctl diff 1f0c9a2b latest --dataset orders --repo /srv/backup \\
                          --identity mine.txt
            """)

    @Argument(help: "The earlier snapshot: an id, or its beginning.")
    var before: String
    @Argument(help: "The later one: an id, its beginning, or `latest`.")
    var after: String
    @Option(help: "The dataset that `latest` is of.")
    var dataset: String?
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    struct Change: Encodable {
        var kind: String
        var path: String
        var bytesBefore: Int64?
        var bytesAfter: Int64?
    }

    struct Result: Encodable {
        var before: String
        var after: String
        /// How many paths of each kind of change.
        var counts: [String: Int]
        var changes: [Change]
    }

    private static let signs: [SnapshotChange.Kind: String] = [
        .added: "+", .removed: "-", .content: "M", .kind: "T", .metadata: "u",
    ]

    func perform() async throws -> Outcome {
        let dataset = try Words.given(dataset, for: "--dataset")
        let opened = try OpenedSnapshot(after, dataset: dataset, options)
        let earlier = try opened.catalog.find(before, dataset: dataset)
        var result = Result(before: earlier.id.hex, after: opened.snapshot.id.hex, counts: [:], changes: [])
        var stream = ResultStream()
        var walk = try opened.browser.changes(from: earlier.manifest.root, to: opened.root)
        while !stream.isClosed, let change = try walk.next() {
            result.counts[change.kind.rawValue, default: 0] += 1
            let path = displayEscaped(bytes: change.path)
            if output.json {
                result.changes.append(
                    Change(
                        kind: change.kind.rawValue, path: path, bytesBefore: change.before?.sizeBytes,
                        bytesAfter: change.after?.sizeBytes))
            } else {
                let sizes = [change.before, change.after].compactMap { $0 }.map { "\(ByteCount($0.sizeBytes))" }
                let text = change.kind == .content ? "  (\(sizes.joined(separator: " -> ")))" : ""
                try stream.line("\(Self.signs[change.kind] ?? "?")  \(path)\(change.isDirectory ? "/" : "")\(text)")
            }
        }
        try stream.flush()
        let counts = SnapshotChange.Kind.allCases.compactMap { kind in
            result.counts[kind.rawValue].map { "\($0) \(Self.words[kind] ?? kind.rawValue)" }
        }
        Output.note(counts.isEmpty ? "no difference" : counts.joined(separator: ", "))
        return .verification([], text: "", result: result)
    }

    private static let words: [SnapshotChange.Kind: String] = [
        .added: "added", .removed: "removed", .content: "with other content", .kind: "of another kind",
        .metadata: "with other metadata",
    ]
}
