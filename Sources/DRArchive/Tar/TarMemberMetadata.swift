internal import CArchive
internal import DRSystem
internal import Glibc

extension FileMetadata {
    /// What a member says of itself.
    /// - Throws: what cannot be kept as it is said: nothing is cut to fit.
    init(_ member: OpaquePointer, named name: String, isHardLink: Bool) throws(ArchiveError) {
        // A hard link's header may say no type at all; what it names has one.
        let type = unsafe archive_entry_filetype(member)
        guard let kind = isHardLink && type == 0 ? .regular : FileKind(archiveType: type), kind != .socket else {
            throw ArchiveError(.unsupported, "\(name) is of a kind that is not handled")
        }
        guard let userID = unsafe UInt32(exactly: archive_entry_uid(member)),
            let groupID = unsafe UInt32(exactly: archive_entry_gid(member))
        else { throw ArchiveError(.unsupported, "\(name) has an owner that no Linux file system can hold") }
        let nanoseconds = unsafe Int(archive_entry_mtime_nsec(member))
        guard (0..<1_000_000_000).contains(nanoseconds) else {
            throw ArchiveError(.damaged, "\(name) has a time with \(nanoseconds) nanoseconds")
        }
        unsafe self.init(
            kind: kind, permissions: UInt16(truncatingIfNeeded: archive_entry_perm(member) & 0o7777),
            userID: userID, groupID: groupID,
            modified: FileTime(seconds: Int64(archive_entry_mtime(member)), nanoseconds: UInt32(nanoseconds)))
        switch kind {
        case .regular where !isHardLink:
            sizeBytes = unsafe archive_entry_size(member)
            guard sizeBytes >= 0 else { throw ArchiveError(.damaged, "\(name) has a negative size") }
            holes = unsafe Self.holes(member, sizeBytes: sizeBytes)
        case .symbolicLink: linkTarget = unsafe bytes(archive_entry_symlink(member)) ?? []
        case .characterDevice, .blockDevice:
            guard let major = unsafe UInt32(exactly: archive_entry_rdevmajor(member)),
                let minor = unsafe UInt32(exactly: archive_entry_rdevminor(member))
            else { throw ArchiveError(.unsupported, "\(name) has a device number that Linux does not know") }
            deviceMajor = major
            deviceMinor = minor
        default: break
        }
        extendedAttributes = unsafe try Self.attributes(member, named: name)
    }

    /// What lies between the data that the member lists.
    private static func holes(_ member: OpaquePointer, sizeBytes: Int64) -> [FileHole] {
        guard unsafe archive_entry_sparse_reset(member) > 0 else { return [] }
        var list = HoleList(most: mostHoles, leastBytes: leastSkippedHoleBytes)
        var position: Int64 = 0
        var offset: Int64 = 0
        var length: Int64 = 0
        func hole(upTo end: Int64) {
            if end > position { list.add(FileHole(offsetBytes: position, lengthBytes: end - position)) }
        }
        while unsafe archive_entry_sparse_next(member, &offset, &length) == ARCHIVE_OK {
            // libarchive keeps them in order and apart; beyond the end there is nothing.
            guard offset >= position, length >= 0, offset <= sizeBytes - length else { break }
            hole(upTo: offset)
            position = offset + length
        }
        hole(upTo: sizeBytes)
        return list.holes
    }

    /// Attributes and ACLs; an attribute that stands in two ways, as libarchive writes them, is one.
    private static func attributes(
        _ member: OpaquePointer, named name: String
    ) throws(ArchiveError) -> [ExtendedAttribute] {
        var found: [[UInt8]: [UInt8]] = [:]
        var byteCount = 0
        unsafe archive_entry_xattr_reset(member)
        var key: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while unsafe archive_entry_xattr_next(member, &key, &value, &size) == ARCHIVE_OK {
            guard let attribute = unsafe bytes(key) else { continue }
            let content = unsafe Array(UnsafeRawBufferPointer(start: value, count: size))
            if let other = found[attribute] {
                if other == content { continue }
                throw ArchiveError(.damaged, "\(name) says twice what \(displayEscaped(bytes: attribute)) is")
            }
            byteCount += attribute.count + content.count
            guard (1...ExtendedAttribute.maximumNameBytes).contains(attribute.count),
                content.count <= ExtendedAttribute.maximumValueBytes, byteCount <= ExtendedAttribute.mostBytes
            else { throw ArchiveError(.unsupported, "\(name) has attributes longer than Linux takes") }
            found[attribute] = content
        }
        for acl in unsafe try TarACL.all(of: member, named: name) where found[acl.name] == nil {
            found[acl.name] = acl.value
        }
        return found.map { ExtendedAttribute(name: $0.key, value: $0.value) }
            .sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }
}

/// POSIX ACLs that an archive holds as text, as GNU tar writes them with `--acls`.
enum TarACL {
    /// As the attributes that the kernel keeps them in: a version, then a tag, permissions and an id for each entry, all
    /// little-endian (linux/posix_acl_xattr.h).
    static func all(of member: OpaquePointer, named name: String) throws(ArchiveError) -> [ExtendedAttribute] {
        var found: [ExtendedAttribute] = []
        for (type, attribute) in [
            (ARCHIVE_ENTRY_ACL_TYPE_ACCESS, ExtendedAttribute.accessACL),
            (ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, ExtendedAttribute.defaultACL),
        ] {
            // An access ACL of no more than the mode's three entries counts as none.
            guard unsafe archive_entry_acl_reset(member, type) > 0 else { continue }
            var entries: [(tag: UInt16, permissions: UInt16, id: UInt32)] = []
            var (found1, permissions, tag, id): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
            var who: UnsafePointer<CChar>?
            while unsafe archive_entry_acl_next(member, type, &found1, &permissions, &tag, &id, &who) == ARCHIVE_OK {
                guard let kernelTag = kernelTags[tag] else { continue }
                let isNamed = tag == ARCHIVE_ENTRY_ACL_USER || tag == ARCHIVE_ENTRY_ACL_GROUP
                guard !isNamed || id >= 0 else {
                    throw ArchiveError(
                        .unsupported,
                        "\(name) has an ACL for \(unsafe displayEscaped(bytes: bytes(who) ?? [])), a name that has no number here",
                        hint: "make the archive with --numeric-owner")
                }
                entries.append((kernelTag, UInt16(permissions & 7), isNamed ? UInt32(id) : .max))
            }
            entries.sort { ($0.tag, $0.id) < ($1.tag, $1.id) }
            var value: [UInt8] = [2, 0, 0, 0]
            for entry in entries {
                for part in [entry.tag, entry.permissions, UInt16(entry.id & 0xFFFF), UInt16(entry.id >> 16)] {
                    value += [UInt8(part & 0xFF), UInt8(part >> 8)]
                }
            }
            found.append(ExtendedAttribute(name: attribute, value: value))
        }
        return found
    }

    private static let kernelTags: [Int32: UInt16] = [
        ARCHIVE_ENTRY_ACL_USER_OBJ: 0x01, ARCHIVE_ENTRY_ACL_USER: 0x02, ARCHIVE_ENTRY_ACL_GROUP_OBJ: 0x04,
        ARCHIVE_ENTRY_ACL_GROUP: 0x08, ARCHIVE_ENTRY_ACL_MASK: 0x10, ARCHIVE_ENTRY_ACL_OTHER: 0x20,
    ]
}

/// The bytes of a text of libarchive's, without its NUL.
func bytes(_ text: UnsafePointer<CChar>?) -> [UInt8]? {
    guard let text = unsafe text else { return nil }
    return unsafe Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
}
