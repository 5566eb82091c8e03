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

extension ByteCount {
    /// A count as people write it: `5GB`, `500 MB`, `12 bytes`, `1.5TB`, and `MiB` and the like for powers of 1024.
    /// - Returns: nil for anything else, or more than 2^63 − 1.
    package init?(parsing text: String) {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = text.dropFirst(number.count).drop { $0 == " " }
        guard let value = Double(number), let size = Self.size(of: unit), value * size < 9e18 else { return nil }
        self.init(Int64(value * size))
    }

    private static func size(of unit: Substring) -> Double? {
        if ["byte", "bytes", "B"].contains(unit) { return 1 }
        var (decimal, binary) = (1.0, 1.0)
        for name in units {
            decimal *= 1000
            binary *= 1024
            if unit == name { return decimal }
            if unit == "\(name.prefix(1).uppercased())iB" { return binary }
        }
        return nil
    }
}
