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
        // In tenths of a unit, rounded half up; the whole stays exact up to the largest count.
        var (tenths, unit) = (Self.rounded(magnitude, per: 100), 0)
        var size: UInt64 = 100
        while tenths >= 10_000, unit + 1 < Self.units.count {
            size *= 1000
            unit += 1
            tenths = Self.rounded(magnitude, per: size)
        }
        let fraction = tenths >= 1000 ? "" : ".\(tenths % 10)"
        let whole = tenths >= 1000 ? (tenths + 5) / 10 : tenths / 10
        return "\(sign)\(whole)\(fraction) \(Self.units[unit])"
    }

    private static func rounded(_ value: UInt64, per size: UInt64) -> UInt64 {
        let (whole, rest) = value.quotientAndRemainder(dividingBy: size)
        return whole + (rest >= size - rest ? 1 : 0)
    }
}
