/// A share of a secret as SLIP-0039 writes it: words with a checksum that finds every mistake in up to three of them.
/// The words and the value are secret; the other members say which shares belong together.
package struct SLIP39Share: Sendable {
    /// What all shares of one secret have in common.
    package struct Family: Hashable, Sendable {
        /// 15 random bits.
        package let identifier: UInt16
        /// Whether the encryption leaves the identifier out, so that a secret can be shared again with the same result.
        package let isExtendable: Bool
        /// The base-2 logarithm of how much slower than 10,000 rounds the encryption is.
        package let iterationExponent: Int
        package let groupThreshold: Int
        package let groupCount: Int
    }

    package let family: Family
    /// Counted from 0.
    package let groupIndex: Int
    /// Counted from 0, within the group.
    package let memberIndex: Int
    /// How many shares of the group are needed.
    package let memberThreshold: Int
    let value: SecretBytes

    /// Words before the value, and after it.
    private static let headCount = 4
    private static let checksumCount = 3
    /// The value has at least 128 bits.
    private static let leastCount = headCount + 13 + checksumCount

    init(family: Family, groupIndex: Int, memberIndex: Int, memberThreshold: Int, value: SecretBytes) {
        self.family = family
        self.groupIndex = groupIndex
        self.memberIndex = memberIndex
        self.memberThreshold = memberThreshold
        self.value = value
    }

    /// Reads words that are set apart by white space, in any case.
    /// - Throws: `malformed`: a word that is none (with the nearest in the hint), too few of them, a wrong checksum,
    ///   numbers that contradict each other. Of the words it shows only one that is in no list.
    package init(words: SecretBytes) throws(CryptoError) {
        let digits = try Self.digits(of: words)
        let count = digits.count / 2
        guard count >= Self.leastCount else {
            throw CryptoError(
                .malformed, "a share of \(count) words: the shortest has \(Self.leastCount)",
                hint: "compare with the share as it was written down")
        }
        let head = digits.withBytes { bytes in
            (0..<Self.headCount).reduce(UInt64(0)) { $0 << 10 | UInt64(Self.digit(bytes, $1)) }
        }
        func field(_ shift: UInt64) -> Int { Int(head >> shift & 15) }
        let isExtendable = head >> 24 & 1 == 1
        guard Self.checksum(digits, Self.customization(isExtendable)) == 1 else {
            throw CryptoError(
                .malformed,
                "the checksum of the words does not fit: at least one is wrong, missing or in another place",
                hint: "compare with the share as it was written down, word by word")
        }
        family = Family(
            identifier: UInt16(head >> 25 & 0x7fff), isExtendable: isExtendable, iterationExponent: field(20),
            groupThreshold: field(12) + 1, groupCount: field(8) + 1)
        (groupIndex, memberIndex, memberThreshold) = (field(16), field(4), field(0) + 1)
        guard family.groupThreshold <= family.groupCount else {
            throw CryptoError(
                .malformed, "it asks for \(family.groupThreshold) groups of \(family.groupCount): no tool makes such")
        }
        value = try Self.value(digits)
    }

    /// The words, in lower case, with a space between.
    /// - Throws: `library` where there is no memory.
    package func words() throws(CryptoError) -> SecretBytes {
        let digits = try self.digits()
        let byteCount = digits.withBytes { bytes in
            (0..<bytes.count / 2).reduce(-1) { $0 + 1 + SLIP39Words.all[Int(Self.digit(bytes, $1))].count }
        }
        return try SecretBytes(count: byteCount) { text throws(CryptoError) in
            digits.withBytes { bytes in
                var place = 0
                for index in 0..<bytes.count / 2 {
                    if index > 0 {
                        text[place] = UInt8(ascii: " ")
                        place += 1
                    }
                    for letter in SLIP39Words.all[Int(Self.digit(bytes, index))] {
                        text[place] = letter
                        place += 1
                    }
                }
            }
        }
    }

    // MARK: Digits: numbers below 1,024, in two bytes each

    private static func digit(_ bytes: Span<UInt8>, _ index: Int) -> UInt16 {
        UInt16(bytes[2 * index]) << 8 | UInt16(bytes[2 * index + 1])
    }

    private static func put(_ digit: UInt32, _ index: Int, in bytes: inout MutableSpan<UInt8>) {
        bytes[2 * index] = UInt8(truncatingIfNeeded: digit >> 8)
        bytes[2 * index + 1] = UInt8(truncatingIfNeeded: digit)
    }

    private static func digits(of words: SecretBytes) throws(CryptoError) -> SecretBytes {
        let ranges = words.withBytes { text in
            var ranges: [Range<Int>] = []
            var start = 0
            for index in 0...text.count where index == text.count || text[index] <= UInt8(ascii: " ") {
                if index > start { ranges.append(start..<index) }
                start = index + 1
            }
            return ranges
        }
        return try SecretBytes(count: 2 * ranges.count) { digits throws(CryptoError) in
            for (index, range) in ranges.enumerated() {
                let found = words.withBytes { SLIP39Words.value(of: $0.extracting(range)) }
                guard let found else {
                    throw unknown(words.withBytes { text in range.map { text[$0] } }, number: index + 1)
                }
                put(UInt32(found), index, in: &digits)
            }
        }
    }

    private static func unknown(_ word: [UInt8], number: Int) -> CryptoError {
        let shown = String(decoding: word.prefix(24), as: UTF8.self)
        return CryptoError(
            .malformed, "word \(number), \"\(shown)\", is not in the list of SLIP-39",
            hint: SLIP39Words.nearest(to: word).map { "the nearest word is \"\($0)\"" }
                ?? "compare with the share as it was written down")
    }

    /// The bits of the words between head and checksum; those in front that make no byte are zero.
    private static func value(_ digits: SecretBytes) throws(CryptoError) -> SecretBytes {
        let places = headCount..<(digits.count / 2 - checksumCount)
        let padding = places.count * 10 % 16
        guard padding <= 8 else {
            throw CryptoError(.malformed, "\(digits.count / 2) words: no share has as many")
        }
        return try SecretBytes(count: (places.count * 10 - padding) / 8) { value throws(CryptoError) in
            let isPadded = digits.withBytes { bytes in
                var (group, bits, place) = (UInt32(0), -padding, 0)
                var overflow: UInt32 = 0
                for index in places {
                    group = group << 10 | UInt32(digit(bytes, index))
                    bits += 10
                    // The first digit alone has padding, and it has at most 8 bits of it.
                    if index == places.lowerBound { overflow = group >> UInt32(bits) }
                    while bits >= 8 {
                        bits -= 8
                        value[place] = UInt8(truncatingIfNeeded: group >> UInt32(bits))
                        place += 1
                    }
                }
                return overflow == 0
            }
            guard isPadded else { throw CryptoError(.malformed, "bits that fill up its first word are not zero") }
        }
    }

    private func digits() throws(CryptoError) -> SecretBytes {
        let valueCount = (value.count * 8 + 9) / 10
        let count = Self.headCount + valueCount + Self.checksumCount
        let fields = [
            groupIndex, family.groupThreshold - 1, family.groupCount - 1, memberIndex, memberThreshold - 1,
        ]
        let start =
            UInt64(family.identifier) << 5 | (family.isExtendable ? 16 : 0) | UInt64(family.iterationExponent)
        let head = fields.reduce(start) { $0 << 4 | UInt64($1) }
        func filled(_ sum: UInt32) throws(CryptoError) -> SecretBytes {
            try SecretBytes(count: 2 * count) { digits throws(CryptoError) in
                for index in 0..<Self.headCount {
                    Self.put(UInt32(head >> UInt64(10 * (3 - index)) & 1023), index, in: &digits)
                }
                value.withBytes { value in
                    var (group, bits, place) = (UInt32(0), valueCount * 10 - value.count * 8, Self.headCount)
                    for index in value.indices {
                        group = group << 8 | UInt32(value[index])
                        bits += 8
                        if bits >= 10 {
                            bits -= 10
                            Self.put(group >> UInt32(bits) & 1023, place, in: &digits)
                            place += 1
                        }
                    }
                }
                for index in 0..<Self.checksumCount {
                    Self.put(sum >> UInt32(10 * (2 - index)) & 1023, count - 3 + index, in: &digits)
                }
            }
        }
        return try filled(Self.checksum(try filled(0), Self.customization(family.isExtendable)) ^ 1)
    }

    // MARK: RS1024

    static func customization(_ isExtendable: Bool) -> [UInt8] {
        Array((isExtendable ? "shamir_extendable" : "shamir").utf8)
    }

    /// The Reed-Solomon code of SLIP-0039 over GF(1024): 1 for words as they were written.
    private static func checksum(_ digits: SecretBytes, _ customization: [UInt8]) -> UInt32 {
        var state: UInt32 = 1
        func add(_ digit: UInt32) {
            let top = state >> 20
            state = (state & 0xf_ffff) << 10 ^ digit
            for (bit, generator) in generators.enumerated() { state ^= generator & (0 &- (top >> UInt32(bit) & 1)) }
        }
        for byte in customization { add(UInt32(byte)) }
        digits.withBytes { bytes in
            for index in 0..<bytes.count / 2 { add(UInt32(digit(bytes, index))) }
        }
        return state
    }

    private static let generators: [UInt32] = [
        0xe0_e040, 0x1c1_c080, 0x383_8100, 0x707_0200, 0xe0e_0009, 0x1c0c_2412, 0x3808_6c24, 0x3090_fc48, 0x21b1_f890,
        0x3f3_f120,
    ]
}
