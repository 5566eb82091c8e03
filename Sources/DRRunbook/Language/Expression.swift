/// An expression of the runbook language: `steps.count.outputs.rows ?? 0 > 10 && !startsWith(run.id, 'x')`.
///
/// From loosest to tightest: `||`, `&&`, `== !=`, `< <= > >=`, `??`, `!`, then literals, names, calls and
/// parentheses. Comparisons do not chain. A `null` (an output that was never written) ends in an error
/// wherever it would have to be compared or combined; only `??` takes it. `&&` and `||` do not look at their
/// right side once the left one decides.
///
/// In JSON an expression is its source text, and equal sources are equal expressions.
package struct Expression: Sendable {
    package let source: String
    package let syntax: ExpressionSyntax

    /// - Throws: `ExpressionError` with the place of what could not be read.
    package init(source: String) throws(ExpressionError) {
        var parser = try ExpressionParser(source)
        self.source = source
        self.syntax = try parser.parseWhole()
    }

    init(_ syntax: ExpressionSyntax) {
        self.source = syntax.text
        self.syntax = syntax
    }

    /// Every name the expression reads, in order of appearance: `steps.backup.outputs.snapshot`.
    package var names: [String] { syntax.names }

    /// - Returns: the value; `null` for a name that the context does not have.
    /// - Throws: `ExpressionError` when types do not fit or a `null` is compared, combined or passed on.
    package func evaluate(in context: EvaluationContext) throws(ExpressionError) -> Value {
        do {
            return try syntax.evaluate(in: context)
        } catch {
            throw ExpressionError(source: source, message: error.message)
        }
    }

    /// The expression with every name that the context knows replaced by its value; what planning leaves over.
    package func substituting(_ context: EvaluationContext) -> Expression {
        names.contains { context.values[$0] != nil } ? Expression(syntax.substituting(context)) : self
    }
}

extension Expression: Hashable {
    package static func == (one: Expression, other: Expression) -> Bool { one.source == other.source }

    package func hash(into hasher: inout Hasher) { hasher.combine(source) }
}

/// Why an expression could not be read or evaluated.
package struct ExpressionError: Error, Hashable, Sendable {
    package var source: String
    package var message: String
    /// Where in the source, in Unicode scalars from 0.
    package var offset: Int

    package init(source: String, message: String, offset: Int = 0) {
        self.source = source
        self.message = message
        self.offset = offset
    }
}

extension ExpressionError: CustomStringConvertible {
    package var description: String { "${{ \(source) }} \(message)" }
}

/// The names an expression may use and their values: `run.directory`, `steps.backup.outputs.snapshot`.
package struct EvaluationContext: Sendable {
    package var values: [String: Value]

    package init(values: [String: Value] = [:]) { self.values = values }
}

extension Expression: Codable {
    package init(from decoder: any Decoder) throws {
        try self.init(source: decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(source)
    }
}
