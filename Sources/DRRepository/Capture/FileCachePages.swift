internal import DRCrypto
internal import DRSystem
internal import SystemPackage

/// How a file cache is laid out: a head, and pages of about 64 KiB.
///
/// The head is the magic line, the binding (32 bytes), a salt (16), when the walk began (the wall clock, the machine's,
/// since when files are trusted, the machine's start: numbers and a string of tree bodies, behind their length in a
/// byte), and the tag: HMAC-SHA-256 over what stands before it, under a key of the domain. A page is the length of its
/// content in 4 bytes, the content, and HMAC-SHA-256 over the head's tag, the page's number in 8 bytes, and the content:
/// so a page that is of another cache or in another's place is none. Entries lie within one page each. A file that is
/// cut between pages is a cache of fewer files.
enum FileCachePages {
    private static let magic = Array("drctl file cache 3\n".utf8)
    private static let saltBytes = 16
    private static let pageBytes = 64 << 10
    /// An entry with more pieces is of a file of tens of terabytes.
    private static let mostPageBytes = 1 << 30

    private static func pageTag(
        _ content: [UInt8], _ number: UInt64, _ headTag: [UInt8], _ mac: inout HMACSHA256
    ) -> [UInt8] {
        mac.update(headTag)
        mac.update(bigEndian(number))
        mac.update(content)
        return mac.finish().bytes
    }

    private static func bigEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        (1...Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (Value.bitWidth - 8 * $0)) }
    }

    private static func mac(_ seed: [UInt8]) throws(CryptoError) -> HMACSHA256 {
        try HMACSHA256(key: SecretBytes(copying: seed))
    }

    /// Writes a cache beside the place that it will take.
    struct Writer: ~Copyable {
        private let file: PendingFile
        private var mac: HMACSHA256
        private let headTag: [UInt8]
        private var page: [UInt8] = []
        private var pageNumber: UInt64 = 0

        /// - Throws: where the file cannot be created or written.
        init(_ path: FilePath, _ scanTime: ScanTime, seed: [UInt8], binding: Digest) throws {
            var time = BodyWriter()
            time.signed(scanTime.wallNanoseconds)
            time.signed(scanTime.bootNanoseconds)
            time.signed(scanTime.trustedSinceNanoseconds)
            time.string(scanTime.bootID.utf8.prefix(128))
            let salt = try randomBytes(FileCachePages.saltBytes)
            let head = FileCachePages.magic + binding.bytes + salt + [UInt8(time.bytes.count)] + time.bytes
            var mac = try FileCachePages.mac(seed)
            let headTag = mac.code(of: head.span).bytes
            let file = try PendingFile(for: path)
            try file.append(head + headTag)
            self.init(file: file, mac: mac, headTag: headTag)
        }

        private init(file: PendingFile, mac: consuming HMACSHA256, headTag: [UInt8]) {
            self.file = file
            self.mac = mac
            self.headTag = headTag
        }

        mutating func append(_ entry: [UInt8]) throws(SystemError) {
            page += entry
            if page.count >= FileCachePages.pageBytes { try closePage() }
        }

        consuming func finish() throws(SystemError) -> PendingFile {
            if !page.isEmpty { try closePage() }
            return file
        }

        private mutating func closePage() throws(SystemError) {
            guard page.count <= FileCachePages.mostPageBytes else {
                throw SystemError(call: "write a page of the file cache", errno: .fileTooLarge)
            }
            let tag = FileCachePages.pageTag(page, pageNumber, headTag, &mac)
            try file.append(FileCachePages.bigEndian(UInt32(page.count)) + page + tag)
            page.removeAll(keepingCapacity: true)
            pageNumber += 1
        }
    }

    /// Reads a cache and checks it, page by page.
    struct Reader: ~Copyable {
        /// When the walk began that saw what this holds.
        let scanTime: ScanTime
        private let file: Descriptor
        private var mac: HMACSHA256
        private let headTag: [UInt8]
        private var offsetBytes: Int
        private var pageNumber: UInt64 = 0

        /// - Throws: where there is no file, or none of this domain and binding.
        init(_ path: FilePath, seed: [UInt8], binding: Digest) throws {
            let file = try Descriptor(openingForReading: path, following: false)
            var mac = try FileCachePages.mac(seed)
            let fixed = FileCachePages.magic.count + Digest.byteCount + FileCachePages.saltBytes + 1
            let start = try file.bytes(0..<fixed)
            let timeBytes = Int(start[fixed - 1])
            let rest = try file.bytes(fixed..<fixed + timeBytes + Digest.byteCount)
            let headTag = Array(rest[timeBytes...])
            let expected = mac.code(of: start.span, rest.span.extracting(..<timeBytes)).bytes
            guard start.starts(with: FileCachePages.magic),
                start.dropFirst(FileCachePages.magic.count).starts(with: binding.bytes),
                constantTimeEqual(headTag, expected)
            else { throw SystemError(call: "use the file cache", path: path, errno: .invalidArgument) }
            self.init(
                scanTime: try Self.scanTime(rest[..<timeBytes]), file: file, mac: mac, headTag: headTag,
                offsetBytes: fixed + rest.count)
        }

        private init(
            scanTime: ScanTime, file: consuming Descriptor, mac: consuming HMACSHA256, headTag: [UInt8],
            offsetBytes: Int
        ) {
            self.scanTime = scanTime
            self.file = file
            self.mac = mac
            self.headTag = headTag
            self.offsetBytes = offsetBytes
        }

        /// - Returns: nil behind the last page, and from a page on that is not what was written.
        mutating func next() -> [UInt8]? {
            guard let start = try? file.bytes(offsetBytes..<offsetBytes + 4),
                let fileBytes = try? file.status().sizeBytes
            else { return nil }
            let length = start.reduce(0) { $0 << 8 | Int($1) }
            let end = offsetBytes + 4 + length + Digest.byteCount
            guard length > 0, length <= FileCachePages.mostPageBytes, end <= fileBytes,
                var page = try? file.bytes(offsetBytes + 4..<end)
            else { return nil }
            let tag = Array(page[length...])
            page.removeLast(Digest.byteCount)
            guard constantTimeEqual(tag, FileCachePages.pageTag(page, pageNumber, headTag, &mac)) else { return nil }
            offsetBytes = end
            pageNumber += 1
            return page
        }

        private static func scanTime(_ bytes: ArraySlice<UInt8>) throws(RepositoryError) -> ScanTime {
            var reader = BodyReader(extensions: bytes)
            let (wall, boot) = (try reader.signed("a time"), try reader.signed("a time"))
            let since = try reader.signed("a time")
            let bootID = try reader.string("a start", 0...128)
            return ScanTime(
                wall: wall, boot: boot, bootID: String(decoding: bootID, as: UTF8.self), trustedSince: since)
        }
    }
}

extension Descriptor {
    /// - Throws: where the file does not hold all of them.
    fileprivate borrowing func bytes(_ range: Range<Int>) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        var span = bytes.mutableSpan
        guard try read(into: &span, atOffset: range.lowerBound) == range.count else {
            throw SystemError(call: "read", path: path, errno: .ioError)
        }
        return bytes
    }
}
