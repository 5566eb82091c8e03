import DRJSON
import FoundationEssentials
import Testing

/// Every way in which a type asks a coder, held against Foundation's coders.
private struct Everything: Codable, Equatable {
    enum Colour: String, Codable { case red, green }
    enum Shape: Codable, Equatable { case dot, line(length: Int), text(String) }
    struct Inner: Codable, Equatable {
        var name: String
        var values: [Int]?
    }

    var zeta: Int64
    var alpha: String
    var absent: String?
    var present: UInt8?
    var flag: Bool
    var colour: Colour
    var shapes: [Shape]
    var inner: Inner
    var list: [Inner]
    var nested: [[String]]
    var table: [String: Inner]
    var wide: [String: Int]
    var numbers: [Int32: String]
    var optionals: [Int?]
    var single: Set<Int>

    static func random(_ generator: inout some RandomNumberGenerator) -> Everything {
        func text() -> String {
            let scalars: [Unicode.Scalar] = [
                "a", "\"", "\\", "/", "\n", "\u{0}", "\u{1f}", "é", "😀", "\u{2028}", "z", "<",
            ]
            var text = ""
            for _ in 0..<Int.random(in: 0...9, using: &generator) {
                text.unicodeScalars.append(scalars.randomElement(using: &generator) ?? "a")
            }
            return text
        }
        func inner() -> Inner {
            Inner(
                name: text(),
                values: Bool.random(using: &generator)
                    ? nil
                    : (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                        Int.random(in: -9...99, using: &generator)
                    })
        }
        func some<Value>(_ make: () -> Value) -> [Value] {
            (0..<Int.random(in: 0...4, using: &generator)).map { _ in make() }
        }
        return Everything(
            zeta: .random(in: .min ... .max, using: &generator), alpha: text(),
            absent: Bool.random(using: &generator) ? text() : nil,
            present: Bool.random(using: &generator) ? .random(in: 0...255, using: &generator) : nil,
            flag: .random(using: &generator), colour: Bool.random(using: &generator) ? .red : .green,
            shapes: some { [.dot, .line(length: 3), .text(text())].randomElement(using: &generator) ?? .dot },
            inner: inner(),
            list: some(inner), nested: some { some(text) },
            table: Dictionary(some { (text(), inner()) }) { first, _ in first },
            wide: Dictionary((0..<Int.random(in: 0...40, using: &generator)).map { ("key\($0)", $0) }) { first, _ in
                first
            },
            numbers: Dictionary(some { (Int32.random(in: 0...9, using: &generator), text()) }) { first, _ in first },
            optionals: some { Bool.random(using: &generator) ? 7 : nil },
            single: [Int.random(in: 0...9, using: &generator)])
    }
}

/// The same, asked for through nested containers and super coders.
private struct ByHand: Codable, Equatable {
    var a: Int
    var b: [Int]
    var c: String

    enum Key: String, CodingKey { case zz, list, sub, below }

    init(a: Int, b: [Int], c: String) { (self.a, self.b, self.c) = (a, b, c) }

    init(from decoder: any Decoder) throws {
        let outer = try decoder.container(keyedBy: Key.self)
        a = try outer.nestedContainer(keyedBy: Key.self, forKey: .sub).decode(Int.self, forKey: .zz)
        var list = try outer.nestedUnkeyedContainer(forKey: .list)
        b = []
        while !list.isAtEnd { b.append(try list.decode(Int.self)) }
        c = try outer.superDecoder(forKey: .below).singleValueContainer().decode(String.self)
    }

    func encode(to encoder: any Encoder) throws {
        var outer = encoder.container(keyedBy: Key.self)
        var list = outer.nestedUnkeyedContainer(forKey: .list)
        var sub = outer.nestedContainer(keyedBy: Key.self, forKey: .sub)
        // In turns, while both are open.
        try b.first.map { try list.encode($0) }
        try sub.encode(a, forKey: .zz)
        for value in b.dropFirst() { try list.encode(value) }
        var below = outer.superEncoder(forKey: .below).singleValueContainer()
        try below.encode(c)
    }
}

@Suite struct CodableTests {
    private func foundation(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    @Test func bytesAreFoundationsAndAreReadBack() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let value = Everything.random(&generator)
            let bytes = try CanonicalJSON.encode(value)
            #expect(String(decoding: bytes, as: UTF8.self) == String(decoding: try foundation(value), as: UTF8.self))
            #expect(try CanonicalJSON.decode(Everything.self, from: bytes) == value)
        }
    }

    @Test func containersThatAreOpenTogether() throws {
        let value = ByHand(a: 1, b: [3, 4, 5], c: "x")
        let bytes = try CanonicalJSON.encode(value)
        #expect(String(decoding: bytes, as: UTF8.self) == "{\"below\":\"x\",\"list\":[3,4,5],\"sub\":{\"zz\":1}}")
        #expect(try CanonicalJSON.decode(ByHand.self, from: bytes) == value)
    }

    @Test(arguments: [
        ("{\"name\":1}", "name", "a number stands where a text should be"),
        ("{\"values\":[]}", "", "there is no `name`"),
        ("{\"name\":\"a\",\"values\":[1,null]}", "values.1", "null stands where a whole number should be"),
        ("{\"name\":\"a\",\"values\":{}}", "values", "an object stands where an array should be"),
        ("[]", "", "an array stands where an object should be"),
    ]) func errorsSayWhere(text: String, path: String, words: String) throws {
        let error = #expect(throws: DecodingError.self) {
            try CanonicalJSON.decode(Everything.Inner.self, from: Array(text.utf8))
        }
        let context: DecodingError.Context? =
            switch error {
            case .keyNotFound(_, let context), .typeMismatch(_, let context), .valueNotFound(_, let context),
                .dataCorrupted(let context):
                context
            default: nil
            }
        #expect(context?.codingPath.map(\.stringValue).joined(separator: ".") == path)
        #expect(context?.debugDescription == words)
    }
}
