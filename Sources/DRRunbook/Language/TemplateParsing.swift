extension Template {
    /// What is wrong with a template's text, and where in it, in Unicode scalars from 0.
    struct Fault: Error {
        var message: String
        var offset: Int
    }

    /// Reads a text with `${{ expression }}` in it.
    /// - Returns: the template and, for each of its expressions, the offset at which that one's text starts.
    static func parse(_ text: String) throws(Fault) -> (template: Template, offsets: [Int]) {
        var parts: [Part] = []
        var offsets: [Int] = []
        let scalars = Array(text.unicodeScalars)
        var literalStart = 0
        var index = 0
        while index < scalars.count {
            guard scalars[index...].starts(with: "${{".unicodeScalars) else {
                index += 1
                continue
            }
            parts.append(.literal(string(scalars[literalStart..<index])))
            guard let end = closing(of: scalars, from: index + 3) else {
                throw Fault(message: "`${{` is not closed by `}}`", offset: index)
            }
            var start = index + 3
            while start < end, scalars[start].properties.isWhitespace { start += 1 }
            var stop = end
            while stop > start, scalars[stop - 1].properties.isWhitespace { stop -= 1 }
            do {
                parts.append(.expression(try Expression(source: string(scalars[start..<stop]))))
            } catch {
                throw Fault(message: "the expression \(error.message)", offset: start + error.offset)
            }
            offsets.append(start)
            index = end + 2
            literalStart = index
        }
        parts.append(.literal(string(scalars[literalStart...])))
        return (Template(parts: parts), offsets)
    }

    /// The template with every name that the context knows replaced, and evaluated where nothing else is left.
    /// - Throws: `ExpressionError` when a wholly known expression has no value.
    func substituting(_ context: EvaluationContext) throws(ExpressionError) -> Template {
        var parts: [Part] = []
        for part in self.parts {
            guard case .expression(let expression) = part else {
                parts.append(part)
                continue
            }
            let left = expression.substituting(context)
            if left.names.isEmpty {
                guard let text = try left.evaluate(in: context).text else {
                    throw ExpressionError(source: expression.source, message: "has no value")
                }
                parts.append(.literal(text))
            } else {
                parts.append(.expression(left))
            }
        }
        return Template(parts: parts)
    }

    private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        String(String.UnicodeScalarView(scalars))
    }

    /// Where the `}}` is that closes an expression; one inside a quoted text does not.
    private static func closing(of scalars: [Unicode.Scalar], from start: Int) -> Int? {
        var quote: Unicode.Scalar?
        var index = start
        while index < scalars.count {
            let scalar = scalars[index]
            if let open = quote {
                if scalar == open { quote = nil }
            } else if scalar == "'" || scalar == "\"" {
                quote = scalar
            } else if scalars[index...].starts(with: "}}".unicodeScalars) {
                return index
            }
            index += 1
        }
        return nil
    }
}
