package import DRCrypto

/// How an object's body was changed before it was sealed.
package enum BodyEncoding: UInt8, Hashable, Sendable {
    case plain = 0
    /// One zstd frame.
    case zstd = 1
}

/// A pack's directory entry: all there is to know about an object without opening it.
package struct PackEntry: Hashable, Sendable {
    package let link: ObjectLink
    package let encoding: BodyEncoding
    /// Which of the pack's origins its key is derived from.
    package let origin: UInt16
    /// The nonce. Unique under an origin's key.
    package let slot: UInt32
    package let offsetBytes: UInt32
    /// With the tag.
    package let storedBytes: UInt32
    /// The body's length.
    package let plaintextBytes: UInt32
    /// nil for a chunk.
    package let bodyDigest: Digest?
    package let links: [ObjectLink]

    /// What is authenticated with the object: its origin (salt, slot), kind, encoding, id and lengths. Where it lies is
    /// left out, so that it can be moved.
    func associatedData(salt: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(capacity: 96)
        writer.append(raw: salt)
        writer.append(slot)
        writer.append(link.kind.rawValue)
        writer.append(encoding.rawValue)
        writer.append(link.id.value)
        writer.append(plaintextBytes)
        writer.append(storedBytes)
        return writer.bytes
    }

    var nonce: AEADNonce { AEADNonce(low: UInt64(slot)) }
}
