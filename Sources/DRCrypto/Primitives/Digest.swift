/// A SHA-256 digest, as a value that is cheap to copy, compare and sort.
///
/// Written as 64 lowercase hexadecimal digits wherever it appears in text or JSON.
package struct Digest: Hashable, Sendable {
    /// The 32 bytes as four big-endian words, so that order of words is order of bytes.
    package let words: (UInt64, UInt64, UInt64, UInt64)

    /// How many bytes a SHA-256 digest has.
    package static let byteCount = 32

    /// - Returns: nil unless there are exactly 32 bytes.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        // Called for every id of a repository: a loop over a generic collection costs a hundred times the four loads.
        let loaded = bytes.withContiguousStorageIfAvailable { buffer in
            let raw = UnsafeRawBufferPointer(buffer)
            return unsafe (
                UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
                UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
            )
        }
        if let loaded {
            words = loaded
            return
        }
        var words: [UInt64] = [0, 0, 0, 0]
        for (index, byte) in bytes.enumerated() {
            words[index / 8] = words[index / 8] << 8 | UInt64(byte)
        }
        self.words = (words[0], words[1], words[2], words[3])
    }

    /// Lets `fill` write the 32 bytes to a place that is valid during the call only.
    init(fill: (UnsafeMutablePointer<UInt8>) -> Void) {
        let words = unsafe withUnsafeTemporaryAllocation(byteCount: Self.byteCount, alignment: 8) { buffer in
            unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0)
            if let start = buffer.baseAddress {
                unsafe fill(start.assumingMemoryBound(to: UInt8.self))
            }
            return unsafe (
                UInt64(bigEndian: buffer.load(fromByteOffset: 0, as: UInt64.self)),
                UInt64(bigEndian: buffer.load(fromByteOffset: 8, as: UInt64.self)),
                UInt64(bigEndian: buffer.load(fromByteOffset: 16, as: UInt64.self)),
                UInt64(bigEndian: buffer.load(fromByteOffset: 24, as: UInt64.self))
            )
        }
        self.words = words
    }

    /// - Returns: nil unless the text is exactly 64 lowercase hexadecimal digits.
    package init?(hex: some StringProtocol) { self.init(hexDigits: hex.utf8) }

    /// - Returns: nil unless the bytes are exactly 64 lowercase hexadecimal digits.
    package init?(hexDigits: some Collection<UInt8>) {
        var words: InlineArray<4, UInt64> = [0, 0, 0, 0]
        var count = 0
        for character in hexDigits {
            let digit: UInt8
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character - UInt8(ascii: "a") + 10
            default: return nil
            }
            guard count < 2 * Self.byteCount else { return nil }
            words[count / 16] = words[count / 16] << 4 | UInt64(digit)
            count += 1
        }
        guard count == 2 * Self.byteCount else { return nil }
        self.words = (words[0], words[1], words[2], words[3])
    }

    /// The 32 bytes, in their order.
    package var bytes: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(Self.byteCount)
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: 56, through: 0, by: -8) {
                result.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return result
    }

    /// 64 lowercase hexadecimal digits.
    package var hex: String {
        unsafe String(unsafeUninitializedCapacity: 2 * Self.byteCount) { digits in
            let words: InlineArray<4, UInt64> = [words.0, words.1, words.2, words.3]
            var place = 0
            for index in words.indices {
                let word = words[index]
                for shift in stride(from: UInt64(60), through: 0, by: -4) {
                    let digit = UInt8(truncatingIfNeeded: word >> shift) & 15
                    unsafe digits[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
                    place += 1
                }
            }
            return place
        }
    }

    /// Whether all bytes are equal. Not for secrets: the time it takes depends on them.
    package static func == (one: Digest, other: Digest) -> Bool { one.words == other.words }

    /// A digest is spread evenly already: one word is enough.
    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

extension Digest: Comparable {
    /// Order of the bytes.
    package static func < (one: Digest, other: Digest) -> Bool { one.words < other.words }
}

extension Digest: CustomStringConvertible {
    /// The same as `hex`.
    package var description: String { hex }
}

extension Digest: Codable {
    /// Reads 64 lowercase hexadecimal digits and nothing else.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let digest = Digest(hex: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "a digest is 64 lowercase hexadecimal digits")
        }
        self = digest
    }

    /// Writes 64 lowercase hexadecimal digits.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }
}
