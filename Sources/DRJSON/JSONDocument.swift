/// A text of JSON, checked, with the place of every value in it.
final class JSONDocument: Sendable {
    enum Kind: UInt8, Sendable { case null, yes, no, integer, fraction, text, escapedText, array, object }

    /// A value, or a member's key, in the order of the text.
    struct Token: Sendable {
        var kind: Kind
        /// Its bytes; of a text, without the quotes.
        var start: Int
        var end: Int
        /// The index of the token after it and all that it holds.
        var next: Int
        /// Of an array or an object: how many elements or members.
        var count: Int
    }

    static let deepest = 512

    let bytes: [UInt8]
    let tokens: [Token]

    /// - Throws: `DecodingError` for what is not JSON.
    init(_ bytes: [UInt8]) throws {
        var parser = JSONParser(bytes: bytes)
        try parser.parse()
        self.bytes = bytes
        tokens = parser.tokens
    }

    /// The text of a token; its escapes and its UTF-8 were checked when it was read.
    func text(_ token: Token) -> String {
        token.kind == .escapedText
            ? JSONText.unescaped(bytes[token.start..<token.end]) ?? ""
            : String(decoding: bytes[token.start..<token.end], as: UTF8.self)
    }

    func holds(_ token: Token, _ text: String) -> Bool {
        if token.kind == .escapedText { return self.text(token) == text }
        guard text.utf8.count == token.end - token.start else { return false }
        var index = token.start
        for byte in text.utf8 {
            if bytes[index] != byte { return false }
            index += 1
        }
        return true
    }

    /// The index of the value of a member; nil: there is none of that name.
    func member(_ name: String, of object: Int) -> Int? {
        var key = object + 1
        while key < tokens[object].next {
            if holds(tokens[key], name) { return key + 1 }
            key = tokens[key + 1].next
        }
        return nil
    }

    /// The names and numbers that lead to a value: it is asked for only when something is told of it.
    func path(to wanted: Int) -> [any CodingKey] {
        var path: [any CodingKey] = []
        var current = 0
        while current != wanted {
            let isObject = tokens[current].kind == .object
            var entry = current + 1
            var number = 0
            while true {
                let value = isObject ? entry + 1 : entry
                guard value < tokens.count else { return path }
                if wanted < tokens[value].next {
                    path.append(isObject ? Name(stringValue: text(tokens[entry])) : Name(intValue: number))
                    current = value
                    break
                }
                entry = tokens[value].next
                number += 1
            }
        }
        return path
    }

    struct Name: CodingKey {
        let stringValue: String
        let intValue: Int?

        init(stringValue: String) {
            self.stringValue = stringValue
            intValue = nil
        }

        init(intValue: Int) {
            stringValue = "\(intValue)"
            self.intValue = intValue
        }
    }
}
