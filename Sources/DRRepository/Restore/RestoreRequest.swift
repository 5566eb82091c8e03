internal import DRSystem
package import SystemPackage

/// What is to be restored, where to, and how much of its metadata.
package struct RestoreRequest: Sendable {
    /// How the sources of a snapshot lie in the target.
    package enum Layout: Sendable {
        /// What lay in the one source directory lies in the target.
        case contents
        /// Each source lies in the target under its whole path.
        case paths
        /// `contents` for a snapshot of one directory, else `paths`.
        case automatic
    }

    /// What becomes of names that are in the way. What the snapshot does not name is left alone in any case.
    package enum Overwrite: String, Sendable, CaseIterable {
        /// The target must be empty.
        case refuse
        /// They stay; what is missing is restored beside them.
        case never
        /// A file stays that has the size and the time of modification of the one in the snapshot; a link that leads to
        /// the same place.
        case changed
        /// They are replaced.
        case always
    }

    /// The snapshot's `treeRoot`.
    package var root: ObjectLink
    /// Created if it is not there. Must be empty, or hold an interrupted restore of the same root, which is taken up;
    /// where overwriting was asked for, anything.
    package var target: FilePath
    package var layout: Layout
    package var overwrite: Overwrite
    /// Nil for all of it. What is selected lies where a restore of everything would have put it.
    package var selection: RestoreSelection?
    /// Give files their owners back, which needs the privilege. Without it what is restored belongs to this user, and
    /// set-user-id and set-group-id bits are dropped wherever the owner would be another than the recorded one.
    /// The same goes for attributes outside `user.` and ACLs (such as `security.capability`), and for the flags that
    /// make a file immutable or append-only.
    package var restoresOwners: Bool
    /// Create device nodes and fifos; without it they are skipped and counted.
    package var restoresSpecialFiles: Bool
    /// At least 1.
    package var threads: Int

    package init(
        root: ObjectLink, target: FilePath, layout: Layout = .automatic, overwrite: Overwrite = .refuse,
        selection: RestoreSelection? = nil,
        restoresOwners: Bool = false, restoresSpecialFiles: Bool = false, threads: Int = 2
    ) {
        self.root = root
        self.target = target
        self.layout = layout
        self.overwrite = overwrite
        self.selection = selection
        self.restoresOwners = restoresOwners
        self.restoresSpecialFiles = restoresSpecialFiles
        self.threads = threads
    }
}

/// One path that was not restored, or not as it was.
package struct RestoreFailure: Sendable, Hashable {
    /// Below the target, of any encoding; empty for the target itself.
    package var path: [UInt8]
    /// Why, as a sentence without a full stop.
    package var reason: String

    package init(path: [UInt8], reason: String) {
        self.path = path
        self.reason = reason
    }

    /// One line for people.
    package var message: String {
        (path.isEmpty ? "the target" : displayEscaped(bytes: path)) + ": " + reason
    }
}

/// How far a restore is. Counts only grow.
package struct RestoreProgress: Hashable, Sendable {
    /// Regular files in place, further names of a hard-linked file included.
    package var files = 0
    package var bytes: Int64 = 0
    package var directories = 0
    package var symbolicLinks = 0
    package var specialFiles = 0
    package var specialFilesSkipped = 0
    /// Files and links that were in the way, and stayed.
    package var leftAlone = 0
    /// Files that lost set-user-id or set-group-id because their owner was not restored.
    package var setIDBitsDropped = 0
    /// Attributes and flags that were left out because owners were not restored.
    package var privilegedMetadataSkipped = 0
    package var failureCount = 0

    package init() {}
}

extension RestoreRequest {
    /// Of a recorded entry's attributes, those that are given back.
    func restored(_ attributes: [ExtendedAttribute]) -> [ExtendedAttribute] {
        restoresOwners ? attributes : attributes.filter(\.isOwners)
    }

    /// Of a recorded entry's flags, those that are given back.
    func restored(_ flags: InodeFlags) -> InodeFlags { restoresOwners ? flags : flags.subtracting(.privileged) }
}

/// What a restore did. It is returned only after one checked sync of the target's file system.
package struct RestoreResult: Sendable {
    package var counts: RestoreProgress
    /// The first ``Restore/mostFailuresListed``; `counts.failureCount` has them all.
    package var failures: [RestoreFailure]
    /// What the repository's part in the failures says about it: damage, a key that is missing, what could not be read.
    package var conditions: Set<RepositoryCondition>
    /// Whether this took up an interrupted restore.
    package var wasResumed: Bool

    /// Whether everything that was asked for is in place.
    package var isComplete: Bool { counts.failureCount == 0 }
}
