package import DRCrypto

/// Who signs: the SHA-256 of an Ed25519 public key. One a host.
package struct SignerID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let digest: Digest

    package init(_ digest: Digest) { self.digest = digest }
    /// The name that follows from the key.
    package init(of key: Ed25519.PublicKey) { digest = Digest.of(key.bytes) }

    /// 64 lowercase hexadecimal digits.
    package var description: String { digest.hex }

    package static func < (one: SignerID, other: SignerID) -> Bool { one.digest < other.digest }
}

extension SignerID: Codable {
    package init(from decoder: any Decoder) throws { digest = try Digest(from: decoder) }
    package func encode(to encoder: any Encoder) throws { try digest.encode(to: encoder) }
}

/// One backup run: 16 random bytes.
package struct RunID: Hashable, Sendable, CustomStringConvertible {
    package static let byteCount = 16

    package let bytes: [UInt8]

    /// - Returns: nil unless there are exactly 16 bytes.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// A new one.
    package init() throws(RepositoryError) { bytes = try randomBytes(Self.byteCount) }

    /// - Returns: nil unless the text is 32 lowercase hexadecimal digits.
    package init?(hex: String) {
        guard let bytes = Hexadecimal.bytes(hex) else { return nil }
        self.init(bytes)
    }

    /// 32 lowercase hexadecimal digits.
    package var description: String { Hexadecimal.text(bytes) }
}

extension RunID: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = RunID(hex: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "a run id is 32 lowercase hexadecimal digits")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Random bytes for salts and names.
func randomBytes(_ count: Int) throws(RepositoryError) -> [UInt8] {
    do throws(CryptoError) {
        return try SecureRandom.bytes(count)
    } catch {
        throw RepositoryError(.internalFault, "the system gave no randomness: \(error.message)", cause: error)
    }
}

/// Bytes as text, two digits each.
enum Hexadecimal {
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: bytes.flatMap { [digit($0 >> 4), digit($0 & 15)] }, as: UTF8.self)
    }

    /// - Returns: nil unless the text has lowercase hexadecimal digits only, in pairs.
    static func bytes(_ text: String) -> [UInt8]? {
        let values = text.utf8.compactMap(value)
        guard values.count == text.utf8.count, values.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }

    /// The digit for 0 to 15.
    static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// What a lowercase digit stands for; nil for other letters.
    static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
