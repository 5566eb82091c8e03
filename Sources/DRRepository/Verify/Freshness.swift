/// How old the newest complete snapshot of a dataset is: the recovery point objective, asked of the repository.
package struct Freshness: Hashable, Sendable {
    package var dataset: String
    /// When the newest complete snapshot began, in nanoseconds since 1970: what changed later is not in it. Nil where
    /// there is none.
    package var newestNanoseconds: Int64?
    /// From then to now; nil where there is none.
    package var ageNanoseconds: Int64?

    /// Whether the age is known and at most this. A snapshot from the future has no age that could be trusted.
    package func isWithin(_ limitNanoseconds: Int64) -> Bool {
        guard let ageNanoseconds else { return false }
        return ageNanoseconds <= limitNanoseconds && ageNanoseconds >= -Self.mostSkewNanoseconds
    }

    /// Two clocks may differ by this much.
    private static let mostSkewNanoseconds: Int64 = 60_000_000_000
}

extension Freshness {
    /// The freshness of every dataset, by name; or of one, which need not have a snapshot.
    /// - Parameter snapshots: in any order; partial ones do not count.
    package static func of(_ snapshots: [Snapshot], dataset: String?, now: Int64) -> [Freshness] {
        let names = dataset.map { [$0] } ?? Set(snapshots.map(\.manifest.dataset)).sorted()
        return names.map { name in
            let began = snapshots.filter { $0.manifest.dataset == name && !$0.manifest.isPartial }
                .map(\.manifest.startedNanoseconds).max()
            return Freshness(dataset: name, newestNanoseconds: began, ageNanoseconds: began.map { now - $0 })
        }
    }
}
