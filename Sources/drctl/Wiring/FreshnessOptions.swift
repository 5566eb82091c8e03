import ArgumentParser
import DRRepository
import DRRunbook
import DRSystem

/// How old the newest backup may be: the recovery point objective as a question.
struct FreshnessOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Exit 4 where the newest complete snapshot of a dataset began longer ago: 25h, 30m.", valueName: "duration")
    )
    var maxAge: TimeSpan?

    struct Row: Encodable, Sendable {
        var dataset: String
        /// Null where there is no complete snapshot.
        var newestAt: String?
        var ageSeconds: Int64?
        /// Null where no limit was asked about.
        var fresh: Bool?
    }

    /// - Parameter snapshots: those that count.
    func rows(_ snapshots: [Snapshot], dataset: String?) throws -> [Row] {
        let now = try SystemTimeSource().wallNanoseconds()
        return Freshness.of(snapshots, dataset: dataset, now: now).map { freshness in
            Row(
                dataset: freshness.dataset,
                newestAt: freshness.newestNanoseconds.map { TimeText.full(wallNanoseconds: $0) },
                ageSeconds: freshness.ageNanoseconds.map { $0 / 1_000_000_000 },
                fresh: maxAge.map { freshness.isWithin($0.nanoseconds) })
        }
    }

    func conditions(_ rows: [Row]) -> [ExitStatus] {
        guard maxAge != nil else { return [] }
        // Where nothing was ever backed up, nothing is fresh.
        return rows.isEmpty || rows.contains { $0.fresh == false } ? [.policyMissed] : []
    }

    /// What people read of it, where a limit was asked about.
    func lines(_ rows: [Row]) -> [String] {
        guard let maxAge else { return [] }
        if rows.isEmpty { return ["NOT FRESH: there is no snapshot"] }
        return rows.map { row in
            let name = displayEscaped(row.dataset)
            guard let age = row.ageSeconds else { return "NOT FRESH: \(name) has no complete snapshot" }
            let text = TimeText.span(TimeSpan(nanoseconds: age * 1_000_000_000))
            return row.fresh == true
                ? "fresh: \(name) as of \(text) ago, at most \(TimeText.span(maxAge))"
                : "NOT FRESH: \(name) as of \(text) ago, more than \(TimeText.span(maxAge)) or in the future"
        }
    }

    static func samples(_ rows: [Row]) -> [MonitoringOptions.Sample] {
        let ages = rows.compactMap { row in
            row.ageSeconds.map {
                MonitoringOptions.Sample(
                    name: "dataset_age_seconds", help: "Age of the newest complete snapshot when it was asked.",
                    labels: [("dataset", row.dataset)], value: Double($0))
            }
        }
        let fresh = rows.compactMap { row in
            row.fresh.map {
                MonitoringOptions.Sample(
                    name: "dataset_fresh", help: "Whether that is within the limit that was asked about.",
                    labels: [("dataset", row.dataset)], value: $0 ? 1 : 0)
            }
        }
        return ages + fresh
    }
}
