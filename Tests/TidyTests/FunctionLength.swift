/// A body in braces with the declaration it belongs to.
struct FunctionBody: Equatable {
    var name: String
    var firstLine: Int
    var lineCount: Int
}

extension SwiftSource {
    /// Functions, initialisers, deinitialisers, subscripts and computed properties, from the line that declares
    /// each to its closing brace.
    var functions: [FunctionBody] {
        let characters = Array(code.joined(separator: "\n").utf8)
        var lineOf = [Int](repeating: 1, count: characters.count + 1)
        for index in characters.indices {
            lineOf[index + 1] = lineOf[index] + (characters[index] == UInt8(ascii: "\n") ? 1 : 0)
        }
        var bodies: [FunctionBody] = []
        var position = 0
        while position < characters.count {
            guard let word = Self.word(at: position, in: characters) else {
                position += 1
                continue
            }
            let end = position + word.utf8.count
            if let open = Self.bodyStart(of: word, at: position, end: end, in: characters) {
                let close = Self.matchingBrace(from: open, in: characters)
                let name = String(
                    decoding: characters[position..<open].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
                bodies.append(
                    FunctionBody(
                        name: name, firstLine: lineOf[position], lineCount: lineOf[close] - lineOf[position] + 1))
            }
            position = end
        }
        return bodies
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func word(at position: Int, in characters: [UInt8]) -> String? {
        guard isWordByte(characters[position]) else { return nil }
        return String(decoding: characters[position...].prefix(while: isWordByte), as: UTF8.self)
    }

    /// Where the opening brace of a declaration's body is; nil for a requirement without one and for other words.
    private static func bodyStart(of word: String, at position: Int, end: Int, in characters: [UInt8]) -> Int? {
        guard ["func", "init", "deinit", "subscript", "var"].contains(word) else { return nil }
        if position > 0, [UInt8(ascii: "."), UInt8(ascii: "`")].contains(characters[position - 1]) { return nil }
        let next = end < characters.count ? characters[end] : 0
        if word == "init" && ![UInt8(ascii: "("), UInt8(ascii: "?"), UInt8(ascii: "<")].contains(next) { return nil }
        let boundaries: Set<String> = [
            "func", "init", "deinit", "subscript", "var", "let", "case", "static", "package", "private", "fileprivate",
            "mutating", "associatedtype", "typealias", "struct", "enum", "extension", "protocol", "actor", "class",
        ]
        var depth = 0
        var index = end
        while index < characters.count {
            switch characters[index] {
            case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "{") where depth == 0: return index
            case UInt8(ascii: "}") where depth == 0: return nil
            // A stored property; its initial value is not a body.
            case UInt8(ascii: "=") where depth == 0 && word == "var": return nil
            case UInt8(ascii: "\n") where depth == 0:
                let rest = characters[(index + 1)...].drop { $0 == UInt8(ascii: " ") }
                if word == "var" { return nil }
                if let first = rest.first, first == UInt8(ascii: "@") || first == UInt8(ascii: "\n") { return nil }
                if let start = rest.indices.first, let next = self.word(at: start, in: characters),
                    boundaries.contains(next)
                {
                    return nil
                }
            default: break
            }
            if depth < 0 { return nil }
            index += 1
        }
        return nil
    }

    private static func matchingBrace(from open: Int, in characters: [UInt8]) -> Int {
        var depth = 0
        for index in open..<characters.count {
            if characters[index] == UInt8(ascii: "{") { depth += 1 }
            if characters[index] == UInt8(ascii: "}") {
                depth -= 1
                if depth == 0 { return index }
            }
        }
        return characters.count - 1
    }
}
