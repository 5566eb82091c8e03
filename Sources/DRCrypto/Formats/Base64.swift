/// Base64 (RFC 4648), written one way and read strictly: no white space, no bits set beyond the last byte, padding
/// exactly as asked for. So every byte string has one text, and a text that was tampered with has none.
package enum Base64 {
    /// Whether the last group is filled up.
    package enum Padding: Sendable {
        /// The length is a multiple of four, filled up with `=`.
        case required
        /// No `=` at all.
        case forbidden
    }

    /// Which digits are read for 62 and 63; written are always the standard ones.
    package enum Alphabet: Sendable {
        /// `+` and `/`.
        case standard
        /// `+` and `/`, or `-` and `_`.
        case standardOrURLSafe
    }

    /// The text of some bytes, on one line.
    package static func encode(_ bytes: [UInt8], padding: Padding = .required) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            let group =
                UInt32(bytes[index]) << 16 | (left > 1 ? UInt32(bytes[index + 1]) << 8 : 0)
                | (left > 2 ? UInt32(bytes[index + 2]) : 0)
            text.append(digits[Int(group >> 18)])
            text.append(digits[Int(group >> 12 & 63)])
            if left > 1 { text.append(digits[Int(group >> 6 & 63)]) }
            if left > 2 { text.append(digits[Int(group & 63)]) }
            index += 3
        }
        if padding == .required {
            while !text.count.isMultiple(of: 4) { text.append(padByte) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// - Returns: nil unless the text is the one way in which some bytes are written.
    package static func decode(
        _ text: some Collection<UInt8>, padding: Padding = .required, alphabet: Alphabet = .standard
    ) -> [UInt8]? {
        var digitCount = text.count
        if padding == .required {
            guard digitCount.isMultiple(of: 4) else { return nil }
            digitCount -= text.suffix(2).count { $0 == padByte }
        }
        guard digitCount % 4 != 1 else { return nil }
        let values = alphabet == .standard ? standardValues : eitherValues
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digitCount / 4 * 3 + 2)
        var group: UInt32 = 0
        var bitCount = 0
        for digit in text.prefix(digitCount) {
            let value = values[Int(digit)]
            guard value < 64 else { return nil }
            group = group << 6 | UInt32(value)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: group >> UInt32(bitCount)))
            }
        }
        let leftOver = group & (1 << UInt32(bitCount) - 1)
        return leftOver == 0 ? bytes : nil
    }

    /// - Returns: nil unless the text is the one way in which some bytes are written.
    package static func decode(
        _ text: String, padding: Padding = .required, alphabet: Alphabet = .standard
    ) -> [UInt8]? {
        decode(Array(text.utf8), padding: padding, alphabet: alphabet)
    }

    private static let padByte = UInt8(ascii: "=")
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The value of each byte as a digit; 255 for those that are none.
    private static let standardValues: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()

    private static let eitherValues: [UInt8] = {
        var values = standardValues
        values[Int(UInt8(ascii: "-"))] = 62
        values[Int(UInt8(ascii: "_"))] = 63
        return values
    }()
}
