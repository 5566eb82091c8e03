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

    static let schema = "drctl/log/0"

    var schema = LogEntry.schema
    package let repository: Digest
    package let signer: SignerID
    /// Counted from 1, never started again.
    package let counter: UInt64
    /// SHA-256 of the previous entry's file; absent in the first.
    package let previous: Digest?
    package let writtenNanoseconds: Int64
    /// What was done: `backup`, or `checkpoint` where no snapshot was published.
    package let act: String
    package let run: RunID
    package let packsAdded: [Added]
    package let indexesAdded: [Added]
    package let snapshotsAdded: [Added]
    package let heads: [SeenHead]
}
