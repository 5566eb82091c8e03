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
        extensions(metadata)
        switch content {
        case .file(let pieces):
            number(UInt64(metadata.sizeBytes))
            number(pieces.count)
            if let first = pieces.first {
                byte(first.link.kind.rawValue)
                // The length of an only piece is the whole.
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
    }

    /// What few entries have; each behind a tag, in the order of the tags.
    mutating func extensions(_ metadata: FileMetadata) {
        if !metadata.extendedAttributes.isEmpty {
            byte(EntryExtension.attributes.rawValue)
            number(metadata.extendedAttributes.count)
            for attribute in metadata.extendedAttributes {
                string(attribute.name)
                string(attribute.value)
            }
        }
        if !metadata.flags.isEmpty {
            byte(EntryExtension.flags.rawValue)
            number(UInt64(metadata.flags.rawValue))
        }
        if !metadata.holes.isEmpty {
            byte(EntryExtension.holes.rawValue)
            number(metadata.holes.count)
            var end: Int64 = 0
            for hole in metadata.holes {
                number(UInt64(hole.offsetBytes - end))
                number(UInt64(hole.lengthBytes))
                end = hole.endBytes
            }
        }
        byte(EntryExtension.end.rawValue)
    }
}

/// The tags of what an entry may have beyond the fields of every entry.
enum EntryExtension: UInt8 {
    case end = 0
    case attributes = 1
    case flags = 2
    case holes = 3
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
        try extensions(of: &metadata)
        var content = EntryContent.nothing
        switch kind {
        case .regular:
            metadata.sizeBytes = Int64(try number("a size", atMost: UInt64(Int64.max)))
            if let last = metadata.holes.last, last.endBytes > metadata.sizeBytes {
                throw wrong("a hole reaches beyond its file's end")
            }
            content = .file(try pieces(of: metadata.dataBytes))
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
        return (metadata, content)
    }

    /// Reads what ``BodyWriter/extensions(_:)`` writes.
    mutating func extensions(of metadata: inout FileMetadata) throws(RepositoryError) {
        var last = EntryExtension.end
        while true {
            let tag = try byte()
            guard let found = EntryExtension(rawValue: tag) else {
                throw RepositoryError(
                    .unsupportedFormat, "a tree holds metadata of kind \(tag), which this version does not know",
                    hint: "use a newer drctl to read it")
            }
            if found == .end { return }
            guard found.rawValue > last.rawValue else { throw wrong("its extensions are not in order") }
            last = found
            switch found {
            case .end: return
            case .attributes: metadata.extendedAttributes = try attributes()
            case .flags: metadata.flags = try flags(of: metadata.kind)
            case .holes: metadata.holes = try holes(of: metadata.kind)
            }
        }
    }

    private mutating func attributes() throws(RepositoryError) -> [ExtendedAttribute] {
        let count = try count("the number of attributes", bytesEach: 3)
        guard count > 0 else { throw wrong("it says that no attributes follow") }
        var attributes: [ExtendedAttribute] = []
        var bytes = 0
        for _ in 0..<count {
            let name = Array(try string("an attribute's name", 1...ExtendedAttribute.maximumNameBytes))
            let value = Array(try string("an attribute", 0...ExtendedAttribute.maximumValueBytes))
            bytes += name.count + value.count
            guard !name.contains(0), bytes <= ExtendedAttribute.mostBytes else {
                throw wrong("an attribute's name holds a NUL, or its attributes are too long")
            }
            if let last = attributes.last, !last.name.lexicographicallyPrecedes(name) {
                throw wrong("its attributes are not in order")
            }
            attributes.append(ExtendedAttribute(name: name, value: value))
        }
        return attributes
    }

    private mutating func flags(of kind: FileKind) throws(RepositoryError) -> InodeFlags {
        let flags = InodeFlags(rawValue: UInt32(try number("flags", atMost: UInt64(UInt32.max))))
        guard !flags.isEmpty, flags.isSubset(of: .kept), kind == .regular || kind == .directory else {
            throw wrong("its flags are \(flags.rawValue)")
        }
        return flags
    }

    private mutating func holes(of kind: FileKind) throws(RepositoryError) -> [FileHole] {
        guard kind == .regular else { throw wrong("a \(kind) has holes") }
        let count = try count("the number of holes", bytesEach: 2)
        guard count > 0 else { throw wrong("it says that no holes follow") }
        var holes: [FileHole] = []
        var end: Int64 = 0
        for _ in 0..<count {
            let offset = end + Int64(try number("a hole's distance", atMost: UInt64(Int64.max - end)))
            let length = Int64(try number("a hole's length", atMost: UInt64(Int64.max - offset)))
            guard length > 0, offset > end || holes.isEmpty else { throw wrong("a hole is empty, or touches the next") }
            holes.append(FileHole(offsetBytes: offset, lengthBytes: length))
            end = offset + length
        }
        return holes
    }

    /// - Parameter sizeBytes: of the data, holes left out.
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
