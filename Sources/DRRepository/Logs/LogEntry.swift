package import DRCrypto

/// One entry of a signer's log: what the signer added to the repository, after it was stored. Signed, numbered, and
/// chained by the digest of the entry before it.
package struct LogEntry: Codable, Sendable {
    /// A file of the repository: its name and its length.
    package struct Added: Codable, Hashable, Sendable {
        package let name: Digest
        package let bytes: Int
    }

    /// How far the signer had seen another's log.
    package struct SeenHead: Codable, Hashable, Sendable {
        package let signer: SignerID
        package let counter: UInt64
        package let entry: Digest
    }

    /// A file that an earlier entry of the same log condemned, and that entry's number.
    package struct Condemned: Codable, Hashable, Sendable {
        package let name: Digest
        package let counter: UInt64
    }

    /// A snapshot and why somebody did something to it.
    package struct Reasoned: Codable, Hashable, Sendable {
        package let snapshot: Digest
        package let reason: String
    }

    /// What prune does. Each act is a permanent record. A signer reprieves and deletes only what it condemned itself:
    /// its log puts these acts in one order, so a condemnation that was taken back is never carried out.
    package struct Prune: Codable, Hashable, Sendable {
        /// Snapshots that no longer count.
        package var snapshotsRemoved: [Reasoned] = []
        /// Packs, and unlogged indexes and snapshots, that nothing needed when this was written.
        package var condemned: [Digest] = []
        /// Condemnations that are taken back.
        package var reprieved: [Condemned] = []
        /// What is deleted from now on: the entry comes before the deletion.
        package var deleted: [Condemned] = []
        /// Index objects whose packs are all deleted.
        package var indexesDeleted: [Digest] = []

        package init() {}

        package var isEmpty: Bool { self == Prune() }
    }

    /// Snapshots that nothing may remove until they are released again.
    package struct Holds: Codable, Hashable, Sendable {
        package var pinned: [Reasoned] = []
        /// Releases every pin of the snapshot that this log and the heads beside this know of.
        package var released: [Reasoned] = []

        package init() {}
    }

    /// What a verification read, and found as it was written.
    package struct Verified: Codable, Hashable, Sendable {
        /// The level's name: `structure`, `stored`, `content`, `rehearse`.
        package let level: String
        /// Snapshots of which everything was there.
        package let snapshots: [Digest]
        /// Packs that were read whole; at level `structure` and `rehearse` none.
        package let packs: [PackRange]
        /// When the verification began.
        package let startedNanoseconds: Int64
    }

    static let schema = RepositoryFormat.schema("log")

    var schema = LogEntry.schema
    package let repository: Digest
    package let signer: SignerID
    /// Counted from 1, never started again.
    package let counter: UInt64
    /// SHA-256 of the previous entry's file; absent in the first.
    package let previous: Digest?
    package let writtenNanoseconds: Int64
    /// What was done, for people: `backup`, `checkpoint` (no snapshot was published), `prune`, `pin`, `verify` …
    package let act: String
    package let run: RunID
    package var packsAdded: [Added] = []
    package var indexesAdded: [Added] = []
    package var snapshotsAdded: [Added] = []
    package var heads: [SeenHead] = []
    /// A pruner's.
    package var prune: Prune?
    /// A pruner's.
    package var holds: Holds?
    /// Counts from a host with the role `verifier`.
    package var verified: Verified?
}
