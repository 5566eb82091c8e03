/// A fast, unkeyed checksum of an object's body, taken when it is handed over and compared with what the sealed bytes
/// give back. It finds faults of memory and of code, not forgers, and is never stored.
struct PackFingerprint: Hashable, Sendable {
    let value: UInt64

    init(of bytes: Span<UInt8>) {
        value = unsafe bytes.withUnsafeBytes { buffer in
            var lanes: (UInt64, UInt64, UInt64, UInt64) = (1, 2, 3, 4)
            var offset = 0
            while offset + 32 <= buffer.count {
                lanes.0 = unsafe Self.mix(lanes.0, buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                lanes.1 = unsafe Self.mix(lanes.1, buffer.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
                lanes.2 = unsafe Self.mix(lanes.2, buffer.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self))
                lanes.3 = unsafe Self.mix(lanes.3, buffer.loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self))
                offset += 32
            }
            var sum = Self.mix(UInt64(buffer.count), lanes.0)
            sum = Self.mix(Self.mix(Self.mix(sum, lanes.1), lanes.2), lanes.3)
            while offset < buffer.count {
                sum = unsafe Self.mix(sum, UInt64(buffer[offset]))
                offset += 1
            }
            return sum
        }
    }

    /// A permutation of `sum` for every `word`: a single changed word always changes the result.
    @inline(__always)
    private static func mix(_ sum: UInt64, _ word: UInt64) -> UInt64 {
        let product = (sum ^ word) &* 0x9e37_79b9_7f4a_7c15
        return product ^ product >> 29
    }
}
