/// The header of an age v1 file (C2SP age.md): who can open it, in text that ends with a MAC.
///
///     age-encryption.org/v1
///     -> TYPE ARGUMENT…
///     BODY in base64, lines of 64 columns, the last one shorter
///     --- MAC
///
/// Read strictly, so that a header has one form only: LF ends lines, one space separates, base64 is canonical and without
/// padding, the last line of a body is shorter than 64 columns even if it is empty.
struct AgeHeader {
    struct Stanza {
        let type: String
        let arguments: [String]
        let body: [UInt8]
    }

    static let versionLine = "age-encryption.org/v1"
    static let macByteCount = 32
    private static let columnCount = 64

    let stanzas: [Stanza]
    /// As it stands in the file; not verified here.
    let mac: [UInt8]
    /// What the MAC is over: the header's bytes up to and with `---`.
    let authenticated: [UInt8]
    /// How many bytes the whole header has, the line feed behind the MAC included.
    let byteCount: Int

    /// The bytes that the MAC is to be over, for stanzas to be written.
    static func authenticatedBytes(of stanzas: [Stanza]) -> [UInt8] {
        var text = versionLine + "\n"
        for stanza in stanzas {
            text += (["->", stanza.type] + stanza.arguments).joined(separator: " ") + "\n"
            let body = Array(Base64.encode(stanza.body, padding: .forbidden).utf8)
            // A body that fills its last line is closed by an empty one.
            for start in stride(from: 0, through: body.count, by: columnCount) {
                let line = body[start..<min(start + columnCount, body.count)]
                text += String(decoding: line, as: UTF8.self) + "\n"
            }
        }
        return Array((text + "---").utf8)
    }

    /// The whole header.
    static func bytes(authenticated: [UInt8], mac: [UInt8]) -> [UInt8] {
        authenticated + Array((" " + Base64.encode(mac, padding: .forbidden) + "\n").utf8)
    }
}

extension AgeHeader {
    /// - Throws: `unsupported` for another version of age; `malformed` with the number of the line that breaks a rule;
    ///   `overLimit`.
    init(parsing file: [UInt8], limits: AgeLimits) throws(CryptoError) {
        var lines = Lines(bytes: file, limit: limits.headerByteCount)
        let version = try lines.next()
        guard version.elementsEqual(Self.versionLine.utf8) else {
            let prefix = "age-encryption.org/v"
            let isNumber = version.dropFirst(prefix.utf8.count).allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
            if version.starts(with: prefix.utf8), isNumber {
                throw CryptoError(.unsupported, "the file is of a version of age that is not supported; this reads v1")
            }
            throw CryptoError(.malformed, "this is not an age file: its first line is not \(Self.versionLine)")
        }
        var stanzas: [Stanza] = []
        while true {
            let start = lines.position
            let line = try lines.next()
            if line.starts(with: "---".utf8) {
                mac = try Self.parseMAC(line, at: lines.number)
                authenticated = Array(file[..<(start + 3)])
                break
            }
            guard stanzas.count < limits.stanzaCount else {
                throw CryptoError(.overLimit, "the age header has more than \(limits.stanzaCount) recipients")
            }
            stanzas.append(try Self.parseStanza(line, &lines))
        }
        guard !stanzas.isEmpty else { throw CryptoError(.malformed, "the age header names no recipient") }
        self.stanzas = stanzas
        byteCount = lines.position
    }

    private static func parseMAC(_ line: ArraySlice<UInt8>, at number: Int) throws(CryptoError) -> [UInt8] {
        guard line.starts(with: "--- ".utf8), let mac = Base64.decode(line.dropFirst(4), padding: .forbidden),
            mac.count == macByteCount
        else {
            throw malformed("the header's last line is not --- and a MAC of 32 bytes", at: number)
        }
        return mac
    }

    private static func parseStanza(_ line: ArraySlice<UInt8>, _ lines: inout Lines) throws(CryptoError) -> Stanza {
        guard line.starts(with: "-> ".utf8) else {
            throw malformed("a recipient starts with ->, a space and its type", at: lines.number)
        }
        let words = line.dropFirst(3).split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        for word in words {
            guard !word.isEmpty, word.allSatisfy({ (33...126).contains($0) }) else {
                throw malformed("a recipient's words are visible ASCII, one space between them", at: lines.number)
            }
        }
        let texts = words.map { String(decoding: $0, as: UTF8.self) }
        var body: [UInt8] = []
        while true {
            let line = try lines.next()
            guard line.count <= columnCount, let bytes = Base64.decode(line, padding: .forbidden) else {
                throw malformed(
                    "a recipient's body is canonical base64 in lines of at most 64 columns", at: lines.number)
            }
            body += bytes
            if line.count < columnCount { break }
        }
        return Stanza(type: texts[0], arguments: Array(texts.dropFirst()), body: body)
    }

    private static func malformed(_ rule: String, at number: Int) -> CryptoError {
        CryptoError(.malformed, "the age header is malformed at line \(number): \(rule)")
    }

    /// The lines of the header, each ended by LF.
    private struct Lines {
        let bytes: [UInt8]
        let limit: Int
        var position = 0
        var number = 0

        mutating func next() throws(CryptoError) -> ArraySlice<UInt8> {
            number += 1
            let rest = bytes[position..<min(bytes.count, limit)]
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
                if bytes.count > limit {
                    throw CryptoError(.overLimit, "the age header does not end within \(limit) bytes")
                }
                throw malformed("the file ends within its header", at: number)
            }
            position = end + 1
            return rest[..<end]
        }
    }
}
