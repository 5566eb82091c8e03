internal import CArchive
internal import DRSystem

/// Writes a tar archive in the pax format: nanosecond times, names of any length, and of any encoding (pax's
/// `hdrcharset=BINARY`, so that no locale can change or refuse a name).
@safe package struct TarWriter: ~Copyable {
    private let archive: OpaquePointer
    private var check: ArchiveCheck
    private var current: TarEntry?
    private var bytesLeft: Int64 = 0

    /// - Parameter descriptor: open for writing, and so until ``finish()`` returned; it is not closed.
    package init(descriptor: Int32) throws(ArchiveError) {
        unsafe self.init(opened: try Self.open(descriptor))
    }

    private init(opened: (archive: OpaquePointer, check: ArchiveCheck)) {
        unsafe archive = opened.archive
        check = unsafe opened.check
    }

    private static func open(
        _ descriptor: Int32
    ) throws(ArchiveError) -> (archive: OpaquePointer, check: ArchiveCheck) {
        guard let archive = unsafe archive_write_new() else {
            throw ArchiveError(.outOfMemory, "no memory for a tar writer")
        }
        var check = ArchiveCheck(feed: nil)
        do throws(ArchiveError) {
            unsafe try check(Int(archive_write_set_format_pax(archive)), archive, "choosing the pax format")
            unsafe try check(Int(archive_write_add_filter_none(archive)), archive, "choosing no compression")
            unsafe try check(
                Int(archive_write_set_options(archive, "hdrcharset=BINARY")), archive, "choosing names without charset")
            // Nothing beyond the end mark, whatever kind of file the descriptor is.
            unsafe try check(Int(archive_write_set_bytes_in_last_block(archive, 1)), archive, "choosing the last block")
            unsafe try check(Int(archive_write_open_fd(archive, descriptor)), archive, "opening the archive")
        } catch {
            _ = unsafe archive_write_free(archive)
            throw error
        }
        return unsafe (archive, check)
    }

    deinit { _ = unsafe archive_write_free(archive) }

    /// Starts a member. The last one must have got all the bytes that it announced.
    package mutating func begin(_ entry: TarEntry) throws(ArchiveError) {
        try endMember()
        guard !entry.path.isEmpty, !entry.path.contains(0), !entry.metadata.linkTarget.contains(0),
            entry.metadata.kind != .socket
        else { throw ArchiveError(.invalidEntry, "\(displayEscaped(bytes: entry.path)) cannot be in a tar archive") }
        guard let member = unsafe archive_entry_new() else {
            throw ArchiveError(.outOfMemory, "no memory for a tar member")
        }
        defer { unsafe archive_entry_free(member) }
        let metadata = entry.metadata
        unsafe withCString(entry.path) { unsafe archive_entry_set_pathname(member, $0) }
        unsafe archive_entry_set_filetype(member, metadata.kind.archiveType)
        unsafe archive_entry_set_perm(member, UInt32(metadata.permissions))
        unsafe archive_entry_set_uid(member, Int64(metadata.userID))
        unsafe archive_entry_set_gid(member, Int64(metadata.groupID))
        unsafe archive_entry_set_mtime(member, Int(metadata.modified.seconds), Int(metadata.modified.nanoseconds))
        unsafe archive_entry_set_size(member, entry.contentBytes)
        if metadata.kind == .symbolicLink {
            unsafe withCString(metadata.linkTarget) { unsafe archive_entry_set_symlink(member, $0) }
        }
        if let target = entry.hardLinkTarget {
            unsafe withCString(target) { unsafe archive_entry_set_hardlink(member, $0) }
        }
        if metadata.kind == .characterDevice || metadata.kind == .blockDevice {
            unsafe archive_entry_set_rdevmajor(member, UInt(metadata.deviceMajor))
            unsafe archive_entry_set_rdevminor(member, UInt(metadata.deviceMinor))
        }
        unsafe try check(
            Int(archive_write_header(archive, member)), archive, "writing \(displayEscaped(bytes: entry.path))")
        current = entry
        bytesLeft = entry.contentBytes
    }

    /// Writes a part of the member's content.
    package mutating func write(_ content: [UInt8]) throws(ArchiveError) {
        guard let current, Int64(content.count) <= bytesLeft else {
            throw ArchiveError(.invalidEntry, "\(name(current)) got more bytes than it announced")
        }
        let place = "writing \(name(current))"
        var done = 0
        while done < content.count {
            let returned = unsafe content.withUnsafeBytes { buffer in
                unsafe archive_write_data(archive, buffer.baseAddress?.advanced(by: done), buffer.count - done)
            }
            let written = unsafe try check(returned, archive, place)
            // No byte taken, or a warning: going on would repeat it for ever.
            guard written > 0 else { throw ArchiveError(.ioFailed, "\(name(current)) could not be written whole") }
            done += written
        }
        bytesLeft -= Int64(content.count)
    }

    /// Writes the end mark and whatever is still buffered.
    /// - Returns: what libarchive warned of: members that were written, but not entirely as they were given.
    package consuming func finish() throws(ArchiveError) -> [String] {
        try endMember()
        unsafe try check(Int(archive_write_close(archive)), archive, "closing the archive")
        return check.warnings
    }

    /// libarchive would fill a short member up with zeros.
    private func endMember() throws(ArchiveError) {
        if bytesLeft > 0 {
            throw ArchiveError(.invalidEntry, "\(name(current)) got \(bytesLeft) bytes fewer than it announced")
        }
    }

    private func name(_ entry: TarEntry?) -> String { displayEscaped(bytes: entry?.path ?? []) }
}

/// Calls `body` with the bytes and a NUL behind them.
private func withCString(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> Void) {
    unsafe (bytes + [0]).withUnsafeBufferPointer { buffer in
        unsafe buffer.withMemoryRebound(to: CChar.self) { characters in
            if let start = characters.baseAddress { unsafe body(start) }
        }
    }
}
