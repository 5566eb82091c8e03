/// Bech32 (BIP 173) without its limit of 90 characters: a prefix, `1`, data in a 32-letter alphabet, and a checksum that
/// catches every mistake in up to four letters. Private keys are written in it, so all that is read and made is secret.
enum Bech32 {
    /// The text in lower case.
    static func encode(prefix: String, _ bytes: SecretBytes) throws(CryptoError) -> SecretBytes {
        let prefix = Array(prefix.utf8)
        let digitCount = (bytes.count * 8 + 4) / 5
        return try SecretBytes(count: prefix.count + 1 + digitCount + checksumCount) { text throws(CryptoError) in
            var checksum = Checksum(prefix: prefix)
            for (index, letter) in prefix.enumerated() { text[index] = letter }
            text[prefix.count] = separator
            var place = prefix.count + 1
            func put(_ value: UInt8, in text: inout MutableSpan<UInt8>) {
                checksum.add(value)
                text[place] = letters[Int(value)]
                place += 1
            }
            bytes.withBytes { bytes in
                var group: UInt32 = 0
                var bitCount = 0
                for index in bytes.indices {
                    group = group << 8 | UInt32(bytes[index])
                    bitCount += 8
                    while bitCount >= 5 {
                        bitCount -= 5
                        put(UInt8(group >> UInt32(bitCount) & 31), in: &text)
                    }
                }
                if bitCount > 0 { put(UInt8(group << UInt32(5 - bitCount) & 31), in: &text) }
            }
            let sum = checksum.closing
            for index in 0..<checksumCount { put(UInt8(sum >> UInt32(5 * (5 - index)) & 31), in: &text) }
        }
    }

    /// - Parameter prefix: what the text must start with, in the case that all of it must be in.
    /// - Throws: `malformed` saying what is wrong, without showing the text.
    static func decode(prefix: String, _ text: SecretBytes) throws(CryptoError) -> SecretBytes {
        let isUpper = prefix.utf8.contains { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
        let prefix = Array(prefix.utf8)
        let first = prefix.count + 1
        let digitCount = text.count - first - checksumCount
        guard text.withBytes({ text in hasPrefix(prefix, text) }) else {
            throw CryptoError(.malformed, "it does not start with \(String(decoding: prefix, as: UTF8.self))1")
        }
        guard digitCount >= 0 else { throw CryptoError(.malformed, "it is too short") }
        let bitCount = digitCount * 5
        guard bitCount % 8 < 5 else { throw CryptoError(.malformed, "it has a length that no bytes have") }
        return try SecretBytes(count: bitCount / 8) { bytes throws(CryptoError) in
            try text.withBytes { text throws(CryptoError) in
                var checksum = Checksum(prefix: prefix.map { isUpper ? lowered($0) : $0 })
                var group: UInt32 = 0
                var bits = 0
                var place = 0
                for index in first..<text.count {
                    let letter = text[index]
                    let value = values[Int(isUpper ? lowered(letter) : letter)]
                    guard value < 32, !isUpper || !isLower(letter) else {
                        throw CryptoError(.malformed, "letter \(index + 1) cannot stand there")
                    }
                    checksum.add(value)
                    guard index < first + digitCount else { continue }
                    group = group << 5 | UInt32(value)
                    bits += 5
                    if bits >= 8 {
                        bits -= 8
                        bytes[place] = UInt8(truncatingIfNeeded: group >> UInt32(bits))
                        place += 1
                    }
                }
                guard checksum.isRight else {
                    throw CryptoError(.malformed, "its checksum does not fit: a letter is wrong")
                }
                guard group & (1 << UInt32(bits) - 1) == 0 else {
                    throw CryptoError(.malformed, "it has bits set beyond its last byte")
                }
            }
        }
    }

    private static func hasPrefix(_ prefix: [UInt8], _ text: Span<UInt8>) -> Bool {
        guard text.count > prefix.count, text[prefix.count] == separator else { return false }
        return prefix.indices.allSatisfy { text[$0] == prefix[$0] }
    }

    private static func isLower(_ letter: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter) }

    private static func lowered(_ letter: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(letter) ? letter | 0x20 : letter
    }

    private static let separator = UInt8(ascii: "1")
    private static let checksumCount = 6
    private static let letters = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, letter) in letters.enumerated() { values[Int(letter)] = UInt8(value) }
        return values
    }()

    /// The BCH code of BIP 173 over GF(32).
    private struct Checksum {
        private var state: UInt32 = 1

        init(prefix: [UInt8]) {
            for letter in prefix { add(letter >> 5) }
            add(0)
            for letter in prefix { add(letter & 31) }
        }

        mutating func add(_ value: UInt8) {
            let top = state >> 25
            state = (state & 0x1ff_ffff) << 5 ^ UInt32(value)
            for (bit, generator) in Self.generators.enumerated() where top >> UInt32(bit) & 1 == 1 {
                state ^= generator
            }
        }

        /// The six values to be appended, as 30 bits.
        var closing: UInt32 {
            var copy = self
            for _ in 0..<6 { copy.add(0) }
            return copy.state ^ 1
        }

        /// Whether all values, the last six included, are as they were written.
        var isRight: Bool { state == 1 }

        private static let generators: [UInt32] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3]
    }
}
