internal import CArchive
package import DRSystem
internal import Glibc

/// Reads a tar archive member by member, forwards only, decompressed on the way. It makes nothing: paths and metadata
/// are given as they stand in the archive.
///
/// Names are bytes, whatever an archive says of their encoding. Names of other encodings than UTF-8 need a UTF-8 locale
/// to come through as they are; those in archives of ``TarWriter`` need none.
@safe package struct TarReader: ~Copyable {
    /// What a member may say of itself before its content: names, attributes, a map of its holes.
    package static let mostHeadBytes: Int64 = 8 << 20

    private static let conversionWarning = "can't be converted from"

    private let archive: OpaquePointer
    private let feed: DecompressedFeed
    private var check: ArchiveCheck
    private var isAtEnd = false
    private var name = ""
    private var sizeBytes: Int64 = 0
    private var position: Int64 = 0
    /// What libarchive gave of the content last; it lies in memory that is libarchive's until the next is asked for.
    private var block: UnsafeRawBufferPointer?
    /// Where its first byte belongs.
    private var blockOffset: Int64 = 0
    /// Nothing but zeros follows what was given.
    private var isContentRead = false
    /// What of the member is no hole, and was not given yet.
    private var dataBytesLeft: Int64 = 0

    /// - Parameter descriptor: open for reading while this value lives; it is not closed.
    package init(descriptor: Int32) throws(ArchiveError) {
        let feed = try DecompressedFeed(descriptor)
        unsafe self.init(feed: feed, opened: try Self.open(feed))
    }

    private init(feed: DecompressedFeed, opened: (archive: OpaquePointer, check: ArchiveCheck)) {
        self.feed = feed
        unsafe archive = opened.archive
        check = unsafe opened.check
    }

    private static func open(
        _ feed: DecompressedFeed
    ) throws(ArchiveError) -> (archive: OpaquePointer, check: ArchiveCheck) {
        guard let archive = unsafe archive_read_new() else {
            throw ArchiveError(.outOfMemory, "no memory for a tar reader")
        }
        var check = ArchiveCheck(feed: feed)
        do throws(ArchiveError) {
            unsafe try check(Int(archive_read_support_format_tar(archive)), archive, "choosing the tar format")
            unsafe try check(Int(archive_read_support_filter_none(archive)), archive, "choosing no compression")
            unsafe try check(feed.open(archive), archive, "opening the archive")
        } catch {
            _ = unsafe archive_read_free(archive)
            throw error
        }
        return unsafe (archive, check)
    }

    deinit { _ = unsafe archive_read_free(archive) }

    /// What libarchive warned of so far: members that were read, but not entirely understood.
    package var warnings: [String] { check.warnings }

    /// What was taken from the descriptor so far.
    package var sourceBytesRead: Int64 { feed.sourceBytesRead }

    /// The next member; what is left of the last one's content is skipped.
    /// - Returns: nil at the end mark, and there only.
    /// - Throws: `damaged` where the archive ends without its end mark; `unsupported` for a member that nothing here can
    ///   keep as it is; `limitExceeded`.
    package mutating func next() throws(ArchiveError) -> TarEntry? {
        if isAtEnd { return nil }
        unsafe block = nil
        if !name.isEmpty {
            unsafe try check(Int(archive_read_data_skip(archive)), archive, "reading what is left of \(name)")
        }
        feed.allowanceBytes = Self.mostHeadBytes
        defer { feed.allowanceBytes = .max }
        var found: OpaquePointer?
        let warningCount = check.warnings.count
        // libarchive takes an error number that stands from before for one of a conversion that failed.
        errno = 0
        let code = unsafe try check(
            Int(archive_read_next_header(archive, &found)), archive,
            name.isEmpty ? "reading the first member" : "reading what follows \(name)")
        // Names are bytes here: where libarchive cannot convert them it gives them as they stand, which is what is wanted.
        if check.warnings.last?.contains(Self.conversionWarning) == true { check.dropWarnings(after: warningCount) }
        if code == Int(ARCHIVE_EOF) {
            try endMark()
            return nil
        }
        guard let member = unsafe found else { throw ArchiveError(.damaged, "a member after \(name) has no header") }
        guard let path = unsafe bytes(archive_entry_pathname(member) ?? archive_entry_pathname_utf8(member))
        else {
            throw ArchiveError(.damaged, "a member after \(name) has no name")
        }
        name = displayEscaped(bytes: path)
        let link = unsafe bytes(archive_entry_hardlink(member))
        let metadata = unsafe try FileMetadata(member, named: name, isHardLink: link != nil)
        dataBytesLeft = unsafe link == nil ? Self.dataBytes(of: member) : 0
        sizeBytes = metadata.sizeBytes
        position = 0
        blockOffset = 0
        isContentRead = false
        return TarEntry(path: path, metadata: metadata, hardLinkTarget: link)
    }

    /// Reads from the member's content until `limit` bytes or its end, appending to `bytes`; holes are zeros.
    /// - Returns: the number of bytes read; fewer than `limit` only at the member's end.
    package mutating func read(upTo limit: Int, appendingTo bytes: inout [UInt8]) throws(ArchiveError) -> Int {
        var wanted = Int(min(Int64(limit), sizeBytes - position))
        let total = wanted
        while wanted > 0 {
            try fetch()
            let dataStart = unsafe block == nil ? sizeBytes : blockOffset
            if position < dataStart {
                let zeros = Int(min(Int64(wanted), dataStart - position))
                bytes.append(contentsOf: repeatElement(0, count: zeros))
                position += Int64(zeros)
                wanted -= zeros
            } else if let data = unsafe block {
                let from = Int(position - blockOffset)
                let count = min(wanted, data.count - from)
                unsafe bytes.append(contentsOf: data[from..<from + count])
                position += Int64(count)
                wanted -= count
            }
        }
        return total
    }

    /// Goes on behind a hole without reading its zeros.
    /// - Throws: `damaged` where there is content.
    package mutating func skip(hole: FileHole) throws(ArchiveError) {
        try fetch()
        let dataStart = unsafe block == nil ? sizeBytes : blockOffset
        guard position == hole.offsetBytes, hole.endBytes <= dataStart else {
            throw ArchiveError(.damaged, "\(name) has content where it says that it has a hole")
        }
        position = hole.endBytes
    }

    /// Makes `block` what has bytes at the position or behind it; nil where nothing but zeros follows.
    private mutating func fetch() throws(ArchiveError) {
        while !isContentRead {
            let end = unsafe blockOffset + Int64(block?.count ?? 0)
            if position < end { return }
            var start: UnsafeRawPointer?
            var count = 0
            var offset: Int64 = 0
            let code = unsafe try check(
                Int(archive_read_data_block(archive, &start, &count, &offset)), archive, "reading \(name)")
            let isAtContentEnd = code == Int(ARCHIVE_EOF)
            // A warning: what it is about cannot be told apart from content that is lost. And what is no hole must come
            // to its end: the rest would be taken for zeros.
            guard
                isAtContentEnd
                    ? dataBytesLeft == 0
                    : code == Int(ARCHIVE_OK) && offset >= end && count >= 0 && offset <= sizeBytes - Int64(count)
            else { throw ArchiveError(.damaged, "\(name) is not as long as it says") }
            if isAtContentEnd {
                unsafe block = nil
                isContentRead = true
                return
            }
            dataBytesLeft -= Int64(count)
            unsafe block = UnsafeRawBufferPointer(start: start, count: count)
            blockOffset = offset
        }
    }

    /// What a member lists as data; all of a member that lists nothing.
    private static func dataBytes(of member: OpaquePointer) -> Int64 {
        guard unsafe archive_entry_sparse_reset(member) > 0 else { return unsafe max(0, archive_entry_size(member)) }
        var (offset, length): (Int64, Int64) = (0, 0)
        var total: Int64 = 0
        // libarchive takes only those that lie apart and within the size, so that the sum does too.
        while unsafe archive_entry_sparse_next(member, &offset, &length) == ARCHIVE_OK { total += length }
        return total
    }

    /// libarchive takes the end of the input between two members for the end of the archive, so that a cut there would
    /// pass: where the end mark should start, at least one block must have been read.
    private mutating func endMark() throws(ArchiveError) {
        isAtEnd = true
        let position = unsafe archive_read_header_position(archive)
        guard feed.bytesRead >= position + 512 else {
            throw ArchiveError(
                .damaged, "the archive ends after \(name.isEmpty ? "nothing" : name) without its end mark",
                hint: "it was cut: fetch or make it again")
        }
    }
}
