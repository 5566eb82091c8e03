package import DRSystem
package import SystemPackage

/// What is to be captured, and how.
package struct CaptureRequest: Sendable {
    /// Absolute paths; none may lie inside another. A symbolic link to a directory is followed, so that a backup of
    /// `current -> release-7` never holds a link alone.
    package var sources: [FilePath]
    package var chunker: ChunkerParameters
    package var rules: CaptureRules
    /// What an earlier capture of these sources learned; nil reads every file.
    package var cache: FileCache?
    package var time: any TimeSource

    package init(
        sources: [FilePath], chunker: ChunkerParameters = .standard, rules: CaptureRules = CaptureRules(),
        cache: FileCache? = nil, time: any TimeSource
    ) {
        self.sources = sources
        self.chunker = chunker
        self.rules = rules
        self.cache = cache
        self.time = time
    }
}

/// How far a capture is. Counts only grow.
package struct CaptureProgress: Hashable, Sendable {
    /// Regular files whose content was read.
    package var filesRead = 0
    /// Regular files trusted by their status: not opened.
    package var filesUnchanged = 0
    package var directories = 0
    /// Symbolic links, fifos and devices.
    package var otherEntries = 0
    /// Sockets, which are not captured: nobody can restore who listens.
    package var socketsSkipped = 0
    /// Names that a rule left out; what lies in a folder is not counted with it.
    package var leftOut = 0
    /// Folders on other file systems, of which the folder alone is kept.
    package var mountPointsKeptEmpty = 0
    package var bytesRead: Int64 = 0
    package var bytesUnchanged: Int64 = 0
    /// Names that could not be captured, or not faithfully.
    package var problemCount = 0

    package init() {}
}

/// One name that could not be captured, or not faithfully.
package struct CaptureProblem: Sendable {
    /// What became of the name.
    package enum Kind: Hashable, Sendable {
        /// Not in the snapshot: it could not be opened or read.
        case unreadable
        /// Not in the snapshot: it was listed, and gone when it was opened.
        case vanished
        /// In the snapshot as it was read, but it changed meanwhile.
        case changed
        /// Not in the snapshot: directories nest deeper than ``Capture/mostLevels``.
        case tooDeep
        /// In the snapshot, but without its extended attributes, ACLs or flags: they could not be read.
        case withoutAttributes
        /// In the snapshot, but what it says was not heeded, so that more is in the snapshot than was asked for.
        case badIgnoreFile
        /// Not in the snapshot: it was named as a source, and is a device, a fifo or a socket.
        case noContent
        /// In the snapshot, but without what an archive says of it that nothing here understands; with what was said of
        /// that.
        case notUnderstood(String)
    }

    package var kind: Kind
    /// Absolute, of any encoding.
    package var path: [UInt8]
    package var cause: SystemError?

    /// One line for people.
    package var message: String {
        let name = displayEscaped(bytes: path)
        return switch kind {
        case .unreadable: "\(name) could not be read\(cause.map { ": " + $0.message } ?? "")"
        case .vanished: "\(name) vanished before it was read"
        case .changed: "\(name) changed while it was read"
        case .tooDeep: "\(name) lies too deep"
        case .withoutAttributes: "\(name) is kept without its attributes\(cause.map { ": " + $0.message } ?? "")"
        case .badIgnoreFile:
            "\(name) was not heeded: \(cause?.message ?? "one of its patterns can match nothing, such as `a//b` or `../a`")"
        case .notUnderstood(let reason): "\(name) is kept without what is not understood of it: \(reason)"
        case .noContent: "\(name) is a device, a fifo or a socket, not a file or a directory"
        }
    }
}

/// What a capture stored.
package struct CaptureResult: Sendable {
    /// The `treeRoot` that a snapshot's manifest names.
    package var root: ObjectLink
    /// The paths that stand at its top.
    package var sources: [[UInt8]]
    package var counts: CaptureProgress
    /// The first ``Capture/mostProblemsListed`` problems; `counts.problemCount` has them all.
    package var problems: [CaptureProblem]
    /// What to save, once the snapshot is acknowledged, for the next capture; nil when no cache was asked for.
    package var cache: FileCache.Draft?

    /// Whether everything that was asked for is in the snapshot, as it was at one moment each.
    package var isComplete: Bool { counts.problemCount == 0 }
}
