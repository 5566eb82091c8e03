internal import DRCrypto
internal import FoundationEssentials
internal import Synchronization

/// A string of JSON that is a secret: digits or letters that need no escape. The JSON that the library encodes or decodes
/// never has it: there a number stands in for it.
struct SecretString: Codable, Sendable {
    let text: SecretBytes

    init(_ text: SecretBytes) { self.text = text }

    init(from decoder: any Decoder) throws {
        let standIn = try decoder.singleValueContainer().decode(String.self)
        guard let number = Int(standIn),
            let secrets = SecretJSON.key.flatMap({ decoder.userInfo[$0] }) as? [SecretBytes],
            secrets.indices.contains(number)
        else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "this is no secret as the format has it"))
        }
        text = secrets[number]
    }

    func encode(to encoder: any Encoder) throws {
        guard let secrets = SecretJSON.key.flatMap({ encoder.userInfo[$0] }) as? SecretJSON.Collected else {
            throw EncodingError.invalidValue(
                text.count, .init(codingPath: encoder.codingPath, debugDescription: "only SecretJSON writes secrets"))
        }
        var container = encoder.singleValueContainer()
        try container.encode(String(secrets.add(text)))
    }
}

/// JSON with secrets in it, whole only in memory that is kept for secrets.
enum SecretJSON {
    /// - Parameter fields: the names of the strings that are secrets.
    static func encode(_ value: some Encodable, secrets fields: [String]) throws(RepositoryError) -> SecretText {
        let collected = Collected()
        let clear = try JSON.encode(value, userInfo: key, collected)
        let secrets = collected.all
        var text = SecretText()
        var start = 0
        for range in values(of: fields, in: clear.span) {
            guard let number = Int(String(decoding: clear[range], as: UTF8.self)), secrets.indices.contains(number)
            else {
                throw RepositoryError(.internalFault, "a secret is not where it was written")
            }
            text.append(clear[start..<range.lowerBound])
            text.append(secret: secrets[number])
            start = range.upperBound
        }
        text.append(clear[start...])
        return text
    }

    /// - Parameters:
    ///   - fields: the names of the strings that are secrets.
    ///   - name: what errors call it.
    static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: SecretBytes, secrets fields: [String], name: String
    ) throws(RepositoryError) -> Value {
        var secrets: [SecretBytes] = []
        var clear: [UInt8] = []
        var start = 0
        for range in bytes.withBytes({ values(of: fields, in: $0) }) {
            clear += bytes.withBytes { $0.extracting(start..<range.lowerBound).copied() }
            clear += Array(String(secrets.count).utf8)
            secrets.append(try bytes.within(range))
            start = range.upperBound
        }
        clear += bytes.withBytes { $0.extracting(start..<$0.count).copied() }
        return try JSON.decode(type, from: clear, name: name, userInfo: key, secrets)
    }

    static let key = CodingUserInfoKey(rawValue: "drctl.secrets")

    /// The secrets of a value, in the order in which the encoder met them.
    final class Collected: Sendable {
        private let texts = Mutex<[SecretBytes]>([])

        var all: [SecretBytes] { texts.withLock { $0 } }

        func add(_ text: SecretBytes) -> Int {
            texts.withLock { texts in
                texts.append(text)
                return texts.count - 1
            }
        }
    }

    /// Where the values of these fields are, between their quotes. A string of JSON cannot hold `"name":"`: its quotes
    /// would be escaped.
    private static func values(of fields: [String], in json: Span<UInt8>) -> [Range<Int>] {
        let names = fields.map { Array("\"\($0)\"".utf8) }
        let quote = UInt8(ascii: "\"")
        var ranges: [Range<Int>] = []
        var place = 0
        func skipSpace() {
            while place < json.count, json[place] <= UInt8(ascii: " ") { place += 1 }
        }
        func skip(_ byte: UInt8) -> Bool {
            guard place < json.count, json[place] == byte else { return false }
            place += 1
            return true
        }
        while place < json.count {
            let name = names.first { name in
                place + name.count <= json.count && name.indices.allSatisfy { json[place + $0] == name[$0] }
            }
            guard let name else {
                place += 1
                continue
            }
            place += name.count
            skipSpace()
            guard skip(UInt8(ascii: ":")) else { continue }
            skipSpace()
            guard skip(quote) else { continue }
            let start = place
            while place < json.count, json[place] != quote { place += 1 }
            ranges.append(start..<place)
        }
        return ranges
    }
}
