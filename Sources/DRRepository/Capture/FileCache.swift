internal import DRCrypto
package import DRSystem
package import SystemPackage

/// What earlier captures learned about files that have not changed since: which pieces their content has.
///
/// The file is a convenience, never a truth. Each of its pages is authenticated before anything in it is used; the key
/// comes from the domain, so a cache of another repository, or one that somebody changed, is none from there on. A
/// file is trusted only when device, inode, size, and the times of modification and of change are as they were, when
/// that time of change was settled before the capture that saw it (no later write can have left it the same), and when
/// every piece is still stored. A clock that was set back, or a trust that is too old, makes it none.
///
/// `FileCachePages` says how the file is laid out; entries are in the walk's order, so one page is in memory at a time.
package struct FileCache: Sendable {
    private let path: FilePath
    private let seed: [UInt8]
    private let binding: Digest
    private let mostTrustNanoseconds: Int64

    /// For how long a file is trusted, unless somebody says otherwise.
    package static let defaultTrustNanoseconds: Int64 = 90 * 86_400 * 1_000_000_000

    /// - Parameters:
    ///   - path: where the cache lies, in a folder that is this user's; it need not exist, and nobody else writes it.
    ///   - naming: of the domain that is written to; gives the key.
    ///   - scope: what else must be the same for entries to count, such as the dataset's name.
    ///   - mostTrustNanoseconds: all files are read again when some were last read longer ago.
    package init(
        at path: FilePath, naming: any ObjectNaming, chunker: ChunkerParameters, scope: [UInt8],
        mostTrustNanoseconds: Int64 = defaultTrustNanoseconds
    ) {
        self.mostTrustNanoseconds = mostTrustNanoseconds
        self.path = path
        seed = naming.seed(for: "file cache")
        binding = Digest.of(chunker.identity + [0] + scope)
    }

    /// What the file holds, ready to be asked in the walk's order; nil where there is none, or none that counts.
    /// - Parameter now: when the walk begins.
    func cursor(_ now: ScanTime) -> Cursor? {
        do {
            let pages = try FileCachePages.Reader(path, seed: seed, binding: binding)
            guard pages.scanTime.stillCounts(at: now, mostTrustNanoseconds: mostTrustNanoseconds) else { return nil }
            return Cursor(pages)
        } catch { return nil }
    }

    /// A cache in the making, which takes the place of the last one when it is saved.
    /// - Parameter scanTime: when the walk began.
    /// - Returns: nil where its folder cannot be written to: that costs time, not correctness.
    func draft(_ scanTime: ScanTime) -> DraftWriter? {
        try? DurableFile.removeTemporaries(of: path)
        do {
            let pages = try FileCachePages.Writer(path, scanTime, seed: seed, binding: binding)
            return DraftWriter(pages, scanStartNanoseconds: scanTime.wallNanoseconds)
        } catch { return nil }
    }
}

extension FileCache {
    /// What a capture wrote, to be saved once the snapshot that it belongs to is acknowledged. Where it is let go
    /// instead, the last cache stays.
    package struct Draft: Sendable {
        fileprivate let file: PendingFile

        /// Takes the place of the last cache. Durable on return.
        package func save() throws(SystemError) { try file.publish() }
    }

    /// Writes a draft, one file after the other, in the walk's order.
    struct DraftWriter: ~Copyable {
        private var pages: FileCachePages.Writer
        private var entry = BodyWriter()
        private var lastPath: [UInt8] = []
        private let scanStartNanoseconds: Int64
        /// A disk that is full ends the cache, not the backup.
        private var hasFailed = false

        fileprivate init(_ pages: consuming FileCachePages.Writer, scanStartNanoseconds: Int64) {
            self.pages = pages
            self.scanStartNanoseconds = scanStartNanoseconds
        }

        /// Adds a file, unless a later write could leave its times as they are.
        mutating func add(_ path: [UInt8], _ status: EntryStatus, _ file: CapturedFile) {
            guard !hasFailed, isSettled(status.changed) else { return }
            var shared = 0
            while shared < min(path.count, lastPath.count), path[shared] == lastPath[shared] { shared += 1 }
            entry.removeAll()
            entry.number(shared)
            entry.string(path.dropFirst(shared))
            entry.status(status)
            var extensions = BodyWriter()
            extensions.extensions(file.metadata)
            entry.string(extensions.bytes)
            entry.number(file.pieces.count)
            for piece in file.pieces {
                entry.byte(piece.link.kind.rawValue)
                entry.number(UInt64(piece.lengthBytes))
                entry.digest(piece.link.id.value)
            }
            lastPath = path
            do throws(SystemError) { try pages.append(entry.bytes) } catch { hasFailed = true }
        }

        /// - Returns: nil where the disk was full.
        consuming func finish() -> Draft? {
            if hasFailed { return nil }
            return (try? pages.finish()).map { Draft(file: $0) }
        }

        /// Whether the clock that stamps changes had moved on before the walk began. Most file systems stamp with
        /// the kernel's tick, at most 10 ms long; some with seconds, which show as no nanoseconds at all. A time of
        /// change in the future (a clock was set back) is never settled.
        private func isSettled(_ changed: FileTime) -> Bool {
            let granularity: Int64 = changed.nanoseconds == 0 ? 2_000_000_000 : 20_000_000
            let limit = scanStartNanoseconds - granularity
            let (seconds, nanoseconds) = limit.quotientAndRemainder(dividingBy: 1_000_000_000)
            return changed < FileTime(seconds: seconds, nanoseconds: UInt32(clamping: nanoseconds))
        }
    }
}

extension BodyWriter {
    fileprivate mutating func digest(_ digest: Digest) {
        let words = digest.words
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: 56, through: 0, by: -8) { byte(UInt8(truncatingIfNeeded: word >> UInt64(shift))) }
        }
    }

    /// What must be the same for a file to count as unchanged.
    mutating func status(_ status: EntryStatus) {
        number(status.device)
        number(status.inode)
        number(UInt64(status.sizeBytes))
        signed(status.modified.seconds)
        number(UInt64(status.modified.nanoseconds))
        signed(status.changed.seconds)
        number(UInt64(status.changed.nanoseconds))
    }
}
