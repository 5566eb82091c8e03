import DRTestSupport
import Foundation
import Testing

/// Every file of `Transcripts/`, run by a shell with the drctl that was built: it has to print and exit as the file
/// says. `DRCTL_RECORD=1` writes what it does.
@Suite struct TranscriptTests {
    private static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: GoldenFile("Transcripts").path)) ?? []
        return files.filter { $0.hasSuffix(".txt") }.map { String($0.dropLast(4)) }.sorted()
    }()

    @Test func thereAreTranscripts() { #expect(!Self.names.isEmpty) }

    @Test(arguments: names)
    func isFollowed(name: String) throws {
        let file = GoldenFile("Transcripts/\(name).txt")
        let shell = try Shell()
        var transcript = Transcript(try file.text())
        try transcript.run(shell)
        for step in transcript.steps where step.printsJSONAlone { try expectOneObject(step) }
        for step in transcript.steps {
            #expect(!step.output.contains("\u{1B}") && !step.error.contains("\u{1B}"), "no terminal: \(step.command)")
        }
        try file.expect(transcript.text(shell.shown))
    }

    /// `--json` prints exactly one object of the one shape, whatever happens.
    private func expectOneObject(_ step: Transcript.Step) throws {
        let parsed = try? JSONSerialization.jsonObject(with: Data(step.output.utf8))
        let object = try #require(parsed as? [String: Any], "not one object: \(step.command)\n\(step.output)")
        #expect(step.output.hasSuffix("\n") && !step.output.dropLast().contains("\n"), "\(step.command)")
        #expect(object["schema"] as? String == "drctl.output/1", "\(step.command)")
        #expect((object["exit"] as? Int).map(Int32.init) == step.exit, "\(step.command)")
        let conditions = try #require(object["conditions"] as? [String], "\(step.command)")
        #expect(!conditions.isEmpty && object["command"] is String, "\(step.command)")
        #expect(Set(object.keys) == ["schema", "command", "exit", "conditions", "result"], "\(step.command)")
    }
}
