internal import DRCrypto
package import DRSystem
package import SystemPackage

/// What earlier captures learned about files that have not changed since: which pieces their content has.
///
/// The file is a convenience, never a truth. It is read whole and authenticated before anything in it is used; its
/// key comes from the domain, so a cache of another repository, or one that somebody changed, is none. A file is
/// trusted only when device, inode, size, and the times of modification and of change are as they were, when that
/// time of change was settled before the capture that saw it (no later write can have left it the same), and when
/// every piece is still stored. A clock that was set back, or a trust that is too old, makes it none.
///
/// Layout: the magic line, the binding (32 bytes), when its walk began (the wall clock, the machine's, since when its
/// files are trusted, the machine's start: numbers and a string of tree bodies, behind their length in a byte), entries in the walk's order,
/// HMAC-SHA-256 over all before it.
package struct FileCache: Sendable {
    static let magic = Array("drctl file cache 2\n".utf8)
    static let tagBytes = 32
    /// A file that is larger is not read.
    private static let mostBytes = 4 << 30

    private let path: FilePath
    private let key: [UInt8]
    private let binding: Digest
    private let mostTrustNanoseconds: Int64

    /// For how long a file is trusted, unless somebody says otherwise.
    package static let defaultTrustNanoseconds: Int64 = 90 * 86_400 * 1_000_000_000

    /// - Parameters:
    ///   - path: where the cache lies, in a folder that is this user's; it need not exist.
    ///   - naming: of the domain that is written to; gives the key.
    ///   - scope: what else must be the same for entries to count, such as the dataset's name.
    ///   - mostTrustNanoseconds: all files are read again when some were last read longer ago.
    package init(
        at path: FilePath, naming: any ObjectNaming, chunker: ChunkerParameters, scope: [UInt8],
        mostTrustNanoseconds: Int64 = defaultTrustNanoseconds
    ) {
        self.mostTrustNanoseconds = mostTrustNanoseconds
        self.path = path
        key = naming.seed(for: "file cache")
        binding = Digest.of(chunker.identity + [0] + scope)
    }

    /// What the file holds, ready to be asked in the walk's order; nil where there is none, or none that counts.
    /// - Parameter now: when the walk begins.
    func cursor(_ now: ScanTime) -> Cursor? {
        guard let bytes = try? DurableFile.read(at: path, limit: Self.mostBytes) else { return nil }
        let entriesStart = Self.magic.count + Digest.byteCount
        guard bytes.count >= entriesStart + Self.tagBytes, bytes.starts(with: Self.magic),
            bytes[Self.magic.count..<entriesStart].elementsEqual(binding.bytes)
        else { return nil }
        let end = bytes.count - Self.tagBytes
        guard let tag = tag(of: Array(bytes[..<end])), constantTimeEqual(tag, Array(bytes[end...])) else { return nil }
        guard let cursor = Cursor(bytes: bytes, entries: entriesStart..<end),
            cursor.scanTime.stillCounts(at: now, mostTrustNanoseconds: mostTrustNanoseconds)
        else { return nil }
        return cursor
    }

    /// - Parameter scanTime: when the walk began.
    func emptyImage(_ scanTime: ScanTime) -> Image {
        Image(cache: self, bytes: Self.magic + binding.bytes, scanTime)
    }

    private func tag(of bytes: [UInt8]) -> [UInt8]? {
        guard let secret = try? SecretBytes(copying: key) else { return nil }
        return try? HMACSHA256.authenticate(bytes, key: secret)
    }

    /// Replaces the file durably.
    fileprivate func save(_ bytes: [UInt8]) throws(SystemError) {
        guard let tag = tag(of: bytes) else { throw SystemError(call: "authenticate", path: path, errno: .ioError) }
        try DurableFile.replace(at: path, with: bytes + tag, mode: 0o600)
    }
}

extension FileCache {
    /// A cache in the making, kept in memory until the snapshot that it belongs to is acknowledged.
    package struct Image: Sendable {
        private let cache: FileCache
        private var bytes: BodyWriter
        private var lastPath: [UInt8] = []
        private let scanStartNanoseconds: Int64

        fileprivate init(cache: FileCache, bytes: [UInt8], _ time: ScanTime) {
            self.cache = cache
            self.bytes = BodyWriter(continuing: bytes)
            scanStartNanoseconds = time.wallNanoseconds
            var header = BodyWriter()
            header.signed(time.wallNanoseconds)
            header.signed(time.bootNanoseconds)
            header.signed(time.trustedSinceNanoseconds)
            header.string(time.bootID.utf8.prefix(128))
            self.bytes.string(header.bytes)
        }

        /// Writes the cache, replacing the last one.
        package func save() throws(SystemError) { try cache.save(bytes.bytes) }

        /// Adds a file, unless a later write could leave its times as they are.
        mutating func add(_ path: [UInt8], _ status: EntryStatus, _ file: CapturedFile) {
            guard isSettled(status.changed) else { return }
            var shared = 0
            while shared < min(path.count, lastPath.count), path[shared] == lastPath[shared] { shared += 1 }
            bytes.number(shared)
            bytes.string(path.dropFirst(shared))
            bytes.status(status)
            var extensions = BodyWriter()
            extensions.extensions(file.metadata)
            bytes.string(extensions.bytes)
            bytes.number(file.pieces.count)
            for piece in file.pieces {
                bytes.byte(piece.link.kind.rawValue)
                bytes.number(UInt64(piece.lengthBytes))
                let words = piece.link.id.value.words
                bytes.word(words.0)
                bytes.word(words.1)
                bytes.word(words.2)
                bytes.word(words.3)
            }
            lastPath = path
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
    fileprivate init(continuing bytes: [UInt8]) {
        self.init()
        for byte in bytes { self.byte(byte) }
    }

    fileprivate mutating func word(_ value: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) { byte(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
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
