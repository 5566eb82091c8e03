import ArgumentParser
import DRJournal
import DRMachine

struct Watch: Command {
    static let configuration = CommandConfiguration(
        abstract: "Follow a run that another process drives, until it is closed.",
        discussion: "Example:  drctl watch orders-20261122")

    @OptionGroup var selection: RunSelection
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        var view = try selection.select("watch") { !$0.isClosed }
        let directory = view.directory
        var display = try RunDisplay(plan: view.plan)
        var shown = 0
        while true {
            display.show(view.contents.events.dropFirst(shown).map { $0 }, state: view.state)
            shown = view.contents.events.count
            if view.isClosed { break }
            try await Task.sleep(for: .milliseconds(250))
            view = try RunView(reading: directory)
        }
        display.end(view.state)
        let summary = RunSummary(view)
        return .run(summary.conditions, text: "\(summary.run): \(summary.status)", result: summary)
    }
}
