import DRRunbook
import FoundationEssentials
import Testing

/// Files beside the tests, and of the project's `Runbooks/`.
enum Fixture {
    private static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    static let runbooks = tests.deletingLastPathComponent().deletingLastPathComponent().appending(path: "Runbooks")

    /// A file below `Tests/DRRunbookTests`; diagnostics show its last name only.
    static func source(_ path: String) throws -> SourceText {
        let url = tests.appending(path: path)
        return SourceText(file: url.lastPathComponent, bytes: Array(try Data(contentsOf: url)))
    }

    /// A file of `Runbooks/`.
    static func runbook(_ name: String) throws -> SourceText {
        SourceText(file: name, bytes: Array(try Data(contentsOf: runbooks.appending(path: name))))
    }

    static func text(_ diagnostics: [Diagnostic]) -> String {
        diagnostics.map { "\($0)\n" }.joined()
    }

    /// The files of `Runbooks/`, as planning sees them.
    static let world = PlanningWorld(
        file: { path in
            let url = runbooks.appending(path: path)
            guard let attributes = try? FileManager.default.attributesOfItem(atPath: url.path),
                attributes[.type] as? FileAttributeType == .typeRegular, let bytes = try? Data(contentsOf: url)
            else { return nil }
            return RunbookFile(
                bytes: Array(bytes), isExecutable: FileManager.default.isExecutableFile(atPath: url.path))
        },
        uid: { $0 == "root" ? 0 : nil })

    /// A minimal runbook in three lines, with more of `spec` and steps.
    static func runbook(steps: String, spec: String = "", metadata: String = "", file: String = "r.yaml") -> SourceText
    {
        let environments =
            spec.contains("environments:")
            ? "" : "  environments: { rehearsal: { for: drill }, production: { for: real } }\n"
        return SourceText(
            file: file,
            text: """
                apiVersion: drctl/v1
                kind: Runbook
                metadata: { name: r, title: R, owner: o\(metadata) }
                spec:
                  purpose: recovery
                \(environments)\(spec)
                  steps:
                \(steps)
                """)
    }
}

extension Fixture {
    /// JSON with a line for every value, for golden files that people compare.
    static func readable(_ json: [UInt8]) -> String {
        var text = ""
        var depth = 0
        var isQuoted = false
        var isEscaped = false
        func newLine() { text += "\n" + String(repeating: "  ", count: depth) }
        for character in String(decoding: json, as: UTF8.self) {
            if isQuoted {
                text.append(character)
                if character == "\"", !isEscaped { isQuoted = false }
                isEscaped = character == "\\" && !isEscaped
                continue
            }
            switch character {
            case "\"":
                isQuoted = true
                text.append(character)
            case "{", "[":
                depth += 1
                text.append(character)
                newLine()
            case "}", "]":
                depth -= 1
                // Nothing in between: on the line where it began.
                let isEmpty = text.last == " " || text.last == "\n"
                if isEmpty { while text.last == " " || text.last == "\n" { text.removeLast() } }
                if !(isEmpty && (text.last == "{" || text.last == "[")) { newLine() }
                text.append(character)
            case ",":
                text.append(character)
                newLine()
            case ":": text += ": "
            default: text.append(character)
            }
        }
        return text
    }
}
