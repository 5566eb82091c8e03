import DRRunbook
import Testing

/// Text that was made to hurt: it is refused with a place, quickly, and never ends the process.
@Suite struct HostileTextTests {
    private func codes(_ text: String) -> [Diagnostic.Code] { codes(Array(text.utf8)) }

    private func codes(_ bytes: [UInt8]) -> [Diagnostic.Code] {
        RunbookDecoder.decode(SourceText(file: "r.yaml", bytes: bytes)).diagnostics.map(\.code)
    }

    @Test func tooLarge() {
        let text = "kind: Runbook\n# " + String(repeating: "x", count: SourceText.maximumBytes)
        #expect(codes(text) == [.tooLarge])
        let fits = "kind: Runbook\n#" + String(repeating: "x", count: SourceText.maximumBytes - 15)
        #expect(fits.utf8.count == SourceText.maximumBytes)
        #expect(!codes(fits).contains(.tooLarge))
    }

    /// A text that nests, by what it is made of: its length belongs in no log.
    struct Nested: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var text: String

        init(_ opening: String, count: Int, closing: String = "") {
            testDescription = "\(opening) × \(count)"
            text = String(repeating: opening, count: count) + String(repeating: closing, count: count)
        }

        /// Keys below keys, each indented further.
        init(levels: Int) {
            testDescription = "\(levels) levels of indentation"
            text = (0..<levels).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
        }
    }

    @Test(arguments: [
        Nested("[", count: 100_000), Nested("{", count: 100_000), Nested("{a: [", count: 50_000),
        Nested("- ", count: 100_000), Nested("? ", count: 100_000), Nested(levels: 1400),
        Nested("[", count: 900, closing: "]"), Nested("{a: ", count: 900, closing: "}"),
    ])
    func tooDeep(nested: Nested) {
        let found = codes(nested.text)
        #expect(found.contains(.tooDeep) || found.contains(.yaml))
    }

    @Test(arguments: ["a: 1\nkey", "a: 1\nkey\n", "a: [1,\n\n\n", "\"", "a: {", "\n\n  \"x"])
    func whatIsMissingAtTheEndIsMissedThere(text: String) {
        let diagnostics = RunbookDecoder.decode(SourceText(file: "r.yaml", text: text)).diagnostics
        #expect(diagnostics.map(\.code) == [.yaml])
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for place in diagnostics.map(\.place) {
            guard lines.indices.contains(place.line - 1) else {
                Issue.record("no such line: \(place)")
                continue
            }
            #expect((1...lines[place.line - 1].count + 1).contains(place.column))
        }
    }

    @Test func depthIsCountedExactly() {
        func nested(_ depth: Int) -> String {
            "apiVersion: drctl/v1\nx: " + String(repeating: "[", count: depth - 1)
                + String(repeating: "]", count: depth - 1) + "\n"
        }
        #expect(!codes(nested(64)).contains(.tooDeep))
        #expect(codes(nested(65)).contains(.tooDeep))
    }

    @Test func aliasesAreNeverExpanded() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 {
            text += "a\(level): &a\(level) [" + (0..<10).map { _ in "*a\(level - 1)" }.joined(separator: ", ") + "]\n"
        }
        text += "? *a30\n: as a key\n"
        let found = codes(text)
        #expect(found.contains(.anchor))
    }

    @Test func charactersThatAreNotWhatTheyShow() {
        #expect(codes("kind: \u{E0F0}a") == [.encoding])
        #expect(codes([0x6B, 0x3A, 0x20, 0xFF]) == [.encoding])
        #expect(codes("kind: a\u{0}b") == [.encoding])
        #expect(codes("kind: a\u{7}b") == [.encoding])
        let diagnostics = RunbookDecoder.decode(SourceText(file: "r.yaml", bytes: [0x61, 0x0A, 0x62, 0x62, 0xC0]))
        #expect(diagnostics.diagnostics.first?.place == SourcePlace(file: "r.yaml", line: 2, column: 3))
    }

    @Test(arguments: [
        "", " ", "\n\n", "# nothing\n", "---\n", "...", "~", "a", "- a", "\"", "'", ":", "a: b: c", "\t", "%", "@",
    ])
    func tiny(text: String) {
        #expect(RunbookDecoder.decode(SourceText(file: "r.yaml", text: text)).diagnostics.hasErrors)
    }

    @Test func severalDocumentsAreRefused() {
        #expect(codes("a: 1\n---\nb: 2\n") == [.yaml])
    }

    /// Ampersands and asterisks in texts are only that.
    @Test func textsStayAsTheyAre() throws {
        let source = Fixture.runbook(
            steps: """
                    - id: a
                      run: [a&b, "&c", '*d', x*y, "${{ 'a & *b' }}"]
                    - id: b
                      run: |
                        case $1 in
                          *) true && wait & ;;
                        esac
                """)
        let checked = RunbookSources(runbook: source).check()
        #expect(Fixture.text(checked.diagnostics) == "")
        let plan = try #require(
            RunbookSources(runbook: source).plan(
                PlanningRequest(mode: .drill, folder: "/f"), world: PlanningWorld(file: { _ in nil })
            ).value)
        let words = ["a&b", "&c", "*d", "x*y", "a & *b"]
        #expect(plan.steps[0].action == .run(.argv(words.map { Template($0) })))
        #expect(plan.steps[1].action == .run(.script("case $1 in\n  *) true && wait & ;;\nesac\n")))
    }

    /// Every beginning of a real runbook, and the runbook with a character changed at many places.
    @Test func cutAndChangedRunbooks() throws {
        let bytes = try Fixture.runbook("first-drill.yaml").bytes
        for end in stride(from: 0, to: bytes.count, by: 397) { _ = codes(Array(bytes[..<end])) }
        let changes = Array("[]{}&*!|>'\"#%@`,:-?\n\t \u{0}".utf8) + [0xFF]
        for (step, index) in stride(from: 0, to: bytes.count, by: 241).enumerated() {
            var changed = bytes
            changed[index] = changes[step % changes.count]
            let sources = RunbookSources(runbook: SourceText(file: "r.yaml", bytes: changed))
            _ = sources.check()
        }
    }

    @Test func manyDuplicateKeysAllHavePlaces() {
        let keys = (0..<40).map { "k\($0 % 20): \($0)" }.joined(separator: "\n")
        let found = RunbookDecoder.decode(SourceText(file: "r.yaml", text: keys)).diagnostics
        let duplicates = found.filter { $0.code == .duplicateKey }
        #expect(duplicates.map(\.place.line) == Array(21...40))
        #expect(duplicates.first?.message == "`k0` is written twice; first in line 1")
    }
}
