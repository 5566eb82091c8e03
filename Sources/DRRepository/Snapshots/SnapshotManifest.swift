package import DRCrypto

/// What a snapshot is: which tree of which dataset, taken when, how completely.
package struct SnapshotManifest: Codable, Hashable, Sendable {
    /// How much was seen and done. Null is not zero: every figure is counted.
    package struct Counts: Codable, Hashable, Sendable {
        package var files = 0
        package var directories = 0
        package var otherEntries = 0
        /// Sum of the files' lengths.
        package var sourceBytes = 0
        package var filesRead = 0
        package var bytesRead = 0
        /// Files taken over from the parent because their status had not changed.
        package var filesTrusted = 0
        /// Entries that could not be read; more than none makes the snapshot partial.
        package var unreadable = 0
        /// Names that rules left out, mount points among them.
        package var leftOut = 0
        /// What the repository grew by, packs only.
        package var bytesStored = 0

        package init() {}
    }

    /// Which snapshot a pruner put this one in the place of, without some of its paths.
    package struct Rewritten: Codable, Hashable, Sendable {
        /// It, which is removed.
        package let snapshot: Digest
        /// The one that was backed up: another, where it was rewritten before.
        package let original: Digest
        /// The host whose objects it is made of.
        package let host: SignerID
    }

    package var dataset: String
    package var host: String
    package var paths: [String]
    package var tag: String?
    /// The top of its trees.
    package var root: ObjectLink
    package var startedNanoseconds: Int64
    package var endedNanoseconds: Int64
    /// The snapshot that unchanged files were taken over from.
    package var parent: Digest?
    /// Something could not be read: it is not offered as `latest`.
    package var isPartial: Bool
    package var counts: Counts
    /// Valid only where the host that signed it is a pruner.
    package internal(set) var rewritten: Rewritten?

    package init(
        dataset: String, host: String, paths: [String], tag: String?, root: ObjectLink, startedNanoseconds: Int64,
        endedNanoseconds: Int64, parent: Digest?, isPartial: Bool, counts: Counts
    ) {
        self.dataset = dataset
        self.host = host
        self.paths = paths
        self.tag = tag
        self.root = root
        self.startedNanoseconds = startedNanoseconds
        self.endedNanoseconds = endedNanoseconds
        self.parent = parent
        self.isPartial = isPartial
        self.counts = counts
    }
}

extension ObjectLink: Codable {
    private enum Key: String, CodingKey {
        case kind, id
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        guard let kind = ObjectKind(rawValue: try container.decode(UInt8.self, forKey: .kind)) else {
            throw DecodingError.dataCorruptedError(
                forKey: .kind, in: container, debugDescription: "an unknown kind of object")
        }
        self.init(kind, try container.decode(ObjectID.self, forKey: .id))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(kind.rawValue, forKey: .kind)
        try container.encode(id, forKey: .id)
    }
}
