import DRSystem
import Mustache

/// A text from anywhere (a step's output, a name in a runbook) made fit for a page: control characters and those
/// that reorder or hide their surroundings are shown as escapes, and every `<`, `>`, `&` and quote stands alone.
///
/// The template engine escapes by *characters*: `"` with an accent on it is another character to it and would pass
/// unescaped, while a browser reads the quote. Such accents are shown as escapes too.
struct Shown: MustacheCustomRenderable, Equatable {
    let renderText: String
    var isNull: Bool { false }

    /// On one line.
    init(_ text: String) {
        renderText = Self.separated(displayEscaped(text))
    }

    /// Line breaks and tabs stay, everything else as on one line.
    init(block text: String) {
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        renderText = lines.map { line in
            line.split(separator: "\t", omittingEmptySubsequences: false)
                .map { Self.separated(displayEscaped(String($0))) }.joined(separator: "\t")
        }.joined(separator: "\n")
    }

    /// The text with the five characters of markup escaped; safe in an element and in a quoted attribute.
    var html: String {
        var text = ""
        for scalar in renderText.unicodeScalars {
            switch scalar {
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "&": text += "&amp;"
            case "\"": text += "&quot;"
            case "'": text += "&#39;"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    private static let markup: Set<Unicode.Scalar> = ["<", ">", "&", "\"", "'"]

    private static func separated(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
        var result = ""
        for character in text {
            let scalars = character.unicodeScalars
            if scalars.count == 1 || !scalars.contains(where: { markup.contains($0) }) {
                result.append(character)
                continue
            }
            for scalar in scalars {
                result +=
                    scalar.isASCII ? String(scalar) : "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
            }
        }
        return result
    }
}

extension Shown: ExpressibleByStringInterpolation {
    init(stringLiteral value: String) { self.init(value) }
}

/// Markup that drctl wrote itself: the pictures and the style sheet. The only thing that a template puts in as it is.
struct Markup: MustacheCustomRenderable, Equatable {
    let renderText: String
    var isNull: Bool { false }

    init(trusted renderText: String) { self.renderText = renderText }
}
