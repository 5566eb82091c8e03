internal import DRArchive
internal import DRSystem

/// Metadata and content of one entry, as TreeFormat specifies it. Ids are not in the bytes: they are the object's
/// links, in the order in which the entries name them.
extension BodyWriter {
    mutating func entry(_ metadata: FileMetadata, _ content: EntryContent, links: inout [ObjectLink]) {
        byte(metadata.kind.rawValue)
        number(UInt64(metadata.permissions))
        number(UInt64(metadata.userID))
        number(UInt64(metadata.groupID))
        signed(metadata.modified.seconds)
        number(UInt64(metadata.modified.nanoseconds))
        switch content {
        case .file(let pieces):
            number(UInt64(metadata.sizeBytes))
            number(pieces.count)
            if let first = pieces.first {
                byte(first.link.kind.rawValue)
                // The length of an only piece is the size.
                if pieces.count > 1 { for piece in pieces { number(UInt64(piece.lengthBytes)) } }
                for piece in pieces { links.append(piece.link) }
            }
        case .directory(let directory):
            links.append(directory)
        case .nothing:
            if metadata.kind == .symbolicLink { string(metadata.linkTarget) }
            if metadata.kind == .characterDevice || metadata.kind == .blockDevice {
                number(UInt64(metadata.deviceMajor))
                number(UInt64(metadata.deviceMinor))
            }
        }
        // The number of extensions: extended attributes, ACLs, flags and holes will each have a tag.
        byte(0)
    }
}

extension BodyReader {
    /// The least that an entry without a name takes.
    static let entryBytes = 7

    mutating func entry() throws(RepositoryError) -> (FileMetadata, EntryContent) {
        let kindByte = try byte()
        guard let kind = FileKind(rawValue: kindByte), kind != .socket else {
            throw wrong("kind \(kindByte) is unknown")
        }
        var metadata = FileMetadata(
            kind: kind, permissions: UInt16(try number("a mode", atMost: 0o7777)),
            userID: UInt32(try number("a user id", atMost: UInt64(UInt32.max))),
            groupID: UInt32(try number("a group id", atMost: UInt64(UInt32.max))),
            modified: FileTime(
                seconds: try signed("a time"), nanoseconds: UInt32(try number("nanoseconds", atMost: 999_999_999))))
        var content = EntryContent.nothing
        switch kind {
        case .regular:
            metadata.sizeBytes = Int64(try number("a size", atMost: UInt64(Int64.max)))
            content = .file(try pieces(of: metadata.sizeBytes))
        case .directory:
            content = .directory(try link(.treePage, .treeIndex))
        case .symbolicLink:
            metadata.linkTarget = Array(try string("a link's target", 1...4095))
            if metadata.linkTarget.contains(0) { throw wrong("a link's target holds a NUL") }
        case .characterDevice, .blockDevice:
            metadata.deviceMajor = UInt32(try number("a device number", atMost: UInt64(UInt32.max)))
            metadata.deviceMinor = UInt32(try number("a device number", atMost: UInt64(UInt32.max)))
        case .fifo, .socket: break
        }
        guard try byte() == 0 else {
            throw RepositoryError(
                .unsupportedFormat, "a tree holds metadata that this version does not know",
                hint: "use a newer drctl to read it")
        }
        return (metadata, content)
    }

    private mutating func pieces(of sizeBytes: Int64) throws(RepositoryError) -> [FilePiece] {
        let count = Int(try number("a file's number of pieces", atMost: UInt64(linksLeft)))
        if count == 0 {
            guard sizeBytes == 0 else { throw wrong("a file of \(sizeBytes) bytes has no pieces") }
            return []
        }
        let kindByte = try byte()
        guard let kind = ObjectKind(rawValue: kindByte), kind == .chunk || kind == .chunkList else {
            throw wrong("a piece's kind is \(kindByte)")
        }
        var pieces: [FilePiece] = []
        pieces.reserveCapacity(count)
        var rest = sizeBytes
        for _ in 0..<count {
            let length =
                count == 1 ? sizeBytes : Int64(try number("a piece's length", atMost: UInt64(max(0, rest))))
            guard length > 0 else { throw wrong("a piece has no bytes") }
            rest -= length
            pieces.append(FilePiece(link: try link(kind), lengthBytes: length))
        }
        guard rest == 0 else { throw wrong("a file's pieces and its size differ by \(rest) bytes") }
        return pieces
    }
}
