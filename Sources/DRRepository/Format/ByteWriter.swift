package import DRCrypto

/// Binary parts of the format: integers are big-endian, byte strings carry their length in front.
package struct ByteWriter {
    package private(set) var bytes: [UInt8]

    /// Nothing yet, with room for this many bytes.
    package init(capacity: Int = 0) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Big-endian, in the type's own width.
    package mutating func append(_ value: some FixedWidthInteger) {
        var shift = value.bitWidth
        while shift > 0 {
            shift -= 8
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// The bytes as they are, without a length in front.
    package mutating func append(raw bytes: some Collection<UInt8>) { self.bytes.append(contentsOf: bytes) }

    /// 32 bytes.
    package mutating func append(_ digest: Digest) {
        for word in [digest.words.0, digest.words.1, digest.words.2, digest.words.3] { append(word) }
    }

    /// Two bytes of length, then the bytes. What is longer than 65,535 bytes is cut; nothing here is.
    package mutating func append(field bytes: some Collection<UInt8>) {
        append(UInt16(truncatingIfNeeded: bytes.count))
        append(raw: bytes)
    }

    /// A field of the text's UTF-8 bytes.
    package mutating func append(field text: String) { append(field: Array(text.utf8)) }
}
