package import DRSystem

/// What is kept of a file beside its content: everything that a restore can give back. What it cannot give back
/// (inode, device, times of access and of change) or what belongs to several names at once (the link count) is left
/// out, so that a restored tree has the same metadata as the original.
package struct FileMetadata: Hashable, Sendable {
    package var kind: FileKind
    /// Permission bits with set-user-id, set-group-id and sticky.
    package var permissions: UInt16
    package var userID: UInt32
    package var groupID: UInt32
    package var modified: FileTime
    /// Of a regular file; 0 for every other kind.
    package var sizeBytes: Int64
    /// Of a symbolic link: what it holds; empty for every other kind.
    package var linkTarget: [UInt8]
    /// Of a device node; 0 for every other kind.
    package var deviceMajor: UInt32
    package var deviceMinor: UInt32
    /// ACLs among them; in the order of the bytes of their names.
    package var extendedAttributes: [ExtendedAttribute]
    /// Of a regular file or a directory; only ``InodeFlags/kept``.
    package var flags: InodeFlags
    /// Of a regular file: what of its size takes no space, in order, none touching the next.
    package var holes: [FileHole]

    package init(
        kind: FileKind, permissions: UInt16, userID: UInt32, groupID: UInt32, modified: FileTime,
        sizeBytes: Int64 = 0, linkTarget: [UInt8] = [], deviceMajor: UInt32 = 0, deviceMinor: UInt32 = 0,
        extendedAttributes: [ExtendedAttribute] = [], flags: InodeFlags = [], holes: [FileHole] = []
    ) {
        self.kind = kind
        self.permissions = permissions
        self.userID = userID
        self.groupID = groupID
        self.modified = modified
        self.sizeBytes = sizeBytes
        self.linkTarget = linkTarget
        self.deviceMajor = deviceMajor
        self.deviceMinor = deviceMinor
        self.extendedAttributes = extendedAttributes
        self.flags = flags
        self.holes = holes
    }

    /// What a status holds: neither a symbolic link's target, nor attributes, flags and holes.
    package init(_ status: EntryStatus) {
        let isDevice = status.kind == .characterDevice || status.kind == .blockDevice
        self.init(
            kind: status.kind, permissions: status.permissions, userID: status.userID, groupID: status.groupID,
            modified: status.modified, sizeBytes: status.kind == .regular ? status.sizeBytes : 0,
            deviceMajor: isDevice ? status.deviceMajor : 0, deviceMinor: isDevice ? status.deviceMinor : 0)
    }
}

extension FileMetadata {
    /// Shorter holes are read as the zeros that they are, so that content is not cut at each of them.
    package static let leastSkippedHoleBytes: Int64 = 64 << 10
    /// Of a file with more holes the shorter ones are kept as the zeros that they read as.
    package static let mostHoles = 16_384

    /// The holes that are not read: there is no content of them anywhere.
    package var skippedHoles: [FileHole] { holes.filter { $0.lengthBytes >= Self.leastSkippedHoleBytes } }

    /// How many bytes of a regular file are read: its size without the holes that are not.
    package var dataBytes: Int64 { skippedHoles.reduce(sizeBytes) { $0 - $1.lengthBytes } }
}

extension DirectoryHandle {
    /// The metadata of `name` itself, a symbolic link's target included; attributes, flags and holes not.
    package func metadata(of name: FileName, status: EntryStatus) throws(SystemError) -> FileMetadata {
        var metadata = FileMetadata(status)
        if status.kind == .symbolicLink { metadata.linkTarget = try target(ofLink: name) }
        return metadata
    }

    /// Adds the attributes of `name` itself, for what cannot be opened: a symbolic link, a fifo, a device.
    package func complete(_ metadata: inout FileMetadata, of name: FileName) throws(SystemError) {
        metadata.extendedAttributes = try extendedAttributes(of: name)
    }

    /// The metadata of this directory.
    package func metadata() throws(SystemError) -> FileMetadata {
        var metadata = FileMetadata(try status())
        metadata.extendedAttributes = try extendedAttributes()
        metadata.flags = try flags()
        return metadata
    }
}

extension OpenFile {
    /// Adds what a status does not hold: attributes and flags. Holes are found when the content is read.
    package func complete(_ metadata: inout FileMetadata) throws(SystemError) {
        metadata.extendedAttributes = try extendedAttributes()
        metadata.flags = try flags()
    }
}
