import DRTestSupport
import Foundation
import Testing

/// Every command's help is what it was, and shows an example.
@Suite struct HelpTests {
    /// A command as argument-parser describes it.
    private struct Description: Decodable {
        var commandName: String
        var shouldDisplay: Bool?
        var subcommands: [Description]?

        /// Words after `drctl`, for every command that is shown.
        func paths(below words: [String]) -> [[String]] {
            (subcommands ?? []).filter { $0.shouldDisplay != false && $0.commandName != "help" }.flatMap { command in
                let path = words + [command.commandName]
                return [path] + command.paths(below: path)
            }
        }
    }

    private struct Dump: Decodable { var command: Description }

    private func drctl(_ words: [String]) throws -> Transcript.Step {
        var step = Transcript.Step(command: "drctl " + words.joined(separator: " "))
        try Shell().run(&step)
        return step
    }

    @Test func everyCommandsHelpIsGoldenAndHasAnExample() throws {
        let dumped = try drctl(["--experimental-dump-help"])
        let dump = try JSONDecoder().decode(Dump.self, from: Data(dumped.output.utf8))
        let paths = dump.command.paths(below: [])
        #expect(paths.count >= 25)
        for path in [[]] + paths {
            let help = try drctl(path + ["--help"])
            #expect(help.exit == 0 && help.error.isEmpty, "\(path)")
            let isGroup = paths.contains { $0.count == path.count + 1 && $0.starts(with: path) }
            #expect(isGroup || help.output.contains("Example:"), "the help of \(path) has no example")
            #expect(help.output.split(separator: "\n").allSatisfy { $0.count <= 100 }, "\(path)")
            try GoldenFile("Golden/Help/\((["drctl"] + path).joined(separator: "-")).txt").expect(help.output)
        }
    }
}
