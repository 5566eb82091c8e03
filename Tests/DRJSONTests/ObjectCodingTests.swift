import DRJSON
import FoundationEssentials
import Testing

@Suite struct ObjectCodingTests {
    /// Read and written by name.
    private struct Reading: Codable, Equatable {
        var name: String
        var value: Int64
        var rest: [String]?

        init(name: String, value: Int64, rest: [String]? = nil) {
            (self.name, self.value, self.rest) = (name, value, rest)
        }

        init(from decoder: any Decoder) throws {
            let object = try ObjectReader(decoder)
            self.init(
                name: try object.text("name"), value: try object.integer("value"),
                rest: try object.valueIfPresent("rest"))
        }

        func encode(to encoder: any Encoder) throws {
            var object = ObjectWriter(encoder)
            try object.write("value", integer: value)
            try object.write("name", text: name)
            if let rest { try object.write("rest", rest) }
        }
    }

    private enum Kind: Codable, Equatable {
        case none
        case some(Reading)

        init(from decoder: any Decoder) throws {
            let read = try OneKeyReader(decoder)
            switch read.name {
            case "none": self = .none
            case "some": self = .some(try read.payload())
            default: throw read.unknown
            }
        }

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .none: try encoder.writeOneKey("none", NoPayload())
            case .some(let reading): try encoder.writeOneKey("some", reading)
            }
        }
    }

    private static let kinds: [Kind] = [
        .none, .some(Reading(name: "a \"b\"", value: .min)), .some(Reading(name: "", value: 7, rest: ["x", "y"])),
    ]

    @Test func whatIsWrittenIsCanonicalAndReadAgain() throws {
        let bytes = try CanonicalJSON.encode(Self.kinds)
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == #"[{"none":{}},{"some":{"name":"a \"b\"","value":-9223372036854775808}},{"some":{"name":"","rest":["x","y"],"value":7}}]"#
        )
        #expect(try CanonicalJSON.decode([Kind].self, from: bytes) == Self.kinds)
    }

    @Test func otherCodersAreServedToo() throws {
        let data = try JSONEncoder().encode(Self.kinds)
        #expect(try JSONDecoder().decode([Kind].self, from: data) == Self.kinds)
        #expect(try CanonicalJSON.decode([Kind].self, from: Array(data)) == Self.kinds)
    }

    @Test(arguments: [
        #"[]"#, #"{}"#, #"{"none":{},"some":{}}"#, #"{"other":{}}"#, #"{"some":{"name":"a"}}"#,
        #"{"some":{"name":1,"value":1}}"#, #"{"some":{"name":"a","value":1.5}}"#, #"{"some":null}"#,
    ])
    func whatIsSomethingElseIsRefused(text: String) {
        #expect(throws: DecodingError.self) { try CanonicalJSON.decode(Kind.self, from: Array(text.utf8)) }
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(Kind.self, from: Data(text.utf8)) }
    }

    @Test func aMistakeIsToldWithItsPlace() throws {
        let error = try #require(throws: DecodingError.self) {
            try CanonicalJSON.decode([Kind].self, from: Array(#"[{"none":{}},{"some":{"name":"a"}}]"#.utf8))
        }
        guard case .keyNotFound(let key, let context) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(key.stringValue == "value")
        #expect(context.codingPath.map(\.stringValue) == ["1", "some"])
    }

    // MARK: in parts

    private struct Row: Codable, Equatable, Sendable {
        var number: Int
        var text: String
    }

    private struct Table: Codable, Equatable {
        @InParts var rows: [Row]
        var title: String
    }

    private struct Plain: Codable {
        var rows: [Row]
        var title: String
    }

    @Test(arguments: [0, 1, 255, 256, 511, 512, 513, 2000])
    func theBytesAreThoseOfAnyArray(count: Int) throws {
        let rows = (0..<count).map { Row(number: $0, text: "row \($0)") }
        let table = Table(rows: rows, title: "t")
        let bytes = try CanonicalJSON.encode(table)
        #expect(try bytes == CanonicalJSON.encode(Plain(rows: rows, title: "t")))
        #expect(try CanonicalJSON.decode(Table.self, from: bytes) == table)
        #expect(try JSONDecoder().decode(Table.self, from: JSONEncoder().encode(table)) == table)
    }

    @Test func aMistakeInAnyPartIsFound() throws {
        var text = #"{"rows":["# + (0..<1999).map { #"{"number":\#($0),"text":""}"# }.joined(separator: ",")
        text += #",{"number":1999}],"title":"t"}"#
        #expect(throws: DecodingError.self) { try CanonicalJSON.decode(Table.self, from: Array(text.utf8)) }
    }
}
