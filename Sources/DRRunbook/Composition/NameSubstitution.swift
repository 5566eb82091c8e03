/// Puts other things in the place of names: how the expressions of a sub-runbook come to speak of the runbook that
/// it is part of.
struct NameSubstitution {
    /// What stands in the place of a name.
    struct Substitute {
        var template: Template
        /// The same as part of an expression; nil for a text that is put together from several parts.
        var syntax: ExpressionSyntax?

        init(_ template: Template) {
            self.template = template
            if let literal = template.literal {
                syntax = .literal(.string(literal))
            } else if case .expression(let expression)? = template.parts.first, template.parts.count == 1 {
                syntax = expression.syntax
            }
        }

        init(_ syntax: ExpressionSyntax) {
            self.syntax = syntax
            template =
                if case .literal(let value) = syntax, let text = value.text { Template(text) } else {
                    Template(parts: [.expression(Expression(syntax))])
                }
        }

        init(_ value: Value) { self.init(.literal(value)) }
    }

    var substitutes: [String: Substitute]
    /// Another name for one without a substitute; nil leaves it as it is.
    var renamed: (String) -> String? = { _ in nil }

    private func concerns(_ expression: Expression) -> Bool {
        expression.names.contains { substitutes[$0] != nil || renamed($0) != nil }
    }

    /// - Throws: `ExpressionError` where a text of several parts would have to be compared or combined.
    func applied(to expression: Expression) throws(ExpressionError) -> Expression {
        guard concerns(expression) else { return expression }
        return Expression(
            try expression.syntax.replacing { name throws(ExpressionError) in
                if let substitute = substitutes[name] {
                    guard let syntax = substitute.syntax else {
                        throw ExpressionError(
                            source: expression.source,
                            message:
                                "combines `\(name)`, which is put together from several parts: \(substitute.template.display)"
                        )
                    }
                    return syntax
                }
                return renamed(name).map { .name($0) }
            })
    }

    /// - Throws: `ExpressionError` as for an expression.
    func applied(to template: Template) throws(ExpressionError) -> Template {
        guard template.expressions.contains(where: concerns) else { return template }
        var parts: [Template.Part] = []
        for part in template.parts {
            guard case .expression(let expression) = part else {
                parts.append(part)
                continue
            }
            if case .name(let name) = expression.syntax, let substitute = substitutes[name] {
                parts += substitute.template.parts
            } else {
                parts.append(.expression(try applied(to: expression)))
            }
        }
        return Template(parts: parts)
    }

    /// What is left to be checked of an expression: of a name alone, all that is put in its place.
    func applied(to placed: PlacedExpression) throws(ExpressionError) -> [PlacedExpression] {
        func other(_ expression: Expression) -> PlacedExpression {
            PlacedExpression(expression: expression, use: placed.use, place: placed.place)
        }
        if case .name(let name) = placed.expression.syntax, let substitute = substitutes[name],
            substitute.syntax == nil
        {
            return substitute.template.expressions.map(other)
        }
        return [other(try applied(to: placed.expression))]
    }
}

extension ExpressionSyntax {
    /// - Parameter change: what takes a name's place; nil leaves it.
    fileprivate func replacing(
        _ change: (String) throws(ExpressionError) -> ExpressionSyntax?
    ) throws(ExpressionError) -> ExpressionSyntax {
        switch self {
        case .literal: return self
        case .name(let name): return try change(name) ?? self
        case .not(let operand): return .not(try operand.replacing(change))
        case .binary(let symbol, let left, let right):
            return .binary(symbol, try left.replacing(change), try right.replacing(change))
        case .call(let function, let arguments):
            var replaced: [ExpressionSyntax] = []
            for argument in arguments { replaced.append(try argument.replacing(change)) }
            return .call(function, replaced)
        }
    }
}
