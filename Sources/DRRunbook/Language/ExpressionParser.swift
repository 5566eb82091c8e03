/// Reads expressions: tokens first, then precedence climbing.
struct ExpressionParser {
    private enum Token: Equatable {
        case literal(Value)
        case name(String)
        case symbol(String)
        case end
    }

    private struct PlacedToken {
        var token: Token
        var offset: Int
    }

    /// What one expression may be long; and how deep parentheses and `!` may nest.
    static let maximumLength = 4096
    static let maximumDepth = 64

    private let source: String
    private var tokens: [PlacedToken] = []
    private var next = 0
    private var depth = 0

    init(_ source: String) throws(ExpressionError) {
        self.source = source
        guard source.unicodeScalars.count <= Self.maximumLength else {
            throw ExpressionError(
                source: String(source.prefix(40)) + "…",
                message: "is longer than \(Self.maximumLength) characters", offset: 0)
        }
        tokens = try Self.tokens(of: source)
    }

    mutating func parseWhole() throws(ExpressionError) -> ExpressionSyntax {
        guard tokens.first?.token != .end else { throw error("is empty", at: 0) }
        let syntax = try parseBinary(minimum: 1)
        if current.token != .end { throw error("has \(shown(current.token)) where it should end", at: current.offset) }
        return syntax
    }

    // MARK: Precedence climbing

    private var current: PlacedToken { tokens[next] }

    private mutating func parseBinary(minimum: Int) throws(ExpressionError) -> ExpressionSyntax {
        var left = try parseOperand()
        while case .symbol(let text) = current.token, let symbol = ExpressionOperator(rawValue: text),
            symbol.precedence >= minimum
        {
            next += 1
            // `??` groups to the right, everything else to the left.
            let right = try parseBinary(minimum: symbol == .otherwise ? symbol.precedence : symbol.precedence + 1)
            left = .binary(symbol, left, right)
            if symbol.isComparison, case .symbol(let following) = current.token,
                let another = ExpressionOperator(rawValue: following), another.precedence == symbol.precedence
            {
                throw error("chains comparisons; join them with &&", at: current.offset)
            }
        }
        return left
    }

    private mutating func parseOperand() throws(ExpressionError) -> ExpressionSyntax {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw error("nests too deeply", at: current.offset) }
        let start = current
        next += 1
        switch start.token {
        case .literal(let value): return .literal(value)
        case .name(let name):
            guard current.token == .symbol("(") else { return .name(name) }
            return try parseCall(name, at: start.offset)
        case .symbol("!"): return .not(try parseOperand())
        case .symbol("("):
            let inner = try parseBinary(minimum: 1)
            try expect(")")
            return inner
        default:
            throw error("has \(shown(start.token)) where a value should be", at: start.offset)
        }
    }

    private mutating func parseCall(_ name: String, at offset: Int) throws(ExpressionError) -> ExpressionSyntax {
        guard let function = ExpressionFunction(rawValue: name) else {
            let all = ExpressionFunction.allCases.map(\.rawValue)
            throw error("calls \(name), which is no function; there are \(all.joined(separator: ", "))", at: offset)
        }
        try expect("(")
        var arguments: [ExpressionSyntax] = []
        if current.token != .symbol(")") {
            arguments.append(try parseBinary(minimum: 1))
            while current.token == .symbol(",") {
                next += 1
                arguments.append(try parseBinary(minimum: 1))
            }
        }
        try expect(")")
        guard arguments.count == function.parameterCount else {
            throw error(
                "gives \(name) \(arguments.count) values; it takes \(function.parameterCount)", at: offset)
        }
        return .call(function, arguments)
    }

    private mutating func expect(_ symbol: String) throws(ExpressionError) {
        guard current.token == .symbol(symbol) else {
            throw error("has \(shown(current.token)) where \(symbol) should be", at: current.offset)
        }
        next += 1
    }

    private func error(_ message: String, at offset: Int) -> ExpressionError {
        ExpressionError(source: source, message: message, offset: offset)
    }

    private func shown(_ token: Token) -> String {
        switch token {
        case .literal(let value): value.text ?? "null"
        case .name(let name): name
        case .symbol(let symbol): symbol
        case .end: "its end"
        }
    }

    // MARK: Tokens

    private static let symbols = ["==", "!=", "<=", ">=", "&&", "||", "??", "<", ">", "!", "(", ")", ","]

    private static func tokens(of source: String) throws(ExpressionError) -> [PlacedToken] {
        let scalars = Array(source.unicodeScalars)
        var tokens: [PlacedToken] = []
        var index = 0
        while index < scalars.count {
            let scalar = scalars[index]
            if scalar.properties.isWhitespace {
                index += 1
            } else if scalar == "'" || scalar == "\"" {
                let (text, end) = try quoted(scalars, from: index, source: source)
                tokens.append(PlacedToken(token: .literal(.string(text)), offset: index))
                index = end
            } else if isWord(scalar) || (scalar == "-" && index + 1 < scalars.count && isDigit(scalars[index + 1])) {
                var end = index + 1
                while end < scalars.count, isWord(scalars[end]) || scalars[end] == "-" || scalars[end] == "/" {
                    end += 1
                    // `orders[eu-1]/restore`: an instance's key holds what no other part of a name does.
                    if end < scalars.count, scalars[end] == "[", let close = scalars[end...].firstIndex(of: "]") {
                        end = close + 1
                    }
                }
                let word = String(String.UnicodeScalarView(scalars[index..<end]))
                tokens.append(PlacedToken(token: try token(of: word, source: source, offset: index), offset: index))
                index = end
            } else if let symbol = symbols.first(where: { scalars[index...].starts(with: $0.unicodeScalars) }) {
                tokens.append(PlacedToken(token: .symbol(symbol), offset: index))
                index += symbol.unicodeScalars.count
            } else {
                throw ExpressionError(source: source, message: "has a \(scalar) that means nothing", offset: index)
            }
        }
        tokens.append(PlacedToken(token: .end, offset: scalars.count))
        return tokens
    }

    /// A text in single or double quotes; a doubled quote stands for itself.
    private static func quoted(
        _ scalars: [Unicode.Scalar], from start: Int, source: String
    ) throws(ExpressionError) -> (String, Int) {
        var text = String.UnicodeScalarView()
        var index = start + 1
        while index < scalars.count {
            if scalars[index] == scalars[start] {
                guard index + 1 < scalars.count, scalars[index + 1] == scalars[start] else {
                    return (String(text), index + 1)
                }
                index += 1
            }
            text.append(scalars[index])
            index += 1
        }
        throw ExpressionError(source: source, message: "has a text without its closing quote", offset: start)
    }

    private static func token(of word: String, source: String, offset: Int) throws(ExpressionError) -> Token {
        if word == "true" { return .literal(.boolean(true)) }
        if word == "false" { return .literal(.boolean(false)) }
        if let number = Int64(word) { return .literal(.integer(number)) }
        let plain = word.contains("[") ? word.replacing(/\[[^\]]*\]/, with: "") : word
        let parts = plain.split(separator: ".", omittingEmptySubsequences: false)
        guard let first = word.unicodeScalars.first, first == "_" || first.properties.isAlphabetic,
            parts.allSatisfy({ !$0.isEmpty })
        else {
            throw ExpressionError(
                source: source, message: "has \(word), which is neither a name nor a whole number", offset: offset)
        }
        return .name(word)
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    /// Letters, digits, `_` and the dots between the parts of a name; a `-` may follow.
    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar == "." || isDigit(scalar) || ("a"..."z").contains(scalar)
            || ("A"..."Z").contains(scalar)
    }
}
