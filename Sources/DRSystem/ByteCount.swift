/// A number of bytes.
package struct ByteCount: Hashable, Comparable, Sendable {
    package var bytes: Int64

    package init(_ bytes: Int64) { self.bytes = bytes }

    package static func < (one: ByteCount, other: ByteCount) -> Bool { one.bytes < other.bytes }
}

extension ByteCount: CustomStringConvertible {
    private static let units = ["kB", "MB", "GB", "TB", "PB", "EB"]

    /// For people: `0 bytes`, `1 byte`, `999 bytes`, `3.5 GB`; powers of 1000, as disks are sold.
    package var description: String {
        let magnitude = bytes.magnitude
        let sign = bytes < 0 ? "-" : ""
        if magnitude < 1000 { return "\(sign)\(magnitude) \(magnitude == 1 ? "byte" : "bytes")" }
        var (size, unit): (UInt64, Int) = (1000, 0)
        // Up to the unit in which it still has at most three digits once rounded.
        while Self.rounded(magnitude, per: size) >= 1000, unit + 1 < Self.units.count {
            size *= 1000
            unit += 1
        }
        let tenths = Self.rounded(magnitude, per: size / 10)
        let number = tenths < 1000 ? "\(tenths / 10).\(tenths % 10)" : "\(Self.rounded(magnitude, per: size))"
        return "\(sign)\(number) \(Self.units[unit])"
    }

    private static func rounded(_ value: UInt64, per size: UInt64) -> UInt64 {
        let (whole, rest) = value.quotientAndRemainder(dividingBy: size)
        return whole + (rest >= size - rest ? 1 : 0)
    }
}
