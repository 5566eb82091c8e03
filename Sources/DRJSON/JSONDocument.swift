/// A text of JSON, checked, with the place of every value in it.
@usableFromInline final class JSONDocument: Sendable {
    enum Kind: UInt8, Sendable { case null, yes, no, integer, fraction, text, escapedText, array, object }

    /// A value, or a member's key, in the order of the text.
    struct Token: Sendable {
        let kind: Kind
        // Half the size of Int: a plan of many steps has millions of tokens.
        private var first: UInt32
        private var last: UInt32
        private var following: UInt32
        private var held: UInt32 = 0

        init(_ kind: Kind, start: Int, end: Int, next: Int) {
            self.kind = kind
            (first, last, following) = (UInt32(start), UInt32(end), UInt32(next))
        }

        /// Its bytes; of a text, without the quotes.
        var start: Int { Int(first) }
        var end: Int { Int(last) }
        /// The index of the token after it and all that it holds.
        var next: Int { Int(following) }
        /// Of an array or an object: how many elements or members.
        var count: Int { Int(held) }

        mutating func close(end: Int, next: Int, count: Int) {
            (last, following, held) = (UInt32(end), UInt32(next), UInt32(count))
        }
    }

    static let deepest = 512
    /// What a token's places can say.
    static let longest = Int(UInt32.max)

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

    /// The index of the value of a member; nil: there is none of that name.
    func member(_ name: String, of object: Int) -> Int? {
        let wanted = name.utf8.span
        let end = tokens[object].next
        var key = object + 1
        while key < end {
            if holds(tokens[key], name, wanted) { return key + 1 }
            key = tokens[key + 1].next
        }
        return nil
    }

    private func holds(_ token: Token, _ name: String, _ wanted: Span<UInt8>) -> Bool {
        guard token.kind == .text else { return text(token) == name }
        guard token.end - token.start == wanted.count else { return false }
        for index in wanted.indices where bytes[token.start + index] != wanted[index] { return false }
        return true
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
