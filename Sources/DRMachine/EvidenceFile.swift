package import DRCrypto

/// A file that shows what a person says, as it was when they said it.
package struct EvidenceFile: Codable, Sendable, Equatable {
    /// Larger ones are refused; and no more than `maximumCount` belong to one request.
    package static let byteLimit = 64 << 20
    package static let maximumCount = 16

    /// Its own name, without a folder: letters, digits, `.`, `_` and `-`.
    package var name: String
    package var sha256: Digest
    package var sizeBytes: Int64

    /// The file with this content; a name is made plain.
    package init(name: String, bytes: [UInt8]) {
        self.name = Self.plain(name)
        sha256 = Digest.of(bytes)
        sizeBytes = Int64(bytes.count)
    }

    /// Whether its name is a plain one, so that it leads nowhere.
    package var isPlain: Bool { name == Self.plain(name) }

    /// Where the run's directory keeps it.
    package func path(request: String, index: Int) -> String { "evidence/\(request)-\(index)-\(name)" }

    private static func plain(_ name: String) -> String {
        let kept = name.unicodeScalars.suffix(100).map { scalar -> Character in
            let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
            return isPlain || "._-".unicodeScalars.contains(scalar) ? Character(scalar) : "_"
        }
        return kept.isEmpty ? "_" : String(kept)
    }
}
