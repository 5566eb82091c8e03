extension InputDefinition {
    /// What keeps a text from being this input's value, in words that follow its name; nil: nothing.
    func fault(of text: String) -> String? {
        switch type {
        case .string, .directory: break
        case .integer:
            guard let number = Int64(text) else { return "is no whole number: \(text)" }
            if let minimum, number < minimum { return "is \(number), less than \(minimum)" }
            if let maximum, number > maximum { return "is \(number), more than \(maximum)" }
        case .boolean: if text != "true", text != "false" { return "is neither true nor false: \(text)" }
        }
        if type == .directory, AbsolutePath.normalized(text) == nil { return "is no absolute path: \(text)" }
        if text.utf8.contains(0) { return "contains a NUL character" }
        if let oneOf, !oneOf.contains(text) { return "is `\(text)`, none of \(oneOf.joined(separator: ", "))" }
        if let pattern, let expression = try? Regex(pattern.value), text.wholeMatch(of: expression) == nil {
            return "is `\(text)`, which does not match \(pattern.value)"
        }
        return nil
    }

    /// Whether there is anything that a text of its type would not do for.
    var isChecked: Bool {
        type == .directory || oneOf != nil || pattern != nil || minimum != nil || maximum != nil
    }

    /// A text without fault, as expressions read it.
    func value(of text: String) -> Value {
        switch type {
        case .string, .directory: .string(text)
        case .integer: Int64(text).map { .integer($0) } ?? .null
        case .boolean: .boolean(text == "true")
        }
    }
}
