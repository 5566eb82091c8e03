/// The tree of an expression.
package indirect enum ExpressionSyntax: Hashable, Sendable {
    case literal(Value)
    case name(String)
    case not(ExpressionSyntax)
    case binary(ExpressionOperator, ExpressionSyntax, ExpressionSyntax)
    case call(ExpressionFunction, [ExpressionSyntax])
}

/// The two-sided operators.
package enum ExpressionOperator: String, Hashable, Sendable, CaseIterable {
    case or = "||"
    case and = "&&"
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case otherwise = "??"

    /// The higher, the tighter it binds.
    var precedence: Int {
        switch self {
        case .or: 1
        case .and: 2
        case .equal, .notEqual: 3
        case .less, .lessOrEqual, .greater, .greaterOrEqual: 4
        case .otherwise: 5
        }
    }

    var isComparison: Bool { precedence == 3 || precedence == 4 }
}

/// The functions, with the types of what they take and give.
package enum ExpressionFunction: String, Hashable, Sendable, CaseIterable {
    /// Whether the first text holds the second one.
    case contains
    case startsWith
    case endsWith
    /// The number of characters of a text.
    case length
    /// A text in lower case.
    case lower

    var parameterCount: Int {
        switch self {
        case .contains, .startsWith, .endsWith: 2
        case .length, .lower: 1
        }
    }

    var result: OutputType {
        switch self {
        case .contains, .startsWith, .endsWith: .boolean
        case .length: .integer
        case .lower: .string
        }
    }

    func apply(_ arguments: [String]) -> Value {
        switch self {
        case .contains: .boolean(arguments[0].contains(arguments[1]))
        case .startsWith: .boolean(arguments[0].hasPrefix(arguments[1]))
        case .endsWith: .boolean(arguments[0].hasSuffix(arguments[1]))
        case .length: .integer(Int64(arguments[0].count))
        case .lower: .string(arguments[0].lowercased())
        }
    }
}

extension ExpressionSyntax {
    var names: [String] {
        switch self {
        case .literal: []
        case .name(let name): [name]
        case .not(let operand): operand.names
        case .binary(_, let left, let right): left.names + right.names
        case .call(_, let arguments): arguments.flatMap(\.names)
        }
    }

    /// Source text that reads back as the same tree.
    var text: String {
        switch self {
        case .literal(.string(let text)):
            "'"
                + text.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "''") + "'"
        case .literal(let value): value.text ?? "null"
        case .name(let name): name
        case .not(let operand): "!" + operand.operandText
        case .binary(let symbol, let left, let right):
            "\(left.operandText) \(symbol.rawValue) \(right.operandText)"
        case .call(let function, let arguments):
            "\(function.rawValue)(\(arguments.map(\.text).joined(separator: ", ")))"
        }
    }

    private var operandText: String {
        if case .binary = self { "(\(text))" } else { text }
    }

    func substituting(_ context: EvaluationContext) -> ExpressionSyntax {
        switch self {
        case .literal: self
        case .name(let name): context.values[name].map { .literal($0) } ?? self
        case .not(let operand): .not(operand.substituting(context))
        case .binary(let symbol, let left, let right):
            .binary(symbol, left.substituting(context), right.substituting(context))
        case .call(let function, let arguments): .call(function, arguments.map { $0.substituting(context) })
        }
    }
}
