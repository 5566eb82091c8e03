import DRSystem

/// Lines of text for a terminal: how wide, in colour or not.
struct TextLayout {
    var columns: Int
    var usesColour: Bool

    enum Style: String {
        case plain = ""
        case bold = "1"
        case faint = "2"
        case good = "32"
        case warning = "33"
        case bad = "31"
    }

    func paint(_ text: String, _ style: Style) -> String {
        usesColour && style != .plain ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// A text as indented lines of the terminal's width, broken between words; its own line breaks stay.
    /// - Parameter most: how many lines at most; the last one says that there is more.
    func indented(_ text: String, most: Int = .max) -> [String] {
        let room = max(20, min(columns, 100) - 4)
        var lines: [String] = []
        for paragraph in text.split(separator: "\n") {
            var line = ""
            for word in displayEscaped(String(paragraph)).split(separator: " ") {
                if !line.isEmpty, line.displayWidth + 1 + word.displayWidth > room {
                    lines.append(line)
                    line = ""
                }
                line += (line.isEmpty ? "" : " ") + word
            }
            lines.append(line)
        }
        if lines.count > most { lines = lines.prefix(most - 1) + ["…"] }
        return lines.map { "    " + $0 }
    }

    /// Filled up with spaces, behind the text or before it.
    func padded(_ text: String, to width: Int, atEnd: Bool = true) -> String {
        let filling = String(repeating: " ", count: max(0, width - text.displayWidth))
        return atEnd ? text + filling : filling + text
    }

    /// Cuts a line to the terminal's width; escape sequences take no room.
    func cut(_ line: String) -> String {
        var result = ""
        var room = columns
        var isEscape = false
        for character in line {
            if character == "\u{1B}" { isEscape = true }
            if isEscape {
                result.append(character)
                if character == "m" { isEscape = false }
                continue
            }
            let width = String(character).displayWidth
            guard width <= room else {
                // Nothing narrower that comes later may stand in the gap.
                room = 0
                continue
            }
            room -= width
            result.append(character)
        }
        return result
    }
}
