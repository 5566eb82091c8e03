package import DRCrypto

/// A pack that is complete: its name and what is in it.
package struct FinishedPack: Sendable {
    package let name: Digest
    package let sizeBytes: Int
    package let entries: [PackEntry]
}

/// Turns a full `OpenPack` into the bytes of a pack: reads back what was sealed, adds filler, directory, origins and
/// footer, and names it. For one thread.
struct PackCloser: ~Copyable {
    private let listKey: ListKey
    private var opener: ObjectOpener

    init(listKey: ListKey) throws(RepositoryError) {
        self.listKey = listKey
        opener = try ObjectOpener()
    }

    /// Completes the pack in its buffer.
    /// - Throws: `internalFault` when something sealed does not give its body back: nothing may be stored then.
    mutating func close(_ pack: OpenPack) throws(RepositoryError) -> FinishedPack {
        let (sealed, end) = pack.contents
        try readBack(sealed, of: pack)
        return try Self.complete(
            pack.buffer, end: end, entries: sealed.map(\.entry), origins: [pack.origin], listKey: listKey)
    }

    /// Puts filler, directory, origins and footer behind the objects, and names the pack.
    /// - Parameter end: where the objects end.
    static func complete(
        _ buffer: PackBuffer, end: Int, entries: [PackEntry], origins: [PackOrigin], listKey: ListKey
    ) throws(RepositoryError) -> FinishedPack {
        let origins = PackOrigin.encode(origins)
        let directory = try listKey.seal(
            PackDirectory.encode(entries), for: .directory, authenticating: origins)
        let tail = directory.count + origins.count + PackLayout.footerBytes
        let size = PackLayout.roundedUp(end + tail, to: PackLayout.granularityBytes)
        guard size <= PackLayout.maximumPackBytes else {
            throw RepositoryError(.internalFault, "a pack grew to \(size) bytes")
        }
        var footer = ByteWriter(capacity: tail)
        footer.append(raw: directory)
        footer.append(raw: origins)
        footer.append(UInt32(directory.count))
        footer.append(UInt32(origins.count))
        footer.append(raw: PackLayout.magic)
        buffer.write(try randomBytes(size - tail - end), at: end)
        buffer.write(footer.bytes, at: size - tail)
        let name = buffer.read(0..<size) { Digest.of($0) }
        return FinishedPack(name: name, sizeBytes: size, entries: entries)
    }

    private mutating func readBack(_ sealed: [OpenPack.Sealed], of pack: OpenPack) throws(RepositoryError) {
        var key = try ObjectOpener.key(pack.key)
        for object in sealed {
            let start = Int(object.entry.offsetBytes)
            let found: PackFingerprint = try pack.buffer.read(
                start..<(start + Int(object.entry.storedBytes))
            ) { bytes throws(RepositoryError) in
                try opener.open(bytes, entry: object.entry, salt: pack.origin.salt, key: &key) { body in
                    PackFingerprint(of: body)
                }
            }
            guard found == object.fingerprint else {
                throw RepositoryError(
                    .internalFault,
                    "\(object.entry.link.kind) \(object.entry.link.id) did not read back as it was written",
                    hint: "nothing of this pack was stored; test this machine's memory before the next backup")
            }
        }
    }
}
