import DRTestSupport
import Foundation
import Testing

/// Every file of `Scenarios/`, replayed: what comes out has to be what the file says.
@Suite struct ScenarioTests {
    static let names: [String] = {
        let folder = GoldenFile("Scenarios").path
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasSuffix(".txt") }.sorted()
    }()

    @Test func thereAreScenarios() { #expect(!Self.names.isEmpty) }

    @Test(arguments: names)
    func isFollowed(name: String) throws {
        let file = GoldenFile("Scenarios/\(name)")
        try file.expect(try Scenario.replay(file.text()))
    }
}
