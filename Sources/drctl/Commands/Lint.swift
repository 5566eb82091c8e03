import ArgumentParser
import DRRunbook
import DRSystem
import SystemPackage

struct Lint: Command {
    static let configuration = CommandConfiguration(
        abstract: "Check runbooks, site files and catalogues: every mistake at once, with its place and the fix.",
        discussion: """
            Exits 40 where there is a mistake. With --strict it advises too, by number:
            the page Advice says why, and a runbook's `metadata.accepts` keeps what is
            not taken, with the reason. Advice alone exits 4.

            Example:  drctl lint --strict Runbooks/*.yaml
            """)

    @Argument(help: "Files; what each is says its `kind`.", completion: .file(extensions: ["yaml"]))
    var files: [String]
    @Flag(help: "Advise also where nothing is wrong.")
    var strict = false
    @OptionGroup var output: OutputOptions

    struct Row: Encodable {
        var file: String
        var line: Int
        var column: Int
        var severity: String
        var code: String
        var message: String
        var fix: String?
    }

    func perform() async throws -> Outcome {
        var found: [Diagnostic] = []
        var sources: [SourceText] = []
        var unread: [Failure] = []
        for file in files {
            // One that cannot be read hides nothing of the others.
            do { found += try diagnostics(of: file, &sources) } catch { unread.append(Failure(error)) }
        }
        if files.count == 1, let failure = unread.first { throw failure }
        for failure in unread { Output.note(failure.text) }
        found = found.inOrder
        let rows = found.map {
            Row(
                file: $0.place.file, line: $0.place.line, column: $0.place.column, severity: $0.severity.rawValue,
                code: $0.code.rawValue, message: $0.message, fix: $0.fix)
        }
        let text =
            found.isEmpty
            ? "\(counted(files.count - unread.count, "file")): no mistakes"
            : found.map(DiagnosticView(sources).text).joined(separator: "\n")
        return .run(
            unread.map(\.exit)
                + (found.hasErrors
                    ? [.runbookInvalid] : found.contains { $0.severity == .advice } ? [.policyMissed] : []),
            text: text, result: rows)
    }

    private func diagnostics(of file: String, _ sources: inout [SourceText]) throws -> [Diagnostic] {
        let source = try RunbookOptions.text(file)
        sources.append(source)
        switch RunbookSources.kind(of: source) {
        case "Site": return SiteDecoder.decode(source).diagnostics
        case "Catalogue": return CatalogueDecoder.decode(source).diagnostics
        default:
            let folder = FilePath(file).removingLastComponent()
            let (site, catalogue) = (try Self.beside(folder, "site.yaml"), try Self.beside(folder, "services.yaml"))
            let all = RunbookSources(
                runbook: source, site: site, catalogue: catalogue, parts: try RunbookOptions.parts(of: source))
            sources += all.texts
            let checked = all.check(
                in: try RunbookOptions.world(of: file))
            guard strict, let sound = checked.sound else { return checked.diagnostics }
            return checked.diagnostics + Adviser.advice(for: sound.runbook, catalogue: sound.catalogue)
        }
    }

    private static func beside(_ folder: FilePath, _ name: String) throws -> SourceText? {
        let path = folder.appending(name).string
        return try FileStatus.ifPresent(at: Paths.absolute(path)) == nil ? nil : try RunbookOptions.text(path)
    }
}
