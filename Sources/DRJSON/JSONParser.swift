/// Reads JSON as RFC 8259 has it.
struct JSONParser {
    private let bytes: [UInt8]
    private var position = 0
    private(set) var tokens: [JSONDocument.Token] = []

    init(bytes: [UInt8]) {
        self.bytes = bytes
        tokens.reserveCapacity(bytes.count / 8)
    }

    mutating func parse() throws {
        guard bytes.count <= JSONDocument.longest else { throw wrong("it is longer than 4 GiB") }
        skipSpace()
        try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw wrong("there is something behind the value") }
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func wrong(_ what: String) -> DecodingError {
        .dataCorrupted(.init(codingPath: [], debugDescription: "not JSON: \(what), at byte \(position)"))
    }

    private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    private mutating func add(_ kind: JSONDocument.Kind, from start: Int, to end: Int) {
        tokens.append(.init(kind, start: start, end: end, next: tokens.count + 1))
    }

    private mutating func value(depth: Int) throws {
        let start = position
        switch current {
        case UInt8(ascii: "{"): try object(depth: depth)
        case UInt8(ascii: "["): try array(depth: depth)
        case UInt8(ascii: "\""): try text()
        case UInt8(ascii: "t"):
            try word("true")
            add(.yes, from: start, to: position)
        case UInt8(ascii: "f"):
            try word("false")
            add(.no, from: start, to: position)
        case UInt8(ascii: "n"):
            try word("null")
            add(.null, from: start, to: position)
        case UInt8(ascii: "-"): try number()
        case let byte? where isDigit(byte): try number()
        case nil: throw wrong("the end comes too early")
        default: throw wrong("no value begins like this")
        }
    }

    private mutating func word(_ word: StaticString) throws {
        for byte in word.description.utf8 {
            guard current == byte else { throw wrong("no value begins like this") }
            position += 1
        }
    }

    private mutating func object(depth: Int) throws {
        let token = try open(.object, depth: depth)
        skipSpace()
        var count = 0
        if current == UInt8(ascii: "}") { return close(token, count) }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw wrong("a member's name is missing") }
            try text()
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw wrong("a colon is missing") }
            position += 1
            skipSpace()
            try value(depth: depth + 1)
            count += 1
            skipSpace()
            if current == UInt8(ascii: "}") { return close(token, count) }
            guard current == UInt8(ascii: ",") else { throw wrong("a comma or a brace is missing") }
            position += 1
        }
    }

    private mutating func array(depth: Int) throws {
        let token = try open(.array, depth: depth)
        skipSpace()
        var count = 0
        if current == UInt8(ascii: "]") { return close(token, count) }
        while true {
            skipSpace()
            try value(depth: depth + 1)
            count += 1
            skipSpace()
            if current == UInt8(ascii: "]") { return close(token, count) }
            guard current == UInt8(ascii: ",") else { throw wrong("a comma or a bracket is missing") }
            position += 1
        }
    }

    private mutating func open(_ kind: JSONDocument.Kind, depth: Int) throws -> Int {
        guard depth < JSONDocument.deepest else { throw wrong("nested too deep") }
        add(kind, from: position, to: position)
        position += 1
        return tokens.count - 1
    }

    private mutating func close(_ token: Int, _ count: Int) {
        position += 1
        tokens[token].close(end: position, next: tokens.count, count: count)
    }

    private mutating func text() throws {
        position += 1
        let start = position
        var isPlain = true
        var isASCII = true
        while true {
            guard let byte = current else { throw wrong("a text does not end") }
            if byte == UInt8(ascii: "\"") { break }
            guard byte >= 0x20 else { throw wrong("a control character stands in a text") }
            if byte == UInt8(ascii: "\\") {
                isPlain = false
                // Whatever is escaped is no closing quote.
                position += 1
                guard position < bytes.count else { throw wrong("a text does not end") }
            } else if byte >= 0x80 {
                isASCII = false
            }
            position += 1
        }
        let range = bytes[start..<position]
        if !isPlain {
            guard JSONText.unescaped(range) != nil else { throw wrong("a text has an escape that is none") }
        } else if !isASCII {
            guard String(validating: range, as: UTF8.self) != nil else { throw wrong("a text is not UTF-8") }
        }
        add(isPlain ? .text : .escapedText, from: start, to: position)
        position += 1
    }

    private mutating func number() throws {
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        if current == UInt8(ascii: "0") { position += 1 } else { try digits() }
        var kind = JSONDocument.Kind.integer
        if current == UInt8(ascii: ".") {
            kind = .fraction
            position += 1
            try digits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            kind = .fraction
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        add(kind, from: start, to: position)
    }

    private mutating func digits() throws {
        let start = position
        while let byte = current, isDigit(byte) { position += 1 }
        guard position > start else { throw wrong("a digit is missing") }
    }
}

/// The escapes of a text.
enum JSONText {
    /// nil where an escape is none, a surrogate stands alone, or the rest is not UTF-8.
    static func unescaped(_ bytes: ArraySlice<UInt8>) -> String? {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var rest = bytes
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "\""): result.append(0x22)
            case UInt8(ascii: "\\"): result.append(0x5c)
            case UInt8(ascii: "/"): result.append(0x2f)
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0c)
            case UInt8(ascii: "n"): result.append(0x0a)
            case UInt8(ascii: "r"): result.append(0x0d)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"):
                guard let scalar = scalar(&rest) else { return nil }
                result += Array(String(Character(scalar)).utf8)
            default: return nil
            }
        }
        return String(validating: result, as: UTF8.self)
    }

    private static func scalar(_ rest: inout ArraySlice<UInt8>) -> Unicode.Scalar? {
        guard let first = unit(&rest) else { return nil }
        guard UTF16.isLeadSurrogate(first) else { return Unicode.Scalar(first) }
        guard rest.popFirst() == UInt8(ascii: "\\"), rest.popFirst() == UInt8(ascii: "u"), let second = unit(&rest),
            UTF16.isTrailSurrogate(second)
        else { return nil }
        return Unicode.Scalar(0x10000 + (UInt32(first & 0x3ff) << 10 | UInt32(second & 0x3ff)))
    }

    private static func unit(_ rest: inout ArraySlice<UInt8>) -> UInt16? {
        guard rest.count >= 4 else { return nil }
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = rest.popFirst() else { return nil }
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x41...0x46: digit = byte - 0x41 + 10
            case 0x61...0x66: digit = byte - 0x61 + 10
            default: return nil
            }
            value = value << 4 | UInt16(digit)
        }
        return value
    }
}
