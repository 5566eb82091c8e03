/// A Swift text, and the same text with the contents of comments and string literals blanked, line by line.
///
/// Enough of a lexer to count lines of functions and to look for words; it knows nested comments, raw and
/// multi-line strings and code inside interpolations. It does not know regular-expression literals.
struct SwiftSource: Sendable {
    /// The lines as written.
    var lines: [Substring]
    /// The same lines; comments and the insides of strings are spaces.
    var code: [String]

    init(_ text: String) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last == "" { lines.removeLast() }
        var blanker = Blanker(bytes: Array(text.utf8))
        let blanked = String(decoding: blanker.run(), as: UTF8.self)
        code = blanked.split(separator: "\n", omittingEmptySubsequences: false).prefix(lines.count).map(String.init)
    }

    /// `import` lines with their module's name: `package import struct A.B` gives `A`.
    var imports: [(line: Int, module: String)] {
        code.enumerated().compactMap { index, line in
            var words = line.split(separator: " ").filter { !$0.hasPrefix("@") }
            if let first = words.first, ["package", "internal", "private", "fileprivate", "public"].contains(first) {
                words.removeFirst()
            }
            guard words.first == "import", words.count > 1 else { return nil }
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
            let path = words.count > 2 && kinds.contains(words[1]) ? words[2] : words[1]
            return (index + 1, path.split(separator: ".").first.map(String.init) ?? "")
        }
    }
}

/// Replaces what is not code by spaces and leaves line breaks where they are.
private struct Blanker {
    enum Mode: Equatable {
        /// Code, with the number of open parentheses when it stands in an interpolation.
        case code(openParentheses: Int?)
        case lineComment
        case blockComment(depth: Int)
        case string(hashes: Int, isMultiline: Bool)
    }

    var bytes: [UInt8]
    var position = 0
    var output: [UInt8] = []
    var modes: [Mode] = [.code(openParentheses: nil)]

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func run() -> [UInt8] {
        output.reserveCapacity(bytes.count)
        while position < bytes.count {
            switch modes[modes.count - 1] {
            case .code(let open): code(openParentheses: open)
            case .lineComment:
                if bytes[position] == UInt8(ascii: "\n") { modes.removeLast() }
                blank(1)
            case .blockComment(let depth): blockComment(depth)
            case .string(let hashes, let isMultiline): string(hashes: hashes, isMultiline: isMultiline)
            }
        }
        return output
    }

    private func matches(_ text: String, at offset: Int = 0) -> Bool {
        bytes[min(position + offset, bytes.count)...].starts(with: text.utf8)
    }

    private mutating func keep(_ count: Int) {
        output += bytes[position..<min(position + count, bytes.count)]
        position += count
    }

    private mutating func blank(_ count: Int) {
        for byte in bytes[position..<min(position + count, bytes.count)] {
            output.append(byte == UInt8(ascii: "\n") ? byte : UInt8(ascii: " "))
        }
        position += count
    }

    private mutating func code(openParentheses: Int?) {
        if matches("//") {
            modes.append(.lineComment)
            return blank(2)
        }
        if matches("/*") {
            modes.append(.blockComment(depth: 1))
            return blank(2)
        }
        let hashes = bytes[position...].prefix { $0 == UInt8(ascii: "#") }.count
        if matches("\"", at: hashes) {
            let isMultiline = matches("\"\"\"", at: hashes)
            modes.append(.string(hashes: hashes, isMultiline: isMultiline))
            return keep(hashes + (isMultiline ? 3 : 1))
        }
        if let open = openParentheses {
            let byte = bytes[position]
            if byte == UInt8(ascii: "(") { modes[modes.count - 1] = .code(openParentheses: open + 1) }
            if byte == UInt8(ascii: ")") {
                if open == 1 {
                    modes.removeLast()
                    return blank(1)
                }
                modes[modes.count - 1] = .code(openParentheses: open - 1)
            }
        }
        keep(max(1, hashes))
    }

    private mutating func blockComment(_ depth: Int) {
        if matches("/*") {
            modes[modes.count - 1] = .blockComment(depth: depth + 1)
            return blank(2)
        }
        guard matches("*/") else { return blank(1) }
        if depth == 1 { modes.removeLast() } else { modes[modes.count - 1] = .blockComment(depth: depth - 1) }
        blank(2)
    }

    private mutating func string(hashes: Int, isMultiline: Bool) {
        let marks = String(repeating: "#", count: hashes)
        let close = (isMultiline ? "\"\"\"" : "\"") + marks
        if matches(close) || (!isMultiline && matches("\n")) {
            modes.removeLast()
            return keep(matches("\n") ? 1 : close.utf8.count)
        }
        if matches("\\" + marks + "(") {
            modes.append(.code(openParentheses: 1))
            return blank(2 + hashes)
        }
        blank(matches("\\" + marks) ? 2 + hashes : 1)
    }
}
