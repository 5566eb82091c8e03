extension ExpressionSyntax {
    /// What went wrong, in words that follow the expression's text.
    struct Fault: Error {
        var message: String
    }

    func evaluate(in context: EvaluationContext) throws(Fault) -> Value {
        switch self {
        case .literal(let value): return value
        case .name(let name): return context.values[name] ?? .null
        case .not(let operand): return .boolean(!(try operand.flag(in: context)))
        case .binary(.otherwise, let left, let right):
            let value = try left.evaluate(in: context)
            return value == .null ? try right.evaluate(in: context) : value
        case .binary(.and, let left, let right):
            return .boolean(try left.flag(in: context) ? try right.flag(in: context) : false)
        case .binary(.or, let left, let right):
            return .boolean(try left.flag(in: context) ? true : try right.flag(in: context))
        case .binary(let symbol, let left, let right):
            let leftValue = try left.present(in: context)
            let rightValue = try right.present(in: context)
            return .boolean(try symbol.compare(leftValue, rightValue))
        case .call(let function, let arguments):
            var texts: [String] = []
            for argument in arguments {
                guard case .string(let text) = try argument.present(in: context) else {
                    throw Fault(message: "gives \(function.rawValue) something else than a text: \(argument.text)")
                }
                texts.append(text)
            }
            return function.apply(texts)
        }
    }

    /// The value, which must not be `null`.
    private func present(in context: EvaluationContext) throws(Fault) -> Value {
        let value = try evaluate(in: context)
        if value == .null { throw Fault(message: "needs a value for \(text), which has none; write `\(text) ?? …`") }
        return value
    }

    private func flag(in context: EvaluationContext) throws(Fault) -> Bool {
        guard case .boolean(let flag) = try present(in: context) else {
            throw Fault(message: "takes \(text) for true or false, which it is not")
        }
        return flag
    }
}

extension ExpressionOperator {
    fileprivate func compare(_ left: Value, _ right: Value) throws(ExpressionSyntax.Fault) -> Bool {
        switch (left, right) {
        case (.integer(let one), .integer(let other)): return holds(one, other)
        // By UTF-8 bytes, so that no locale and no version of Unicode decides.
        case (.string(let one), .string(let other)):
            if one.utf8.elementsEqual(other.utf8) { return holds(0, 0) }
            return one.utf8.lexicographicallyPrecedes(other.utf8) ? holds(0, 1) : holds(1, 0)
        case (.boolean(let one), .boolean(let other)) where self == .equal: return one == other
        case (.boolean(let one), .boolean(let other)) where self == .notEqual: return one != other
        default:
            throw ExpressionSyntax.Fault(
                message: "compares \(left.typeName) with \(right.typeName) by \(rawValue)")
        }
    }

    private func holds<Ordered: Comparable>(_ one: Ordered, _ other: Ordered) -> Bool {
        switch self {
        case .equal: one == other
        case .notEqual: one != other
        case .less: one < other
        case .lessOrEqual: one <= other
        case .greater: one > other
        case .greaterOrEqual: one >= other
        case .and, .or, .otherwise: false
        }
    }
}

extension Value {
    var typeName: String {
        switch self {
        case .string: "a text"
        case .integer: "a number"
        case .boolean: "true or false"
        case .null: "nothing"
        }
    }
}
