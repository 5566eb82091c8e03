/// Compares a document with its shape and reports everything that does not fit. What reads the document
/// afterwards may take a missing value for one that was reported.
struct ShapeCheck {
    private(set) var diagnostics: [Diagnostic] = []

    static func diagnostics(for node: SourceNode, _ shape: Shape) -> [Diagnostic] {
        var check = ShapeCheck()
        check.check(node, shape)
        return check.diagnostics
    }

    private mutating func check(_ node: SourceNode, _ shape: Shape) {
        guard let kind = node.kind else { return }
        guard !node.isNothing else {
            report(.wrongType, node.place, "nothing is written where \(shape.description) should be")
            return
        }
        guard shape.fits(kind) else {
            report(.wrongType, node.place, "\(node.kindName) is written where \(shape.description) should be")
            return
        }
        switch shape {
        case .either(let shapes):
            if let fitting = shapes.first(where: { $0.fits(kind) }) { check(node, fitting) }
        case .object(let object): checkObject(node, object)
        case .map(let value):
            for entry in node.entries ?? [] {
                checkName(entry.key.value, at: entry.key.place)
                check(entry.value, value)
            }
        case .list(let element, let isEmptyAllowed):
            let elements = node.elements ?? []
            if elements.isEmpty, !isEmptyAllowed { report(.wrongType, node.place, "the list is empty") }
            for child in elements { check(child, element) }
        case .command: checkCommand(node)
        default:
            if let scalar = node.scalar { checkScalar(scalar, shape, at: node.place) }
        }
    }

    private mutating func checkObject(_ node: SourceNode, _ object: ObjectSchema) {
        let entries = node.entries ?? []
        for entry in entries {
            if let key = object.key(entry.key.value) {
                check(entry.value, key.shape)
            } else if let shape = object.others {
                checkName(entry.key.value, at: entry.key.place)
                check(entry.value, shape)
            } else {
                let known = object.keys.map(\.name)
                let near = Suggestion.nearest(to: entry.key.value, among: known)
                report(
                    .unknownKey, entry.key.place, "\(object.name) has no key `\(entry.key.value)`",
                    fix: near.map { "did you mean `\($0)`?" } ?? "its keys are \(known.joined(separator: ", "))")
            }
        }
        for key in object.keys where key.isRequired && node[key.name] == nil {
            report(
                .missingKey, node.place, "\(object.name) needs `\(key.name)`",
                fix: "write `\(key.name):` \(key.shape.description)")
        }
        if object.refusesNothing, entries.isEmpty {
            report(
                .missingKey, node.place, "\(object.name) says nothing", fix: "write what is different, or leave it out")
        }
        let alternatives = entries.filter { object.atMostOne.contains($0.key.value) }
        if alternatives.count > 1 {
            let names = alternatives.map { "`\($0.key.value)`" }.joined(separator: " and ")
            report(.notAllowed, alternatives[1].key.place, "\(object.name) has \(names); it takes one of them")
        }
        for (key, others) in object.excludes {
            guard node[key] != nil, let entry = entries.first(where: { others.contains($0.key.value) }) else {
                continue
            }
            report(
                .notAllowed, entry.key.place, "\(object.name) has `\(key)`, which takes no `\(entry.key.value)`",
                fix: "keep one of them")
        }
        guard !object.exactlyOne.isEmpty else { return }
        let written = entries.filter { object.exactlyOne.contains($0.key.value) }
        let all = object.exactlyOne.joined(separator: ", ")
        if written.isEmpty {
            report(.missingKey, node.place, "\(object.name) needs one of \(all)")
        } else if written.count > 1 {
            let names = written.map { "`\($0.key.value)`" }.joined(separator: " and ")
            report(.notAllowed, written[1].key.place, "\(object.name) has \(names); it takes one of \(all)")
        }
    }

    private mutating func checkCommand(_ node: SourceNode) {
        if let elements = node.elements {
            if elements.isEmpty { report(.wrongType, node.place, "the command is empty") }
            for element in elements {
                // An argument may well be an empty text, but then in quotes.
                if element.scalar?.style == .quoted, element.scalar?.text.isEmpty == true { continue }
                check(element, .template)
            }
            return
        }
        guard let scalar = node.scalar else { return }
        guard scalar.style == .block else {
            let words = scalar.text.split(separator: " ").joined(separator: ", ")
            // A word with an expression in it has spaces of its own.
            let list = scalar.text.contains("${{") ? "PROGRAM, ARGUMENT, …" : words
            report(
                .script, node.place, "a command on one line could be program and arguments or a script",
                fix: "write `run: [\(list)]`, or `run: |` with a script for bash below")
            return
        }
        var offset = 0
        for line in scalar.text.split(separator: "\n", omittingEmptySubsequences: false) {
            defer { offset += line.unicodeScalars.count + 1 }
            guard let found = line.firstRange(of: "${{") else { continue }
            let column = line.unicodeScalars.distance(from: line.startIndex, to: found.lowerBound)
            report(
                .expressionInScript, scalar.place(of: offset + column, from: node.place),
                "`${{ }}` in a script would become part of the program",
                fix: "set it as a variable, `env: { NAME: \"${{ … }}\" }`, and write \"$NAME\" here")
        }
    }

    private mutating func checkName(_ name: String, at place: SourcePlace) {
        guard !SourceName.isValid(name) else { return }
        report(
            .wrongType, place, "`\(name)` is not a name",
            fix: "use letters, digits, - and _, starting with a letter or _")
    }

    private mutating func checkScalar(_ scalar: SourceNode.Scalar, _ shape: Shape, at place: SourcePlace) {
        let text = scalar.text
        switch shape {
        case .text:
            if text.isEmpty { report(.wrongType, place, "the text is empty") }
        case .name: checkName(text, at: place)
        case .template:
            do {
                _ = try Template.parse(text)
            } catch {
                report(.template, scalar.place(of: error.offset, from: place), error.message)
            }
            if text.isEmpty { report(.wrongType, place, "the text is empty") }
        case .expression:
            do {
                _ = try Expression(source: text)
            } catch {
                let fix = text.contains("${{") ? "write it without `${{ }}`" : nil
                report(
                    .expression, scalar.place(of: error.offset, from: place), "the expression \(error.message)",
                    fix: fix)
            }
        case .integer(let range): checkNumber(scalar, Int64(text), range, shape, at: place)
        case .decimal(let range):
            checkNumber(scalar, SourceName.thousandths(of: text), range, shape, unit: 1000, at: place)
        case .boolean:
            guard scalar.style == .plain, text == "true" || text == "false" else {
                report(.wrongType, place, "`\(text)` is written where true or false should be")
                return
            }
        case .duration:
            guard TimeSpan(parsing: text) == nil else { return }
            report(.duration, place, "`\(text)` is not a duration", fix: "write 500ms, 10s, 5m, 2h or 1d")
        case .size:
            guard ProcessLimits.bytes(parsing: text) == nil else { return }
            report(.wrongType, place, "`\(text)` is not a size", fix: "write 64MiB or 2GiB")
        case .choice(let choices):
            guard !choices.contains(text) else { return }
            report(
                .wrongType, place, "`\(text)` is written where \(shape.description) should be",
                fix: Suggestion.nearest(to: text, among: choices).map { "did you mean `\($0)`?" })
        default: break
        }
    }

    private mutating func checkNumber(
        _ scalar: SourceNode.Scalar, _ number: Int64?, _ range: ClosedRange<Int64>, _ shape: Shape, unit: Int64 = 1,
        at place: SourcePlace
    ) {
        guard scalar.style == .plain, let number else {
            report(
                .wrongType, place, "`\(scalar.text)` is written where \(shape.description) should be",
                fix: scalar.style == .quoted && number != nil ? "write it without quotes" : nil)
            return
        }
        guard !range.contains(number) else { return }
        report(
            .wrongType, place,
            "\(scalar.text) is outside of \(range.lowerBound / unit) to \(range.upperBound / unit)")
    }

    private mutating func report(
        _ code: Diagnostic.Code, _ place: SourcePlace, _ message: String, fix: String? = nil
    ) {
        diagnostics.append(Diagnostic(code, at: place, message, fix: fix))
    }
}

/// The small words of the language.
enum SourceName {
    static func isValid(_ name: String) -> Bool {
        guard let first = name.utf8.first, isLetter(first) else { return false }
        return name.utf8.count <= 100
            && name.utf8.allSatisfy {
                isLetter($0) || $0 == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            || byte == UInt8(ascii: "_")
    }

    /// `1.5` is 1500; nil for more than three decimals and for what is not a number.
    static func thousandths(of text: String) -> Int64? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = Int64(parts[0]), abs(whole) < 1_000_000_000 else { return nil }
        let decimals = parts.count == 2 ? parts[1] : ""
        guard parts.count == 1 || (1...3).contains(decimals.count), decimals.allSatisfy({ ("0"..."9").contains($0) })
        else { return nil }
        let fraction = Int64(decimals + String(repeating: "0", count: 3 - decimals.count)) ?? 0
        return whole * 1000 + (parts[0].hasPrefix("-") ? -fraction : fraction)
    }
}

extension SourceNode.Scalar {
    /// The place of a character of the text: exact in a `|` block, and where the text is written on one line and
    /// without escapes; else where the text starts.
    func place(of offset: Int, from start: SourcePlace) -> SourcePlace {
        var place = start
        if let indentation {
            let before = text.unicodeScalars.prefix(offset).split(separator: "\n", omittingEmptySubsequences: false)
            place.line += before.count
            place.column = indentation + (before.last?.count ?? 0) + 1
            return place
        }
        guard style != .block, !text.unicodeScalars.prefix(offset).contains("\n") else { return start }
        place.column += offset + (style == .quoted ? 1 : 0)
        return place
    }
}
