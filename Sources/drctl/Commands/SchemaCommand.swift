import ArgumentParser
import DRRunbook

struct SchemaCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of runbooks, site files or catalogues, for editors.",
        discussion: """
            It is made from the definitions that drctl itself reads with. `drctl lint` sees more:
            what names mean, whether expressions can be read, which files there are.

            Example:  drctl schema runbook > runbook.schema.json
            """)

    /// Which file.
    enum Kind: String, ExpressibleByArgument, CaseIterable { case runbook, site, catalogue }

    @Argument(help: "runbook, site or catalogue.")
    var kind: Kind = .runbook
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        let name = JSONSchema.kinds.first { $0.lowercased() == kind.rawValue } ?? ""
        guard let text = JSONSchema.text(kind: name), let document = JSONSchema.document(kind: name) else {
            throw Failure(
                exit: .internalError, code: "schema.unknown", message: "there is no schema of \(kind.rawValue)")
        }
        return Outcome(text: text, result: document)
    }
}
