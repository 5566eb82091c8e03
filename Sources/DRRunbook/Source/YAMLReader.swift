import Yams

/// Text to `SourceNode`, with everything refused that makes YAML mean something else than it shows:
/// anchors, aliases, merge keys, tags, duplicate keys, several documents, great size and depth.
///
/// Yams has no switch against aliases and stops at the first mapping with a duplicate key. So it is given a
/// copy of the text of the same shape: every `&` and `*` is replaced by a private-use character, which makes a
/// would-be anchor or alias an ordinary scalar that starts with it, found by its place (in a text it is just a
/// character, and put back afterwards); and while Yams reports a duplicate key, that key's first occurrence is
/// renamed and the text read again. No alias ever exists, so nothing can be expanded.
struct YAMLReader {
    static let maximumDepth = 64
    /// After so many duplicate keys the rest is not looked for; fewer in a long text, which is read anew for each.
    private var maximumDuplicates: Int { min(50, max(1, (32 << 20) / max(1, scalars.count))) }

    private static let ampersand: Unicode.Scalar = "\u{E0F0}"
    private static let asterisk: Unicode.Scalar = "\u{E0F1}"
    /// The first of the characters that renamed keys start with.
    private static let firstRename: UInt32 = 0xE100

    private let file: String
    private var scalars: [Unicode.Scalar]
    /// Where each line begins, the first one at 0. What takes a scalar's place is never a line's end.
    private let lineStarts: [Int]
    /// What a renamed key began with, by the character that took its place.
    private var renamed: [Unicode.Scalar: Unicode.Scalar] = [:]
    private(set) var diagnostics: [Diagnostic] = []

    /// - Returns: the document, as far as it could be read, and what was wrong.
    static func read(_ bytes: [UInt8], file: String) -> (node: SourceNode?, diagnostics: [Diagnostic]) {
        guard bytes.count <= SourceText.maximumBytes else {
            let place = SourcePlace(file: file, line: 1, column: 1)
            return (nil, [Diagnostic(.tooLarge, at: place, "the file is larger than 8 MiB", fix: "split it")])
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let place = placeOfBadByte(bytes, file: file)
            return (nil, [Diagnostic(.encoding, at: place, "the file is not UTF-8", fix: "save it as UTF-8")])
        }
        var reader = YAMLReader(file: file, text: text)
        let node = reader.compose()
        return (node, reader.diagnostics)
    }

    private init(file: String, text: String) {
        self.file = file
        scalars = Array(text.unicodeScalars)
        lineStarts = [0] + scalars.indices.lazy.filter { [scalars] in scalars[$0] == "\n" }.map { $0 + 1 }
    }

    private static func placeOfBadByte(_ bytes: [UInt8], file: String) -> SourcePlace {
        let repaired = String(decoding: bytes, as: UTF8.self).unicodeScalars
        var place = SourcePlace(file: file, line: 1, column: 1)
        for scalar in repaired {
            if scalar == "\u{FFFD}" { break }
            if scalar == "\n" {
                place.line += 1
                place.column = 1
            } else {
                place.column += 1
            }
        }
        return place
    }

    // MARK: Composing

    private mutating func compose() -> SourceNode? {
        guard refusePrivateUse() else { return nil }
        for index in scalars.indices {
            if scalars[index] == "&" { scalars[index] = Self.ampersand }
            if scalars[index] == "*" { scalars[index] = Self.asterisk }
        }
        while true {
            do {
                // Short texts are padded: the parser keeps a pointer into the text, which has to have its own storage.
                let padding = String(repeating: "\n", count: 64)
                let parser = try Parser(
                    yaml: String(String.UnicodeScalarView(scalars)) + padding, resolver: .basic, encoding: .utf8)
                guard let root = try parser.singleRoot() else {
                    report(.yaml, place(line: 1, column: 1), "the file is empty")
                    return nil
                }
                return convert(root, depth: 1)
            } catch YamlError.duplicatedKeysInMapping(_, let context) where renamed.count < maximumDuplicates {
                guard rename(at: context.mark) else {
                    report(.duplicateKey, place(context.mark), "a key is written twice")
                    return nil
                }
            } catch {
                reportFailure(error)
                return nil
            }
        }
    }

    /// Gives the key at a place a first character that nothing else has.
    private mutating func rename(at mark: Mark) -> Bool {
        guard var index = index(line: mark.line, column: mark.column) else { return false }
        if scalars[index] == "\"" || scalars[index] == "'" { index += 1 }
        guard index < scalars.count, let unique = Unicode.Scalar(Self.firstRename + UInt32(renamed.count)),
            scalars[index] != "\"", scalars[index] != "'", scalars[index] != "\\", scalars[index] != ":",
            renamed[scalars[index]] == nil
        else { return false }
        renamed[unique] = scalars[index]
        scalars[index] = unique
        return true
    }

    private func index(line: Int, column: Int) -> Int? {
        guard lineStarts.indices.contains(line - 1) else { return nil }
        let index = lineStarts[line - 1] + column - 1
        return scalars.indices.contains(index) ? index : nil
    }

    private mutating func refusePrivateUse() -> Bool {
        if scalars.first == "\u{FEFF}" {
            report(
                .encoding, place(line: 1, column: 1), "the file begins with a byte order mark",
                fix: "save it as UTF-8 without one")
            return false
        }
        var line = 1
        var column = 1
        for scalar in scalars {
            if (0xE000...0xF8FF).contains(scalar.value) {
                report(
                    .encoding, place(line: line, column: column),
                    "there is a private-use character, which shows differently on every machine", fix: "remove it")
                return false
            }
            if scalar == "\n" {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        return true
    }

    // MARK: Converting

    private mutating func convert(_ node: Node, depth: Int) -> SourceNode {
        let place = place(node.mark)
        let unreadable = SourceNode(content: .unreadable, place: place)
        guard depth <= Self.maximumDepth else {
            report(.tooDeep, place, "lists and mappings nest more than \(Self.maximumDepth) deep")
            return unreadable
        }
        switch node {
        case .scalar(let scalar):
            return convert(scalar, at: place) ?? unreadable
        case .sequence(let sequence):
            refuseTag(sequence.tag, at: place)
            let elements = sequence.map { convert($0, depth: depth + 1) }
            return SourceNode(content: .sequence(elements), place: place)
        case .mapping(let mapping):
            refuseTag(mapping.tag, at: place)
            return SourceNode(content: .mapping(convertEntries(mapping, depth: depth)), place: place)
        case .alias:
            report(.anchor, place, "aliases are not part of the language")
            return unreadable
        }
    }

    private mutating func convertEntries(_ mapping: Node.Mapping, depth: Int) -> [SourceNode.Entry] {
        var entries: [SourceNode.Entry] = []
        var places: [String: SourcePlace] = [:]
        for (key, value) in mapping {
            guard let name = key.scalar, let keyNode = convert(name, at: place(key.mark)),
                let text = keyNode.scalar?.text
            else {
                if key.scalar == nil {
                    report(.wrongType, place(key.mark), "a key is \(key.sequence == nil ? "a mapping" : "a list")")
                }
                continue
            }
            if text == "<<", name.style == .plain {
                report(
                    .mergeKey, place(key.mark), "merge keys are not part of the language",
                    fix: "write the keys where they belong")
                continue
            }
            let converted = convert(value, depth: depth + 1)
            if let first = places[text] {
                report(
                    .duplicateKey, place(key.mark), "`\(text)` is written twice; first in line \(first.line)",
                    fix: "keep one of them")
                continue
            }
            places[text] = keyNode.place
            entries.append(SourceNode.Entry(key: Placed(text, at: keyNode.place), value: converted))
        }
        return entries
    }

    private mutating func convert(_ scalar: Node.Scalar, at place: SourcePlace) -> SourceNode? {
        let isPlain = scalar.style == .plain
        if isPlain, let first = scalar.string.unicodeScalars.first, first == Self.ampersand || first == Self.asterisk {
            report(
                .anchor, place, "anchors and aliases are not part of the language",
                fix: "write the value out; a text that starts with & or * needs quotes")
            return nil
        }
        refuseTag(scalar.tag, at: place)
        let style: SourceNode.Scalar.Style =
            switch scalar.style {
            case .literal, .folded: .block
            case .singleQuoted, .doubleQuoted: .quoted
            default: .plain
            }
        let text = restored(scalar.string)
        let indentation = scalar.style == .literal ? indentation(below: place, startsBlank: text.hasPrefix("\n")) : nil
        return SourceNode(
            content: .scalar(SourceNode.Scalar(text: text, style: style, indentation: indentation)), place: place)
    }

    /// How far the first line of a `|` block is indented; nil where that is not simple to tell.
    private func indentation(below header: SourcePlace, startsBlank: Bool) -> Int? {
        guard !startsBlank, let start = index(line: header.line + 1, column: 1) else { return nil }
        let headerLine = scalars[..<start].dropLast().reversed().prefix { $0 != "\n" }
        // An indentation that is written as a number counts from the parent's.
        guard !headerLine.contains(where: { ("1"..."9").contains($0) }) else { return nil }
        return scalars[start...].prefix { $0 == " " }.count
    }

    private func restored(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { (0xE000...0xF8FF).contains($0.value) }) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case Self.ampersand: result.append("&")
            case Self.asterisk: result.append("*")
            default: result.append(renamed[scalar] ?? scalar)
            }
        }
        return String(result)
    }

    /// The types that an untagged node has anyway, once Yams has looked at it.
    private static let untagged: Set<String> = [
        "", Tag.Name.str.rawValue, Tag.Name.seq.rawValue, Tag.Name.map.rawValue,
    ]

    private mutating func refuseTag(_ tag: Tag, at place: SourcePlace) {
        // A tag that says what Yams would have found anyway shows only in the text.
        let isWritten = index(line: place.line, column: place.column).map { scalars[$0] } == "!"
        guard isWritten || !Self.untagged.contains(tag.description) else { return }
        report(.tag, place, "tags are not part of the language", fix: "leave `\(tag)` out")
    }

    // MARK: Reporting

    private func place(_ mark: Mark?) -> SourcePlace { place(line: mark?.line ?? 1, column: mark?.column ?? 1) }

    /// What the parser misses at the end of what it was given, the text misses at its own end.
    private func place(line: Int, column: Int) -> SourcePlace {
        guard line > lineStarts.count || (line == lineStarts.count && line > 1 && scalars.last == "\n") else {
            return SourcePlace(file: file, line: line, column: column)
        }
        let end = scalars.lastIndex { $0 != "\n" }.map { $0 + 1 } ?? 0
        let last = max(1, lineStarts.lastIndex { $0 <= end }.map { $0 + 1 } ?? 1)
        return SourcePlace(file: file, line: last, column: end - lineStarts[last - 1] + 1)
    }

    private mutating func report(
        _ code: Diagnostic.Code, _ place: SourcePlace, _ message: String, fix: String? = nil
    ) {
        diagnostics.append(Diagnostic(code, at: place, message, fix: fix))
    }

    private mutating func reportFailure(_ error: any Error) {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            if let anchor = anchorBefore(line: mark.line) {
                report(
                    .anchor, anchor, "anchors and aliases are not part of the language", fix: "write the value out")
            }
            report(.yaml, place(mark), "not YAML: \(problem)")
        case YamlError.reader(let problem, let offset, _, _):
            let before = String(String.UnicodeScalarView(scalars)).prefix(offset ?? 0).unicodeScalars
            let line = before.count { $0 == "\n" } + 1
            let column = before.reversed().prefix { $0 != "\n" }.count + 1
            report(.encoding, place(line: line, column: column), "not YAML: \(problem)", fix: "remove the character")
        default:
            report(.yaml, place(line: 1, column: 1), "not YAML: \(error)")
        }
    }

    /// Where an anchor or alias stands in the last lines before an error that it probably led to.
    private func anchorBefore(line: Int) -> SourcePlace? {
        let lines = scalars.split(separator: "\n", omittingEmptySubsequences: false)
        for number in stride(from: min(line, lines.count), through: max(1, line - 2), by: -1) {
            let text = lines[number - 1]
            for index in text.indices where text[index] == Self.ampersand || text[index] == Self.asterisk {
                let follows = index + 1 < text.endIndex ? text[index + 1].properties.isAlphabetic : false
                let leads = index == text.startIndex || " [{,".unicodeScalars.contains(text[index - 1])
                if follows, leads { return place(line: number, column: index - text.startIndex + 1) }
            }
        }
        return nil
    }
}
