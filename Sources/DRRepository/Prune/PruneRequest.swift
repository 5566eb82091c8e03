package import DRCrypto

/// What a prune is to do.
package struct PruneRequest: Sendable {
    package var policy = RetentionPolicy()
    /// Only snapshots of this dataset are removed; everything that is unneeded is condemned in any case.
    package var dataset: String?
    /// How long what was condemned stays, and how old what nobody refers to must be before it is condemned. Not needed
    /// for safety: it leaves running backups alone.
    package var graceNanoseconds: Int64 = 86_400 * 1_000_000_000
    /// A pack is rewritten when more than this share of its objects' bytes is unneeded.
    package var mostUnusedPercent = 30
    /// See `RetentionPolicy.decide`.
    package var trustsReceiveTimes = false
    /// Only say what would be done.
    package var isTrial = false

    package init() {}
}

/// What a prune did, or would do.
package struct PruneResult: Sendable {
    /// Files by number and length.
    package struct Amount: Hashable, Sendable {
        package var files = 0
        package var bytes = 0

        mutating func add(_ bytes: Int) {
            files += 1
            self.bytes += bytes
        }
    }

    /// One for each snapshot.
    package var decisions: [RetentionPolicy.Decision] = []
    package var removed: [Digest] = []
    /// Packs (and files that no log names) that nothing needs; they are deleted by a prune after the grace period.
    package var condemned = Amount()
    /// Condemned before, and needed again.
    package var reprieved = Amount()
    package var deleted = Amount()
    /// Condemned, with the grace period not over yet.
    package var waiting = Amount()
    /// Packs of which the needed part was moved into new ones; they are among the condemned.
    package var rewritten = Amount()
    /// What the new packs take.
    package var rewrittenInto = Amount()
    /// Files that a killed command left half written, removed.
    package var unfinished = Amount()
    /// Packs that ought to be rewritten and could not be read.
    package var problems: [RepositoryError] = []
}
