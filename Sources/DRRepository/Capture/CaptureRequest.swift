package import DRSystem
package import SystemPackage

/// What is to be captured, and how.
package struct CaptureRequest: Sendable {
    /// Absolute paths; none may lie inside another. A symbolic link to a directory is followed, so that a backup of
    /// `current -> release-7` never holds a link alone.
    package var sources: [FilePath]
    package var chunker: ChunkerParameters
    /// What an earlier capture of these sources learned; nil reads every file.
    package var cache: FileCache?
    package var time: any TimeSource

    package init(
        sources: [FilePath], chunker: ChunkerParameters = .standard, cache: FileCache? = nil, time: any TimeSource
    ) {
        self.sources = sources
        self.chunker = chunker
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
    package var bytesRead: Int64 = 0
    package var bytesUnchanged: Int64 = 0
    /// Names that could not be captured, or not faithfully.
    package var problemCount = 0

    package init() {}
}

/// One name that could not be captured, or not faithfully.
package struct CaptureProblem: Sendable {
    /// What became of the name.
    package enum Kind: String, Sendable {
        /// Not in the snapshot: it could not be opened or read.
        case unreadable
        /// Not in the snapshot: it was listed, and gone when it was opened.
        case vanished
        /// In the snapshot as it was read, but it changed meanwhile.
        case changed
        /// Not in the snapshot: directories nest deeper than ``Capture/mostLevels``.
        case tooDeep
        /// Not in the snapshot: it was named as a source, and is a device, a fifo or a socket.
        case noContent
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
        case .noContent: "\(name) is a device, a fifo or a socket, not a file or a directory"
        }
    }
}

/// What a capture stored.
package struct CaptureResult: Sendable {
    /// The `treeRoot` that a snapshot's manifest names.
    package var root: ObjectLink
    package var counts: CaptureProgress
    /// The first ``Capture/mostProblemsListed`` problems; `counts.problemCount` has them all.
    package var problems: [CaptureProblem]
    /// What to save, once the snapshot is acknowledged, for the next capture; nil when no cache was asked for.
    package var cache: FileCache.Image?

    /// Whether everything that was asked for is in the snapshot, as it was at one moment each.
    package var isComplete: Bool { counts.problemCount == 0 }
}
