import Testing

/// Types and functions that other rooms see say what they give. Properties and cases speak by their names where they
/// can, initialisers that only take over what they are given say nothing new, and neither does what a protocol, of the
/// house or of the standard library, has said already.
@Suite struct DocumentationTests {
    /// What the house's own protocols ask for, by name.
    private static let promised = Set(House.sources.flatMap { Documentation.requirements(in: $0.source) })

    @Test("Types and functions that other rooms see are documented", arguments: House.sources)
    func documented(file: HouseFile) {
        for (line, name) in Documentation.gaps(in: file.source, promised: Self.promised) {
            Issue.record("\(file.path):\(line): no documentation comment: \(name)")
        }
    }

    @Test(
        "A gap is seen",
        arguments: [
            "package struct S {}", "package func f() -> Int", "// no\npackage enum E {}",
            "@inlinable\npackage static func g() {}", "package indirect enum E {}",
            "package init?(_ text: String) {\n    nil\n}",
            "package init(a: Int) {\n    self.a = compute(a)\n}",
        ])
    func seen(text: String) {
        #expect(Documentation.gaps(in: SwiftSource(text)).count == 1)
    }

    @Test("What a protocol asks for is said there")
    func promisedElsewhere() {
        let house = SwiftSource("package protocol P {\n    /// It is.\n    func f(x: Int)\n}\nfunc g() {}")
        #expect(Documentation.requirements(in: house) == ["f"])
        #expect(Documentation.gaps(in: SwiftSource("package func f(x: Int) {}"), promised: ["f"]).isEmpty)
        #expect(Documentation.gaps(in: SwiftSource("package func g() {}"), promised: ["f"]).count == 1)
    }

    @Test(
        "What is documented or needs no word passes",
        arguments: [
            "/// It is.\npackage struct S {}", "/// It is.\n@frozen\npackage enum E {}", "struct S {}",
            "package var x: Int",
            "package init(a: Int) {\n    self.a = a\n}", "package static func < (one: S, other: S) -> Bool { true }",
            "package func encode(to encoder: any Encoder) throws {}", "package import A",
            "package init(a: Int) { self.a = a }",
            "package init(f: () -> Int = { 1 }) {\n    self.f = f\n}",
            "package init(\n    a: Int, b: Int\n) {\n    self.a = a\n    (self.b, self.c) = (b, nil)\n}",
        ])
    func passes(text: String) {
        #expect(Documentation.gaps(in: SwiftSource(text)).isEmpty)
    }
}

/// Finds declarations without a documentation comment.
enum Documentation {
    private static let witnesses = [
        "func encode(to", "init(from decoder", "func hash(into", "static func ==", "static func <", "static func +",
        "static func -", "init(stringLiteral", "init(rawValue", "init?(rawValue", "init?(codingKey",
        "func makeIterator()",
        "init?(_ description: String)", "init(stringInterpolation", "init(integerLiteral",
    ]

    /// The names of functions that protocols of this file ask for.
    static func requirements(in source: SwiftSource) -> [String] {
        var names: [String] = []
        var isInside = false
        for line in source.code {
            if line.hasPrefix("package protocol ") { isInside = true }
            if line.hasPrefix("}") { isInside = false }
            if isInside, let name = function(line.split(separator: " ")[...]) { names.append(name) }
        }
        return names
    }

    private static func function(_ words: ArraySlice<Substring>) -> String? {
        guard let index = words.firstIndex(of: "func"), index + 1 < words.endIndex else { return nil }
        return String(words[index + 1].prefix { $0.isLetter || $0.isNumber })
    }

    static func gaps(in source: SwiftSource, promised: Set<String> = []) -> [(line: Int, name: String)] {
        source.code.indices.compactMap { index in
            let words = source.code[index].split(separator: " ")
            guard words.first == "package", words.count > 1, declares(words.dropFirst()) else { return nil }
            let declaration = words.dropFirst().joined(separator: " ")
            if witnesses.contains(where: { declaration.hasPrefix($0) }) || isDocumented(index, source) { return nil }
            if declaration.hasPrefix("init("), takesOver(index, source) { return nil }
            if let name = function(words[...]), promised.contains(name) { return nil }
            return (index + 1, declaration)
        }
    }

    private static func declares(_ words: ArraySlice<Substring>) -> Bool {
        let modifiers: Set<Substring> = [
            "static", "mutating", "consuming", "borrowing", "final", "indirect", "nonisolated", "class",
        ]
        guard let word = words.first(where: { !modifiers.contains($0) }) else { return false }
        let isClass = words.contains("class") && !words.contains("func") && !words.contains("var")
        return isClass || ["struct", "enum", "actor", "protocol", "func"].contains(word) || word.hasPrefix("init(")
            || word.hasPrefix("init?(") || word.hasPrefix("init<")
    }

    private static func isDocumented(_ index: Int, _ source: SwiftSource) -> Bool {
        var above = index - 1
        while above >= 0 {
            let line = source.lines[above].drop { $0 == " " }
            if line.hasPrefix("///") || line.hasPrefix("*/") { return true }
            guard line.hasPrefix("@") else { return false }
            above -= 1
        }
        return false
    }

    /// Whether an initialiser's body does nothing but assign its parameters.
    private static func takesOver(_ index: Int, _ source: SwiftSource) -> Bool {
        var depth = 0
        var openParentheses = 0
        var body = ""
        for line in source.code[index...] {
            for character in line {
                // A closure that is a parameter's default is not the body.
                if depth == 0 {
                    if character == "(" { openParentheses += 1 }
                    if character == ")" { openParentheses -= 1 }
                    if openParentheses > 0 { continue }
                }
                if character == "{" { depth += 1 }
                if depth > 0 { body.append(character) }
                if character == "}" {
                    depth -= 1
                    if depth == 0 { return isAssignments(body) }
                }
            }
            if depth > 0 { body.append("\n") }
        }
        return false
    }

    private static func isAssignments(_ body: String) -> Bool {
        let statements = body.dropFirst().dropLast().split(whereSeparator: { $0 == "\n" || $0 == ";" })
            .map { $0.drop { $0 == " " } }.filter { !$0.isEmpty }
        return statements.allSatisfy { statement in
            let sides = statement.split(separator: "=", maxSplits: 1)
            return sides.count == 2 && !sides[1].replacing("(", with: " ").isEmpty
                && (statement.hasPrefix("self.") || statement.hasPrefix("(self.") || !sides[0].contains("("))
                && !sides[1].contains { $0 == "." } && !isCall(sides[1])
        }
    }

    /// `f(x)` is a call; `(x, nil)` and `x` are not.
    private static func isCall(_ text: Substring) -> Bool {
        zip(text, text.dropFirst()).contains { before, next in next == "(" && (before.isLetter || before.isNumber) }
    }
}
