internal import CArchive
internal import Glibc

/// What libarchive reads from; the pointers stay in this file.
@safe class ArchiveFeed {
    /// What came through so far.
    fileprivate(set) var bytesRead: Int64 = 0
    /// Why the last read failed; nil while none did.
    fileprivate(set) var failure: ArchiveError.Code?
    /// How much may still come: what is beyond it fails as ``ArchiveError/Code/limitExceeded``.
    var allowanceBytes = Int64.max

    /// - Returns: nil with ``failure`` and an error of `archive` set; empty at the end.
    fileprivate func part(for archive: OpaquePointer?) -> UnsafeRawBufferPointer? {
        unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// Makes this what `archive` reads; the feed must live as long.
    final func open(_ archive: OpaquePointer) -> Int {
        Int(
            unsafe archive_read_open(
                archive, Unmanaged.passUnretained(self).toOpaque(), nil,
                { archive, context, start in unsafe ArchiveFeed.read(archive, context, start) }, nil))
    }

    /// libarchive's read callback: a count, 0 at the end, -1 with an error set.
    private static func read(
        _ archive: OpaquePointer?, _ context: UnsafeMutableRawPointer?,
        _ start: UnsafeMutablePointer<UnsafeRawPointer?>?
    ) -> Int {
        guard let context = unsafe context else { return -1 }
        let feed = unsafe Unmanaged<ArchiveFeed>.fromOpaque(context).takeUnretainedValue()
        guard let part = unsafe feed.part(for: archive) else { return -1 }
        feed.bytesRead += Int64(part.count)
        feed.allowanceBytes -= Int64(part.count)
        if feed.allowanceBytes < 0 {
            feed.failure = .limitExceeded
            unsafe carchive_set_error(archive, E2BIG, "it says more of itself than anything honest has to say")
            return -1
        }
        unsafe start?.pointee = part.baseAddress
        return part.count
    }
}

/// The bytes of a descriptor.
@safe final class DescriptorFeed: ArchiveFeed {
    private let descriptor: Int32
    private let buffer: UnsafeMutableRawBufferPointer

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        unsafe buffer = .allocate(byteCount: 64 << 10, alignment: 16)
    }

    deinit { unsafe buffer.deallocate() }

    override fileprivate func part(for archive: OpaquePointer?) -> UnsafeRawBufferPointer? {
        var count: Int
        repeat {
            count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        } while count < 0 && errno == EINTR
        if count < 0 {
            failure = .ioFailed
            unsafe carchive_set_error(archive, errno, strerror(errno))
            return nil
        }
        return unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count])
    }
}

/// The bytes of a descriptor, decompressed where they are compressed with gzip, bzip2, xz or zstd.
///
/// This is a reader of its own below the one that knows tar, so that what comes out of the decompression can be
/// limited before tar's own headers are believed.
@safe final class DecompressedFeed: ArchiveFeed {
    private let source: DescriptorFeed
    private let archive: OpaquePointer
    private var isEmpty = false

    init(_ descriptor: Int32) throws(ArchiveError) {
        source = DescriptorFeed(descriptor)
        guard let archive = unsafe archive_read_new() else {
            throw ArchiveError(.outOfMemory, "no memory to decompress an archive")
        }
        unsafe self.archive = archive
        super.init()
        var check = ArchiveCheck(feed: source)
        unsafe try check(Int(archive_read_support_format_raw(archive)), archive, "choosing the decompression")
        for code in unsafe [
            archive_read_support_filter_gzip(archive), archive_read_support_filter_bzip2(archive),
            archive_read_support_filter_xz(archive), archive_read_support_filter_zstd(archive),
        ] {
            // A warning means that libarchive would run a program for it.
            guard code == ARCHIVE_OK else { throw ArchiveError(.unsupported, "this libarchive lacks a decompression") }
        }
        unsafe try check(source.open(archive), archive, "opening the archive")
        var found: OpaquePointer?
        let code = unsafe try check(Int(archive_read_next_header(archive, &found)), archive, "opening the archive")
        isEmpty = code == Int(ARCHIVE_EOF)
    }

    deinit { _ = unsafe archive_read_free(archive) }

    /// What was taken from the descriptor.
    var sourceBytesRead: Int64 { source.bytesRead }

    override fileprivate func part(for reader: OpaquePointer?) -> UnsafeRawBufferPointer? {
        if isEmpty { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
        var start: UnsafeRawPointer?
        var count = 0
        var offset: Int64 = 0
        repeat {
            let code = unsafe archive_read_data_block(archive, &start, &count, &offset)
            if code == ARCHIVE_EOF {
                isEmpty = true
                return unsafe UnsafeRawBufferPointer(start: nil, count: 0)
            }
            guard code == ARCHIVE_OK else {
                failure = source.failure ?? .damaged
                unsafe carchive_set_error(reader, archive_errno(archive), archive_error_string(archive))
                return nil
            }
        } while count == 0
        return unsafe UnsafeRawBufferPointer(start: start, count: count)
    }
}
