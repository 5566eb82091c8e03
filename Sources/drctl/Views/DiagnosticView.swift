import DRRunbook
import DRSystem

/// A diagnostic as people read it: where, what, the line with a caret under the place, and the fix.
struct DiagnosticView {
    private static let widest = 100

    private let lines: [String: [Substring]]

    /// - Parameter sources: the files that diagnostics are about.
    init(_ sources: [SourceText]) {
        lines = Dictionary(
            sources.map { source in
                let text = String(decoding: source.bytes, as: UTF8.self)
                return (source.file, text.split(separator: "\n", omittingEmptySubsequences: false))
            }
        ) { first, _ in first }
    }

    func text(_ diagnostic: Diagnostic) -> String {
        var shown = ["\(diagnostic.place): \(diagnostic.severity.rawValue): \(diagnostic.message)"]
        shown += excerpt(diagnostic.place)
        if let fix = diagnostic.fix { shown.append("    fix: \(fix)") }
        return shown.map(displayEscapedLines).joined(separator: "\n")
    }

    /// The line and a caret; nothing where there is no such line.
    private func excerpt(_ place: SourcePlace) -> [String] {
        guard let lines = lines[place.file], lines.indices.contains(place.line - 1) else { return [] }
        let scalars = Array(lines[place.line - 1].unicodeScalars.filter { $0 != "\r" })
        let column = min(max(0, place.column - 1), scalars.count)
        guard !scalars.isEmpty else { return [] }
        // Of a long line what stands around the place.
        let start =
            scalars.count <= Self.widest ? 0 : max(0, min(column - Self.widest / 2, scalars.count - Self.widest))
        let end = min(scalars.count, start + Self.widest)
        var text = start > 0 ? "…" : ""
        text.unicodeScalars.append(
            contentsOf: scalars[start..<end].map { $0.properties.generalCategory == .control ? " " : $0 })
        if end < scalars.count { text += "…" }
        let number = String(place.line)
        let margin = String(repeating: " ", count: number.count)
        let indentation = String(repeating: " ", count: column - start + (start > 0 ? 1 : 0))
        return ["    \(number) | \(text)", "    \(margin) | \(indentation)^"]
    }
}
