/// One thing that is wrong with a source: where, what, why, and what to write instead where that is known.
package struct Diagnostic: Hashable, Sendable {
    /// Whether it keeps the runbook from running.
    package enum Severity: String, Codable, Sendable { case error, warning, advice }

    package var severity: Severity
    package var place: SourcePlace
    /// The kind of mistake, for machines: `unknownKey`, `cycle`.
    package var code: Code
    package var message: String
    package var fix: String?
    /// The number of an advice.
    package var advice: Advice?

    package init(
        _ code: Code, at place: SourcePlace, _ message: String, fix: String? = nil, severity: Severity = .error
    ) {
        self.severity = severity
        self.place = place
        self.code = code
        self.message = message
        self.fix = fix
    }

    /// What kind of fault it is.
    package enum Code: String, Codable, Sendable, CaseIterable {
        // The text
        case tooLarge, encoding, yaml, anchor, tag, mergeKey, tooDeep, duplicateKey
        // Its shape
        case kind, unknownKey, missingKey, wrongType, notAllowed, duration, expression, template
        // Its meaning
        case duplicateName, unknownName, cycle, need, expressionInScript, script, retry, effect, probe, background
        case foreach, runbook, place, target, mode, mark, measure, reference, restriction
        // Planning
        case input, environment, file
        // Nothing wrong: something better
        case advice
    }
}

extension Diagnostic: CustomStringConvertible {
    /// `file:line:column: error: message`, and a second line with the fix.
    package var description: String {
        let first = "\(place): \(severity.rawValue): \(message)"
        return fix.map { "\(first)\n    fix: \($0)" } ?? first
    }
}

extension Diagnostic: Comparable {
    package static func < (one: Diagnostic, other: Diagnostic) -> Bool {
        (one.place, one.code.rawValue, one.message) < (other.place, other.code.rawValue, other.message)
    }
}

extension Collection where Element == Diagnostic {
    package var hasErrors: Bool { contains { $0.severity == .error } }

    /// Sorted by place, each only once.
    package var inOrder: [Diagnostic] { Set(self).sorted() }
}

/// A value and what was said about it on the way.
package struct Diagnosed<Value: Sendable>: Sendable {
    /// As much as could be made; only without errors among the diagnostics is it fit for use.
    package var value: Value?
    /// Sorted by place.
    package var diagnostics: [Diagnostic]

    init(_ value: Value?, _ diagnostics: [Diagnostic]) {
        self.value = value
        self.diagnostics = diagnostics.inOrder
    }

    /// The value, unless there was an error.
    package var sound: Value? { diagnostics.hasErrors ? nil : value }
}
