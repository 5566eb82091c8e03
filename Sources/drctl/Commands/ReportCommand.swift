import ArgumentParser
import DREvidence
import DRJournal
import DRSystem

struct ReportCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Derive a run's record and report again from its journal, and say what they show.",
        discussion: "Example:  drctl report orders-20261122")

    @OptionGroup var selection: RunSelection
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        let view = try selection.select("report") { $0.isClosed }
        let summary = try RunConclusion(view).write()
        return .run(summary.conditions, text: summary.text, result: summary)
    }
}
