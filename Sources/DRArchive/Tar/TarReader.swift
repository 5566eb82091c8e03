internal import CArchive
internal import DRSystem
internal import Glibc

/// Reads a tar archive member by member, forwards only. It makes nothing: paths and metadata are given as they stand
/// in the archive.
///
/// Names that a pax header gives in UTF-8 come through the locale: outside a UTF-8 one libarchive warns of those that
/// are not ASCII. Names in archives of ``TarWriter`` are bytes and need no locale.
@safe package struct TarReader: ~Copyable {
    private let archive: OpaquePointer
    private let feed: ArchiveFeed
    private var check: ArchiveCheck
    private var isAtEnd = false
    private var name = ""

    /// - Parameter descriptor: open for reading while this value lives; it is not closed.
    package init(descriptor: Int32) throws(ArchiveError) {
        let feed = ArchiveFeed(descriptor: descriptor)
        unsafe self.init(feed: feed, opened: try Self.open(feed))
    }

    private init(feed: ArchiveFeed, opened: (archive: OpaquePointer, check: ArchiveCheck)) {
        self.feed = feed
        unsafe archive = opened.archive
        check = unsafe opened.check
    }

    private static func open(
        _ feed: ArchiveFeed
    ) throws(ArchiveError) -> (archive: OpaquePointer, check: ArchiveCheck) {
        guard let archive = unsafe archive_read_new() else {
            throw ArchiveError(.outOfMemory, "no memory for a tar reader")
        }
        var check = ArchiveCheck(feed: feed)
        do throws(ArchiveError) {
            unsafe try check(Int(archive_read_support_format_tar(archive)), archive, "choosing the tar format")
            unsafe try check(Int(archive_read_support_filter_none(archive)), archive, "choosing no compression")
            unsafe try check(
                Int(
                    archive_read_open(
                        archive, Unmanaged.passUnretained(feed).toOpaque(), nil,
                        { archive, context, start in unsafe ArchiveFeed.read(archive, context, start) }, nil)),
                archive, "opening the archive")
        } catch {
            _ = unsafe archive_read_free(archive)
            throw error
        }
        return unsafe (archive, check)
    }

    deinit { _ = unsafe archive_read_free(archive) }

    /// What libarchive warned of so far: members that were read, but not entirely understood.
    package var warnings: [String] { check.warnings }

    /// The next member; what is left of the last one's content is skipped.
    /// - Returns: nil at the end mark, and there only.
    /// - Throws: `damaged` where the archive ends without its end mark.
    package mutating func next() throws(ArchiveError) -> TarEntry? {
        if isAtEnd { return nil }
        var found: OpaquePointer?
        let code = unsafe try check(
            Int(archive_read_next_header(archive, &found)), archive,
            name.isEmpty ? "reading the first member" : "reading what follows \(name)")
        if code == Int(ARCHIVE_EOF) {
            try endMark()
            return nil
        }
        guard let member = unsafe found else { throw ArchiveError(.damaged, "a member after \(name) has no header") }
        return try unsafe entry(member)
    }

    /// Reads from the member's content until `limit` bytes or its end, appending to `bytes`.
    /// - Returns: the number of bytes read; fewer than `limit` only at the member's end.
    package mutating func read(upTo limit: Int, appendingTo bytes: inout [UInt8]) throws(ArchiveError) -> Int {
        var buffer = [UInt8](repeating: 0, count: limit)
        var total = 0
        while total < limit {
            let returned = unsafe buffer.withUnsafeMutableBytes { buffer in
                unsafe archive_read_data(archive, buffer.baseAddress?.advanced(by: total), limit - total)
            }
            let count = unsafe try check(returned, archive, "reading \(name)")
            // Negative here is a warning: neither bytes nor the end.
            guard count >= 0 else { throw ArchiveError(.damaged, "\(name) could not be read whole") }
            if count == 0 { break }
            total += count
        }
        bytes.append(contentsOf: buffer.prefix(total))
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

    private mutating func entry(_ member: OpaquePointer) throws(ArchiveError) -> TarEntry {
        guard let path = unsafe bytes(archive_entry_pathname(member) ?? archive_entry_pathname_utf8(member))
        else {
            throw ArchiveError(.damaged, "a member after \(name) has no name")
        }
        name = displayEscaped(bytes: path)
        let link = unsafe bytes(archive_entry_hardlink(member))
        // A hard link's header may say no type at all; what it names has one.
        let type = unsafe archive_entry_filetype(member)
        guard let kind = link != nil && type == 0 ? .regular : FileKind(archiveType: type) else {
            throw ArchiveError(.unsupported, "\(name) is of a kind that is not handled")
        }
        let isDevice = kind == .characterDevice || kind == .blockDevice
        let metadata = unsafe FileMetadata(
            kind: kind, permissions: UInt16(truncatingIfNeeded: archive_entry_perm(member) & 0o7777),
            userID: UInt32(clamping: archive_entry_uid(member)), groupID: UInt32(clamping: archive_entry_gid(member)),
            modified: FileTime(
                seconds: Int64(archive_entry_mtime(member)),
                nanoseconds: UInt32(clamping: archive_entry_mtime_nsec(member))),
            sizeBytes: kind == .regular && link == nil ? archive_entry_size(member) : 0,
            linkTarget: kind == .symbolicLink ? bytes(archive_entry_symlink(member)) ?? [] : [],
            deviceMajor: isDevice ? UInt32(clamping: archive_entry_rdevmajor(member)) : 0,
            deviceMinor: isDevice ? UInt32(clamping: archive_entry_rdevminor(member)) : 0)
        guard metadata.sizeBytes >= 0 else { throw ArchiveError(.damaged, "\(name) has a negative size") }
        return TarEntry(path: path, metadata: metadata, hardLinkTarget: link)
    }

    private func bytes(_ text: UnsafePointer<CChar>?) -> [UInt8]? {
        guard let text = unsafe text else { return nil }
        return unsafe Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
    }
}

/// Feeds libarchive from a descriptor, counts what it took, and keeps the error of a read that failed.
@safe final class ArchiveFeed {
    private let descriptor: Int32
    private let buffer: UnsafeMutableRawBufferPointer
    private(set) var bytesRead: Int64 = 0
    private(set) var hasFailed = false

    init(descriptor: Int32) {
        self.descriptor = descriptor
        unsafe buffer = .allocate(byteCount: 64 << 10, alignment: 16)
    }

    deinit { unsafe buffer.deallocate() }

    /// libarchive's read callback: a count, 0 at the end, -1 with an error set.
    static func read(
        _ archive: OpaquePointer?, _ context: UnsafeMutableRawPointer?,
        _ start: UnsafeMutablePointer<UnsafeRawPointer?>?
    ) -> Int {
        guard let context = unsafe context else { return -1 }
        let feed = unsafe Unmanaged<ArchiveFeed>.fromOpaque(context).takeUnretainedValue()
        var count: Int
        repeat {
            count = unsafe Glibc.read(feed.descriptor, feed.buffer.baseAddress, feed.buffer.count)
        } while count < 0 && errno == EINTR
        if count < 0 {
            feed.hasFailed = true
            unsafe carchive_set_error(archive, errno, strerror(errno))
            return -1
        }
        feed.bytesRead += Int64(count)
        unsafe start?.pointee = UnsafeRawPointer(feed.buffer.baseAddress)
        return count
    }
}
