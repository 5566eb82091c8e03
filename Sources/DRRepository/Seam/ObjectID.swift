package import DRCrypto

/// The name of an object inside a domain: a keyed digest (HMAC-SHA-256 under the domain's id key) over its kind and
/// content, so that equal content has an equal name and nobody without the key can tell which content a name means.
package struct ObjectID: Hashable, Sendable {
    /// The 32 bytes; `Digest` is used as the value type only, this is a MAC.
    package let value: Digest

    package static let byteCount = Digest.byteCount

    package init(_ value: Digest) { self.value = value }

    /// - Returns: nil unless there are exactly 32 bytes.
    package init?(_ bytes: some Collection<UInt8>) {
        guard let value = Digest(bytes) else { return nil }
        self.value = value
    }

    package var bytes: [UInt8] { value.bytes }
}

extension ObjectID: Comparable {
    package static func < (one: ObjectID, other: ObjectID) -> Bool { one.value < other.value }
}

extension ObjectID: CustomStringConvertible {
    /// 64 lowercase hexadecimal digits.
    package var description: String { value.hex }
}

extension ObjectID: Codable {
    package init(from decoder: any Decoder) throws { value = try Digest(from: decoder) }
    package func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}

/// A reference from one object to another. Links lie beside the object, under the list key, so that what a snapshot
/// reaches can be told without a key that reads content.
package struct ObjectLink: Hashable, Sendable {
    package let kind: ObjectKind
    package let id: ObjectID

    package init(_ kind: ObjectKind, _ id: ObjectID) {
        self.kind = kind
        self.id = id
    }
}
