internal import DRCrypto

/// The directory of a pack: its entries, sealed under the list key.
///
/// Plaintext: format (2, zero), number of entries (4), the entries, zeros up to a multiple of 1 KiB. An entry: kind
/// (1), encoding (1), origin (2), slot (4), offset (4), stored length (4), plaintext length (4), id (32); unless it is
/// a chunk, then the body digest (32), the number of links (4) and the links (kind 1, id 32).
package enum PackDirectory {
    static func encode(_ entries: [PackEntry]) -> [UInt8] {
        var writer = ByteWriter(capacity: 64 * entries.count + PackLayout.directoryGranularityBytes)
        writer.append(UInt16(0))
        writer.append(UInt32(truncatingIfNeeded: entries.count))
        for entry in entries {
            writer.append(entry.link.kind.rawValue)
            writer.append(entry.encoding.rawValue)
            writer.append(entry.origin)
            writer.append(entry.slot)
            writer.append(entry.offsetBytes)
            writer.append(entry.storedBytes)
            writer.append(entry.plaintextBytes)
            writer.append(entry.link.id.value)
            guard let bodyDigest = entry.bodyDigest else { continue }
            writer.append(bodyDigest)
            writer.append(UInt32(truncatingIfNeeded: entry.links.count))
            for link in entry.links {
                writer.append(link.kind.rawValue)
                writer.append(link.id.value)
            }
        }
        let padded = PackLayout.roundedUp(writer.bytes.count, to: PackLayout.directoryGranularityBytes)
        writer.append(raw: repeatElement(0, count: padded - writer.bytes.count))
        return writer.bytes
    }

    static func decode(
        _ bytes: [UInt8], pack: Digest, objectAreaBytes: Int, origins: Int
    ) throws(RepositoryError) -> [PackEntry] {
        var reader = ByteReader(bytes, of: "the directory of pack \(pack)")
        let format = try reader.integer(UInt16.self)
        guard format == 0 else {
            throw RepositoryError(
                .unsupportedFormat, "the directory of pack \(pack) has format \(format)", hint: "use a newer drctl")
        }
        let count = try reader.integer(UInt32.self)
        guard Int(count) <= bytes.count / 52 else { throw reader.malformed("\(count) entries") }
        var entries: [PackEntry] = []
        entries.reserveCapacity(Int(count))
        for _ in 0..<count {
            let entry = try decodeEntry(&reader)
            let end = Int(entry.offsetBytes) + Int(entry.storedBytes)
            guard
                Int(entry.offsetBytes) >= PackLayout.magic.count, end <= objectAreaBytes, Int(entry.origin) < origins,
                entry.storedBytes >= AEAD.tagByteCount, entry.plaintextBytes <= PackLayout.maximumObjectBytes
            else { throw reader.malformed("an entry points outside its pack") }
            entries.append(entry)
        }
        // The padding is inside the seal, yet a reader that lets anything stand there could be told anything.
        guard try reader.raw(reader.remainingBytes).allSatisfy({ $0 == 0 }) else { throw reader.malformed("padding") }
        return entries
    }

    private static func decodeEntry(_ reader: inout ByteReader) throws(RepositoryError) -> PackEntry {
        guard let kind = ObjectKind(rawValue: try reader.integer()) else { throw reader.malformed("object kind") }
        guard let encoding = BodyEncoding(rawValue: try reader.integer()) else { throw reader.malformed("encoding") }
        let origin = try reader.integer(UInt16.self)
        let slot = try reader.integer(UInt32.self)
        let offset = try reader.integer(UInt32.self)
        let stored = try reader.integer(UInt32.self)
        let plaintext = try reader.integer(UInt32.self)
        let id = ObjectID(try reader.digest())
        var bodyDigest: Digest?
        var links: [ObjectLink] = []
        if kind != .chunk {
            bodyDigest = try reader.digest()
            let count = Int(try reader.integer(UInt32.self))
            guard count <= reader.remainingBytes / 33 else { throw reader.malformed("\(count) links") }
            links.reserveCapacity(count)
            for _ in 0..<count {
                guard let kind = ObjectKind(rawValue: try reader.integer()) else { throw reader.malformed("link") }
                links.append(ObjectLink(kind, ObjectID(try reader.digest())))
            }
        }
        return PackEntry(
            link: ObjectLink(kind, id), encoding: encoding, origin: origin, slot: slot, offsetBytes: offset,
            storedBytes: stored, plaintextBytes: plaintext, bodyDigest: bodyDigest, links: links)
    }
}
