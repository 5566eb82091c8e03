import DRJSON
import Testing

/// Anything, as it was written.
private enum Tree: Codable, Equatable {
    case null, boolean(Bool), integer(Int64), text(String), list([Tree]), object([String: Tree])

    init(from decoder: any Decoder) throws {
        let single = try decoder.singleValueContainer()
        if single.decodeNil() {
            self = .null
        } else if let value = try? single.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? single.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? single.decode(String.self) {
            self = .text(value)
        } else if let value = try? single.decode([Tree].self) {
            self = .list(value)
        } else {
            self = .object(try single.decode([String: Tree].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var single = encoder.singleValueContainer()
        switch self {
        case .null: try single.encodeNil()
        case .boolean(let value): try single.encode(value)
        case .integer(let value): try single.encode(value)
        case .text(let value): try single.encode(value)
        case .list(let value): try single.encode(value)
        case .object(let value): try single.encode(value)
        }
    }
}

@Suite struct ParserTests {
    private func decode(_ text: String) throws -> Tree { try CanonicalJSON.decode(Tree.self, from: Array(text.utf8)) }

    @Test(arguments: [
        "", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}",
        "{a:1}",
        "{\"a\" 1}", "{1:2}", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"", "\"\u{1}\"", "\"\n\"", "tru", "nul", "True", "nulll", "1 2", "01", "-", "-01", "+1", "1.", ".5",
        "1e",
        "1e+", "0x1", "NaN", "Infinity", "'a'", "[1]]", "{\"a\":1}}", "/* */1", "\u{feff}1",
    ]) func textsThatAreNoJSON(text: String) {
        #expect(throws: DecodingError.self) { try decode(text) }
    }

    @Test(arguments: [
        [0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0x22, 0x5c, 0x6e, 0xe2, 0x22],
    ])
    func bytesThatAreNoText(bytes: [UInt8]) {
        #expect(throws: DecodingError.self) { try CanonicalJSON.decode(Tree.self, from: bytes) }
    }

    @Test(arguments: [
        ("null", "null"), (" true ", "true"), ("\t[ ]\r\n", "[]"), ("{ }", "{}"), ("-0", "0"),
        ("[1, -2 ,9223372036854775807,-9223372036854775808]", "[1,-2,9223372036854775807,-9223372036854775808]"),
        ("{\"b\":1,\"a\":[{\"z\":null,\"y\":{}}]}", "{\"a\":[{\"y\":{},\"z\":null}],\"b\":1}"),
        ("\"\\u0041\\/\\n\\u00e9\\ud83d\\ude00\"", "\"A/\\né😀\""),
        ("\"\\u0000\\u001f\\b\\f\\r\\t\\\"\\\\\"", "\"\\u0000\\u001f\\b\\f\\r\\t\\\"\\\\\""),
        ("{\"a\":1,\"a\":2}", "{\"a\":1}"), ("{\"\\u0062\":1,\"a\":2}", "{\"a\":2,\"b\":1}"),
        ("\"\u{7f}\u{2028}\"", "\"\u{7f}\u{2028}\""),
    ]) func whatIsWrittenAnew(text: String, canonical: String) throws {
        #expect(String(decoding: try CanonicalJSON.encode(try decode(text)), as: UTF8.self) == canonical)
    }

    @Test(arguments: ["1.0", "1e2", "9223372036854775808", "-9223372036854775809"])
    func numbersThatAreNoInteger(text: String) {
        #expect(throws: DecodingError.self) { try CanonicalJSON.decode(Int64.self, from: Array(text.utf8)) }
    }

    @Test func integersKeepTheirBounds() throws {
        #expect(try CanonicalJSON.decode(UInt8.self, from: Array("255".utf8)) == 255)
        #expect(throws: DecodingError.self) { try CanonicalJSON.decode(UInt8.self, from: Array("256".utf8)) }
        #expect(throws: DecodingError.self) { try CanonicalJSON.decode(UInt8.self, from: Array("-1".utf8)) }
        #expect(try CanonicalJSON.decode(Int8.self, from: Array("-128".utf8)) == -128)
        #expect(try CanonicalJSON.decode(Double.self, from: Array("1.5e2".utf8)) == 150)
        #expect(throws: EncodingError.self) { try CanonicalJSON.encode(1.5) }
    }

    @Test func depthIsBounded() throws {
        let fits = String(repeating: "[", count: 512) + String(repeating: "]", count: 512)
        #expect(throws: Never.self) { try decode(fits) }
        let deep = String(repeating: "[", count: 513) + String(repeating: "]", count: 513)
        #expect(throws: DecodingError.self) { try decode(deep) }
        #expect(throws: DecodingError.self) { try decode(String(repeating: "[", count: 1_000_000)) }
    }
}
