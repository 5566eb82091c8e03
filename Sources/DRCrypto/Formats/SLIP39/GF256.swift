/// Shamir's secret sharing over GF(256) with the polynomial of AES, byte by byte. No table is looked up and no branch
/// taken by a secret: the time depends on lengths alone.
enum GF256 {
    /// A point of a polynomial for each byte of a secret.
    struct Point {
        let x: UInt8
        let value: SecretBytes
    }

    /// The value at `x` of the polynomial of the least degree through the points.
    /// - Parameter points: at least one, of different `x` and equal lengths.
    static func interpolate(_ points: [Point], at x: UInt8) throws(CryptoError) -> SecretBytes {
        try SecretBytes(count: points.first?.value.count ?? 0) { sum throws(CryptoError) in
            for (index, point) in points.enumerated() {
                var basis: UInt8 = 1
                for (other, place) in points.enumerated() where other != index {
                    basis = multiply(basis, multiply(x ^ place.x, inverse(point.x ^ place.x)))
                }
                point.value.withBytes { value in
                    for offset in value.indices { sum[offset] ^= multiply(value[offset], basis) }
                }
            }
        }
    }

    static func multiply(_ one: UInt8, _ other: UInt8) -> UInt8 {
        var (product, shifted) = (UInt8(0), one)
        for bit in UInt8(0)..<8 {
            product ^= shifted & (0 &- (other >> bit & 1))
            shifted = shifted << 1 ^ 0x1b & (0 &- (shifted >> 7))
        }
        return product
    }

    /// One over a number; 0 for 0.
    static func inverse(_ number: UInt8) -> UInt8 {
        // To the power of 254: the group has 255 elements.
        var (result, power) = (UInt8(1), number)
        for _ in 1...7 {
            power = multiply(power, power)
            result = multiply(result, power)
        }
        return result
    }
}
