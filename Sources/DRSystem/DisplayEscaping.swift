/// A text made safe to print at a terminal and on one line: control characters, and those that reorder or hide
/// what surrounds them, are shown as escapes (`\n`, `\u{1B}`), a backslash as two.
package func displayEscaped(_ text: String) -> String {
    // Most texts; what Unicode says of a scalar takes a look into tables.
    if text.utf8.allSatisfy({ (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "\\") }) { return text }
    if text.unicodeScalars.allSatisfy({ !needsEscape($0) && $0 != "\\" }) { return text }
    var escaped = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\\": escaped += "\\\\"
        case "\n": escaped += "\\n"
        case "\r": escaped += "\\r"
        case "\t": escaped += "\\t"
        default:
            if needsEscape(scalar) {
                escaped += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
            } else {
                escaped.unicodeScalars.append(scalar)
            }
        }
    }
    return escaped
}

private func needsEscape(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: true
    default: false
    }
}
