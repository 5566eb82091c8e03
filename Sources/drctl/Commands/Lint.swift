import ArgumentParser
import DRRunbook
import DRSystem
import SystemPackage

struct Lint: Command {
    static let configuration = CommandConfiguration(
        abstract: "Check runbooks, site files and catalogues: every mistake at once, with its place and the fix.",
        discussion: "Exits 40 where there is a mistake.\n\nExample:  drctl lint Runbooks/*.yaml")

    @Argument(help: "Files; what each is says its `kind`.", completion: .file(extensions: ["yaml"]))
    var files: [String]
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
            do { found += try Self.diagnostics(of: file, &sources) } catch { unread.append(Failure(error)) }
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
            unread.map(\.exit) + (found.hasErrors ? [.runbookInvalid] : []), text: text, result: rows)
    }

    private static func diagnostics(of file: String, _ sources: inout [SourceText]) throws -> [Diagnostic] {
        let source = try RunbookOptions.text(file)
        sources.append(source)
        switch RunbookSources.kind(of: source) {
        case "Site": return SiteDecoder.decode(source).diagnostics
        case "Catalogue": return CatalogueDecoder.decode(source).diagnostics
        default:
            let folder = FilePath(file).removingLastComponent()
            let (site, catalogue) = (try beside(folder, "site.yaml"), try beside(folder, "services.yaml"))
            sources += [site, catalogue].compactMap { $0 }
            return RunbookSources(runbook: source, site: site, catalogue: catalogue).check(
                in: try RunbookOptions.world(of: file)
            ).diagnostics
        }
    }

    private static func beside(_ folder: FilePath, _ name: String) throws -> SourceText? {
        let path = folder.appending(name).string
        return try FileStatus.ifPresent(at: Paths.absolute(path)) == nil ? nil : try RunbookOptions.text(path)
    }
}
