package import DRCrypto
package import SystemPackage

/// Which directory is to become equal to which.
package struct ResyncRequest: Sendable {
    /// Only read. Must exist.
    package var source: FilePath
    /// Made equal to the source: what it has beyond the source is deleted. Created if it is not there.
    package var target: FilePath
    /// Go on although the source is empty and the target is not. Without it that is refused: an empty source is more
    /// often a mount that is missing than a wish to delete everything.
    package var allowsEmptySource: Bool

    package init(source: FilePath, target: FilePath, allowsEmptySource: Bool = false) {
        self.source = source
        self.target = target
        self.allowsEmptySource = allowsEmptySource
    }
}

/// How far a resync is. Counts only grow.
package struct ResyncProgress: Hashable, Sendable {
    /// Files, links and nodes whose content or target had to be made.
    package var filesCopied = 0
    package var bytesCopied: Int64 = 0
    /// Names deleted from the target that were not directories'.
    package var filesDeleted = 0
    /// Files whose content was equal, and only mode or time was set.
    package var metadataSet = 0
    package var socketsSkipped = 0
    /// Names of the source that share their file with others; in the target each is a file of its own.
    package var hardLinksSplit = 0
    /// What could not be given its owner: only who has the privilege can.
    package var ownersNotKept = 0
    package var problemCount = 0

    package init() {}
}

/// What a resync did, and what the two trees are now.
package struct ResyncResult: Sendable {
    package var counts: ResyncProgress
    /// The first ``Restore/mostFailuresListed``; `counts.problemCount` has them all.
    package var problems: [RestoreFailure]
    /// Files of the source that the final comparison read.
    package var filesCompared: Int
    /// Of both trees, read again after the last change; nil when a tree could not be read whole.
    package var sourceDigest: Digest?
    package var targetDigest: Digest?

    /// True and false are proven by reading everything of both trees again; nil: could not be established.
    package var treesEqual: Bool? {
        guard let sourceDigest, let targetDigest else { return nil }
        return sourceDigest == targetDigest
    }
}
