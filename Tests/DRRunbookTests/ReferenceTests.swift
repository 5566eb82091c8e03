import DRTestSupport
import Testing

@testable import DRRunbook

/// The reference says of every key what the decoder's own definitions say.
@Suite struct ReferenceTests {
    private static let page = GoldenFile("../../Sources/DRRunbook/DRRunbook.docc/RunbookReference.md")

    /// Every object of the language by its name on the page.
    static let objects: [String: ObjectSchema] = {
        var objects: [String: ObjectSchema] = [:]
        func collect(_ shape: Shape, within root: String) {
            switch shape {
            case .object(let object):
                var name = object.name
                if root == "a site", name == "spec" || name == "a repository" {
                    name = name == "spec" ? "site spec" : "a site's repository"
                }
                if root != "a runbook", ["metadata", "spec"].contains(name) { name = "\(root) \(name)" }
                if let known = objects[name] {
                    // Checks differ only in name, inDrill repeats the step's keys.
                    precondition(known.keys.map(\.name) == object.keys.map(\.name), "two objects are called \(name)")
                    return
                }
                objects[name] = object
                for key in object.keys { collect(key.shape, within: root) }
                if let others = object.others { collect(others, within: root) }
            case .list(let element, _): collect(element, within: root)
            case .map(let value): collect(value, within: root)
            case .either(let shapes): shapes.forEach { collect($0, within: root) }
            default: break
            }
        }
        for document in [RunbookSchema.document, SiteSchema.document, CatalogueSchema.document] {
            collect(.object(document), within: document.name)
        }
        return objects
    }()

    private static func table(of object: ObjectSchema) -> String {
        var lines = ["| key | value | |", "|---|---|---|"]
        for key in object.keys {
            let name = key.isRequired ? "**`\(key.name)`**" : "`\(key.name)`"
            lines.append("| \(name) | \(key.shape.description) | \(key.summary) |")
        }
        if !object.exactlyOne.isEmpty {
            lines += ["", "Exactly one of \(object.exactlyOne.map { "`\($0)`" }.joined(separator: ", "))."]
        }
        return lines.joined(separator: "\n")
    }

    @Test func tablesAreTheDecodersOwn() throws {
        let text = try Self.page.text()
        var result: [String] = []
        var isInside = false
        var shown: Set<String> = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "<!-- end -->" { isInside = false }
            if !isInside { result.append(String(line)) }
            guard line.hasPrefix("<!-- keys: "), line.hasSuffix(" -->") else { continue }
            let name = String(line.dropFirst(11).dropLast(4))
            let object = try #require(Self.objects[name], "no object of the language is called \(name)")
            shown.insert(name)
            result.append(Self.table(of: object))
            isInside = true
        }
        // What is behind the definitions is written anew by DRCTL_RECORD=1.
        try Self.page.expect(result.joined(separator: "\n"))
        let untold = Set(Self.objects.keys).subtracting(shown).sorted()
        // Told in words, or by a table with the same keys.
        #expect(
            untold == [
                "a catalogue metadata", "a catalogue spec", "a need", "a probe", "a site metadata", "a target",
                "a variable", "hold", "inDrill", "onFailure", "place", "ready",
            ])
    }
}
