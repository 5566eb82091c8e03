/// An expression of the runbook language, kept by its source text.
package struct Expression: Hashable, Sendable {
    package let source: String

    package init(source: String) throws(ExpressionError) {
        self.source = source
    }

    package func evaluate(in context: EvaluationContext) throws(ExpressionError) -> Value {
        context.values[source] ?? .null
    }
}

/// Why an expression could not be read or evaluated.
package struct ExpressionError: Error, Hashable, Sendable {
    package var source: String
    package var message: String
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
