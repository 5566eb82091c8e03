internal import CArchive
internal import DRSystem

/// Writes a tar archive in the pax format: nanosecond times, names of any length, and of any encoding.
@safe package struct TarWriter: ~Copyable {
    private let archive: OpaquePointer
    private var check: ArchiveCheck
    private var current: TarEntry?
    private var bytesLeft: Int64 = 0

    /// How the archive is compressed.
    package enum Compression: Sendable {
        case none, zstd
    }

    /// How names stand in the archive; their bytes are the same either way.
    package enum Names: Sendable {
        /// Every member says `hdrcharset=BINARY`: no locale can change or refuse a name. GNU tar warns of each.
        case bytes
        /// Only members whose names are not UTF-8 say it. The process must have a UTF-8 locale.
        case utf8
    }

    private let names: Names

    /// - Parameter descriptor: open for writing, and so until ``finish()`` returned; it is not closed.
    package init(
        descriptor: Int32, compression: Compression = .none, names: Names = .bytes
    ) throws(ArchiveError) {
        unsafe self.init(opened: try Self.open(descriptor, compression, names), names)
    }

    private init(opened: (archive: OpaquePointer, check: ArchiveCheck), _ names: Names) {
        self.names = names
        unsafe archive = opened.archive
        check = unsafe opened.check
    }

    private static func open(
        _ descriptor: Int32, _ compression: Compression, _ names: Names
    ) throws(ArchiveError) -> (archive: OpaquePointer, check: ArchiveCheck) {
        guard let archive = unsafe archive_write_new() else {
            throw ArchiveError(.outOfMemory, "no memory for a tar writer")
        }
        var check = ArchiveCheck(feed: nil)
        do throws(ArchiveError) {
            unsafe try check(Int(archive_write_set_format_pax(archive)), archive, "choosing the pax format")
            switch compression {
            case .none:
                unsafe try check(Int(archive_write_add_filter_none(archive)), archive, "choosing no compression")
            case .zstd: unsafe try check(Int(archive_write_add_filter_zstd(archive)), archive, "choosing zstd")
            }
            if names == .bytes {
                unsafe try check(
                    Int(archive_write_set_options(archive, "hdrcharset=BINARY")), archive,
                    "choosing names without charset")
            }
            // Nothing beyond the end mark, whatever kind of file the descriptor is.
            unsafe try check(Int(archive_write_set_bytes_in_last_block(archive, 1)), archive, "choosing the last block")
            unsafe try check(Int(archive_write_open_fd(archive, descriptor)), archive, "opening the archive")
        } catch {
            _ = unsafe archive_write_free(archive)
            throw error
        }
        return unsafe (archive, check)
    }

    deinit {
        // An archive that was not finished must not look like one: freeing would pad it and write its end mark.
        _ = unsafe archive_write_fail(archive)
        _ = unsafe archive_write_free(archive)
    }

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
        if entry.hardLinkTarget == nil { unsafe addRare(metadata, to: member) }
        let warningCount = check.warnings.count
        unsafe try check(
            Int(archive_write_header(archive, member)), archive, "writing \(displayEscaped(bytes: entry.path))")
        // libarchive warns where it marks a member's names as bytes: they are in the archive as they were given.
        if names == .utf8, !Self.isUTF8(entry) { check.dropWarnings(after: warningCount) }
        current = entry
        bytesLeft = entry.contentBytes
    }

    private static func isUTF8(_ entry: TarEntry) -> Bool {
        [entry.path, entry.metadata.linkTarget, entry.hardLinkTarget ?? []].allSatisfy {
            String(validating: $0, as: UTF8.self) != nil
        }
    }

    /// What few members have. ACLs go as the attributes that they are.
    private func addRare(_ metadata: FileMetadata, to member: OpaquePointer) {
        for attribute in metadata.extendedAttributes {
            unsafe withCString(attribute.name) { name in
                unsafe attribute.value.withUnsafeBytes {
                    unsafe archive_entry_xattr_add_entry(member, name, $0.baseAddress, $0.count)
                }
            }
        }
        if metadata.holes.isEmpty { return }
        // The format lists the data between the holes; a part without bytes at the end says where the file ends.
        var position: Int64 = 0
        for hole in metadata.holes {
            if hole.offsetBytes > position {
                unsafe archive_entry_sparse_add_entry(member, position, hole.offsetBytes - position)
            }
            position = hole.endBytes
        }
        unsafe archive_entry_sparse_add_entry(member, position, metadata.sizeBytes - position)
    }

    /// Writes a part of the member's content; what lies in its holes must be given too, as zeros.
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
