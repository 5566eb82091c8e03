package import DRCrypto

/// What an index says of a pack: its name and length, and its objects in the order in which they lie, back to back.
package struct IndexedPack: Hashable, Sendable {
    /// An object with its lengths, sealed and in clear.
    package struct Object: Hashable, Sendable {
        package let link: ObjectLink
        package let storedBytes: UInt32
        package let plaintextBytes: UInt32
    }

    /// What an object takes in an index object.
    static let objectBytes = 41

    package let name: Digest
    package let sizeBytes: Int
    /// Whose objects these are: who sealed them, also where a pruner moved them since.
    package let host: SignerID
    package let objects: [Object]

    /// What the index will say of a pack that was just written.
    package init(_ pack: FinishedPack, host: SignerID) {
        self.host = host
        name = pack.name
        sizeBytes = pack.sizeBytes
        objects = pack.entries.map {
            Object(link: $0.link, storedBytes: $0.storedBytes, plaintextBytes: $0.plaintextBytes)
        }
    }

    init(name: Digest, sizeBytes: Int, host: SignerID, objects: [Object]) {
        self.name = name
        self.host = host
        self.sizeBytes = sizeBytes
        self.objects = objects
    }

    /// Format (2, zero), number of packs (4), then each: name (32), length (8), host (32), number of objects (4), and for each
    /// object kind (1), stored length (4), plaintext length (4), id (32).
    static func encode(_ packs: [IndexedPack]) -> [UInt8] {
        var writer = ByteWriter(capacity: packs.reduce(6) { $0 + 76 + 41 * $1.objects.count })
        writer.append(UInt16(0))
        writer.append(UInt32(truncatingIfNeeded: packs.count))
        for pack in packs {
            writer.append(pack.name)
            writer.append(UInt64(pack.sizeBytes))
            writer.append(pack.host.digest)
            writer.append(UInt32(truncatingIfNeeded: pack.objects.count))
            for object in pack.objects {
                writer.append(object.link.kind.rawValue)
                writer.append(object.storedBytes)
                writer.append(object.plaintextBytes)
                writer.append(object.link.id.value)
            }
        }
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8], of name: String) throws(RepositoryError) -> [IndexedPack] {
        var reader = ByteReader(bytes, of: name)
        let format = try reader.integer(UInt16.self)
        guard format == 0 else {
            throw RepositoryError(.unsupportedFormat, "\(name) has format \(format)", hint: "use a newer drctl")
        }
        var packs: [IndexedPack] = []
        for _ in 0..<(try reader.integer(UInt32.self)) {
            let pack = try reader.digest()
            let size = try reader.integer(UInt64.self)
            let host = SignerID(try reader.digest())
            let count = Int(try reader.integer(UInt32.self))
            guard count <= reader.remainingBytes / 41, size <= PackLayout.maximumPackBytes else {
                throw reader.malformed("a pack of \(size) bytes with \(count) objects")
            }
            var objects: [Object] = []
            objects.reserveCapacity(count)
            for _ in 0..<count {
                guard let kind = ObjectKind(rawValue: try reader.integer()) else { throw reader.malformed("kind") }
                let stored = try reader.integer(UInt32.self)
                let plaintext = try reader.integer(UInt32.self)
                objects.append(
                    Object(
                        link: ObjectLink(kind, ObjectID(try reader.digest())), storedBytes: stored,
                        plaintextBytes: plaintext))
            }
            packs.append(IndexedPack(name: pack, sizeBytes: Int(size), host: host, objects: objects))
        }
        try reader.finish()
        return packs
    }
}
