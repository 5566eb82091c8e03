import ArgumentParser
import DRCrypto
import DRMachine
import DRRepository
import DRSystem

struct Snapshots: Command {
    static let configuration = CommandConfiguration(
        abstract: "List the snapshots of a repository.",
        usage: "drctl snapshots [--dataset NAME] [--repo DIR] [--identity FILE] [options]",
        discussion: """
            A writer identity is enough. With --max-age it asks whether the newest backups are new enough: the \
            recovery point objective as a command.

            Example:  drctl snapshots --dataset orders --repo /srv/backup \\
                          --identity writer.key --max-age 25h
            """)

    @Option(help: "Only those of this dataset.")
    var dataset: String?
    @OptionGroup var freshness: FreshnessOptions
    @OptionGroup var monitoring: MonitoringOptions
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    struct Row: Encodable {
        var id: String
        var dataset: String
        var host: String
        var startedAt: String
        var files: Int
        var bytes: Int
        var partial: Bool
        var tag: String?
        var paths: [String]
    }

    struct Listed: Encodable {
        var snapshots: [Row]
        var freshness: [FreshnessOptions.Row]
    }

    func perform() async throws -> Outcome {
        try await monitoring.watching(
            "snapshots", samples: { FreshnessOptions.samples(($0.result as? Listed)?.freshness ?? []) }, list)
    }

    private func list() async throws -> Outcome {
        let dataset = try Words.given(dataset, for: "--dataset")
        let (repository, identity) = try options.openWithIdentity()
        let catalog = repository.snapshots(try repository.unlock(identity), ledger: try options.ledger(of: repository))
        let rows = catalog.snapshots.filter { dataset == nil || $0.manifest.dataset == dataset }.map { snapshot in
            Row(
                id: snapshot.id.hex, dataset: snapshot.manifest.dataset, host: snapshot.manifest.host,
                startedAt: TimeText.full(wallNanoseconds: snapshot.manifest.startedNanoseconds),
                files: snapshot.manifest.counts.files, bytes: snapshot.manifest.counts.sourceBytes,
                partial: snapshot.manifest.isPartial, tag: snapshot.manifest.tag, paths: snapshot.manifest.paths)
        }
        let lines = rows.map { row in
            "\(row.id.prefix(16))  \(row.startedAt)  \(displayEscaped(row.dataset))  \(counted(row.files, "file"))  \(ByteCount(Int64(row.bytes)))\(row.partial ? "  PARTIAL" : "")"
        }
        if let dataset, rows.isEmpty, catalog.faults.isEmpty, freshness.maxAge == nil {
            throw RepositoryError(
                .noSuchSnapshot, "dataset \(dataset) has no snapshot",
                hint: catalog.datasets.isEmpty
                    ? "make one with `drctl backup`" : "datasets: \(catalog.datasets.joined(separator: ", "))")
        }
        for fault in catalog.faults { Output.note("drctl: \(fault.message)") }
        let fresh = try freshness.rows(catalog.snapshots, dataset: dataset)
        return .verification(
            catalog.faults.map { Failure($0).exit } + freshness.conditions(fresh),
            text: (lines + freshness.lines(fresh)).joined(separator: "\n"),
            result: Listed(snapshots: rows, freshness: fresh))
    }
}
