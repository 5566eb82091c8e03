/// A text of the plan in which some parts are known only while the run goes on.
///
/// Inputs, targets and everything else that planning knows are already literal here; what is left are
/// expressions over the run (`run.directory`) and over the outputs of transitive needs.
package struct Template: Hashable, Sendable {
    /// A piece of the text.
    package enum Part: Hashable, Sendable {
        case literal(String)
        case expression(Expression)
    }

    /// Never empty; no two literals side by side.
    package let parts: [Part]

    /// Neighbouring literals become one.
    package init(parts: [Part]) {
        var joined: [Part] = []
        for part in parts {
            if case .literal(let text) = part {
                if text.isEmpty { continue }
                if case .literal(let before)? = joined.last {
                    joined[joined.count - 1] = .literal(before + text)
                    continue
                }
            }
            joined.append(part)
        }
        self.parts = joined.isEmpty ? [.literal("")] : joined
    }

    /// A text without expressions.
    package init(_ literal: String) { parts = [.literal(literal)] }

    /// The whole text, where nothing is left to be evaluated.
    package var literal: String? {
        if case .literal(let text)? = parts.first, parts.count == 1 { text } else { nil }
    }

    package var expressions: [Expression] {
        parts.compactMap { part in
            if case .expression(let expression) = part { expression } else { nil }
        }
    }

    /// What a person reads: literals as they are, expressions in `${{ }}`.
    package var display: String {
        parts.map { part in
            switch part {
            case .literal(let text): text
            case .expression(let expression): "${{ \(expression.source) }}"
            }
        }.joined()
    }

    /// The text with every expression evaluated.
    /// - Throws: `ExpressionError` when an expression has no value (`null`) or its types do not fit.
    package func resolve(in context: EvaluationContext) throws(ExpressionError) -> String {
        var text = ""
        for part in parts {
            switch part {
            case .literal(let literal): text += literal
            case .expression(let expression):
                guard let value = try expression.evaluate(in: context).text else {
                    throw ExpressionError(source: expression.source, message: "has no value")
                }
                text += value
            }
        }
        return text
    }
}

extension Template: Codable {
    private struct Written: Codable {
        var literal: String?
        var expression: Expression?
    }

    /// A wholly literal template is a JSON string; any other is an array of `{literal}` and `{expression}`.
    package init(from decoder: any Decoder) throws {
        if let literal = try? decoder.singleValueContainer().decode(String.self) {
            self.init(literal)
            return
        }
        self.init(
            parts: try decoder.singleValueContainer().decode([Written].self).map { written in
                if let literal = written.literal { return Part.literal(literal) }
                if let expression = written.expression { return Part.expression(expression) }
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "a part is a literal or an expression"))
            })
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if case .literal(let only)? = parts.first, parts.count == 1 {
            try container.encode(only)
            return
        }
        try container.encode(
            parts.map { part in
                switch part {
                case .literal(let literal): Written(literal: literal)
                case .expression(let expression): Written(expression: expression)
                }
            })
    }
}
