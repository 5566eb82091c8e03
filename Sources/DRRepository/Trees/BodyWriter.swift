/// Writes the primitives of tree bodies; TreeFormat specifies them. What it writes ``BodyReader`` reads, and there is
/// one way only to write a value.
struct BodyWriter {
    private(set) var bytes: [UInt8] = []

    /// The first byte of every body: which layout the rest has.
    static let layout: UInt8 = 0

    init() {}

    init(reserving byteCount: Int) { bytes.reserveCapacity(byteCount) }

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    /// Base 128, least significant group first, the high bit set on all bytes but the last.
    mutating func number(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func number(_ value: Int) { number(UInt64(value)) }

    /// Zigzag: 0, -1, 1, -2 become 0, 1, 2, 3.
    mutating func signed(_ value: Int64) { number(UInt64(bitPattern: value << 1 ^ value >> 63)) }

    /// A length and that many bytes.
    mutating func string(_ value: some Collection<UInt8>) {
        number(value.count)
        bytes.append(contentsOf: value)
    }

    mutating func append(_ other: BodyWriter) { bytes.append(contentsOf: other.bytes) }

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }
}
