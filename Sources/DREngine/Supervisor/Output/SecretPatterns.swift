internal import FoundationEssentials

/// The byte strings under which a secret may show in a process's output: raw, base64 in its three alignments
/// (standard and URL alphabet), percent-encoded, hexadecimal, and as JSON, HTML and shells quote it, for the whole secret
/// and for each of its lines.
///
/// Not covered, because no finite list does: compressed, encrypted or otherwise transformed secrets, and encodings
/// that break lines inside it.
package struct SecretPatterns: Sendable, Equatable {
    /// Shorter secrets, and shorter forms of longer ones, would hide innocent output.
    package static let shortestBytes = 8

    /// Sorted, longest first, so that the longest match is found first; none is empty.
    package private(set) var patterns: [[UInt8]] = []

    package static let none = SecretPatterns()

    private init() {}

    /// - Parameter secrets: name to the secret's bytes.
    /// - Throws: `secretUnusable` for a secret under 8 bytes, by name.
    package init(_ secrets: [String: [UInt8]]) throws(EngineError) {
        var found: Set<[UInt8]> = []
        for (name, secret) in secrets.sorted(by: { $0.key < $1.key }) {
            guard secret.count >= Self.shortestBytes else {
                throw EngineError(
                    .secretUnusable,
                    "the secret “\(name)” has \(secret.count) bytes: under \(Self.shortestBytes) it cannot be masked "
                        + "in the output without hiding what is none",
                    hint: "use a longer secret")
            }
            for form in Self.forms(of: secret) where form.count >= Self.shortestBytes { found.insert(form) }
        }
        patterns = found.sorted { $0.count != $1.count ? $0.count > $1.count : $0.lexicographicallyPrecedes($1) }
    }

    /// Whether any form of a secret stands in these bytes.
    func occur(in bytes: [UInt8]) -> Bool {
        if patterns.isEmpty { return false }
        var mask = SecretMask(self)
        return mask.take(bytes) + mask.finish() != bytes
    }

    private static func forms(of secret: [UInt8]) -> [[UInt8]] {
        var pieces = [secret]
        let lines = secret.split(omittingEmptySubsequences: true) { $0 == 0x0A || $0 == 0x0D }.map { Array($0) }
        if lines != [secret] { pieces += lines }
        return pieces.flatMap { piece in
            [piece] + base64(piece) + [hexadecimal(piece, upper: false), hexadecimal(piece, upper: true)]
                + [percent(piece, upper: false), percent(piece, upper: true), percent(piece, upper: true, plus: true)]
                + quoted(String(decoding: piece, as: UTF8.self)).map { Array($0.utf8) }
        }
    }

    /// What base64 of any text that contains these bytes has to contain: the digits that these bytes alone decide.
    private static func base64(_ bytes: [UInt8]) -> [[UInt8]] {
        (0..<3).flatMap { offset in
            let encoded = Data([UInt8](repeating: 0, count: offset) + bytes).base64EncodedString().utf8
            let firstBit = offset * 8
            let lastBit = (offset + bytes.count) * 8
            // Digit k holds the bits 6k to 6k + 5.
            let digits = Array(encoded)[(firstBit + 5) / 6..<lastBit / 6]
            let url = digits.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: "-") : $0 }
                .map { $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0 }
            return [Array(digits), url]
        }
    }

    /// As JSON (with and without escapes for what is not ASCII), HTML and shells write a text inside quotes.
    private static func quoted(_ text: String) -> [String] {
        let escapes: [UnicodeScalar: String] = [
            "\"": "\\\"", "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t",
        ]
        let json = text.unicodeScalars.map { escapes[$0] ?? String($0) }.joined()
        let ascii = json.utf16.map { unit in
            if unit < 0x80 { return String(UnicodeScalar(UInt8(unit))) }
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
        let html = text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
        return [
            json, ascii, html.replacing("'", with: "&#x27;"), html.replacing("'", with: "&#39;"),
            text.replacing("'", with: "'\"'\"'"), text.replacing("'", with: "'\\''"),
        ]
    }

    private static func hexadecimal(_ bytes: [UInt8], upper: Bool) -> [UInt8] {
        bytes.flatMap { digits(of: $0, upper: upper) }
    }

    private static func percent(_ bytes: [UInt8], upper: Bool, plus: Bool = false) -> [UInt8] {
        bytes.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                [byte]
            case UInt8(ascii: " ") where plus: [UInt8(ascii: "+")]
            default: [UInt8(ascii: "%")] + digits(of: byte, upper: upper)
            }
        }
    }

    private static func digits(of byte: UInt8, upper: Bool) -> [UInt8] {
        let text = String(byte, radix: 16, uppercase: upper)
        return Array((text.count == 1 ? "0" + text : text).utf8)
    }
}
