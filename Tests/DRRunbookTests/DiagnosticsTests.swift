import DRRunbook
import DRTestSupport
import Testing

/// Runbooks full of mistakes, and everything that is said about them.
@Suite struct DiagnosticsTests {
    @Test(arguments: ["ten-mistakes", "text", "shape", "meaning", "values", "broken"])
    func runbook(name: String) throws {
        let sources = RunbookSources(
            runbook: try Fixture.source("Diagnostics/\(name).yaml"), site: try Fixture.source("Diagnostics/site.yaml"),
            catalogue: try Fixture.source("Diagnostics/services.yaml"))
        let checked = sources.check()
        #expect(checked.diagnostics == checked.diagnostics.sorted())
        #expect(checked.sound == nil)
        try GoldenFile("Golden/\(name).diagnostics.txt").expect(Fixture.text(checked.diagnostics))
    }

    @Test func tenMistakesGiveTenErrors() throws {
        let sources = RunbookSources(
            runbook: try Fixture.source("Diagnostics/ten-mistakes.yaml"),
            site: try Fixture.source("Diagnostics/site.yaml"),
            catalogue: try Fixture.source("Diagnostics/services.yaml"))
        let diagnostics = sources.check().diagnostics
        let errors = diagnostics.filter { $0.severity == .error }
        #expect(errors.count >= 10)
        #expect(Set(errors.map(\.code)).count >= 10)
        #expect(diagnostics.allSatisfy { $0.place.line > 1 && $0.place.column >= 1 })
    }

    @Test func site() throws {
        let decoded = SiteDecoder.decode(try Fixture.source("Diagnostics/bad-site.yaml"))
        try GoldenFile("Golden/bad-site.diagnostics.txt").expect(Fixture.text(decoded.diagnostics))
    }

    @Test func catalogue() throws {
        let decoded = CatalogueDecoder.decode(try Fixture.source("Diagnostics/bad-services.yaml"))
        try GoldenFile("Golden/bad-services.diagnostics.txt").expect(Fixture.text(decoded.diagnostics))
    }

    @Test func anotherKindOfFileSaysSo() throws {
        let decoded = RunbookDecoder.decode(try Fixture.source("Diagnostics/site.yaml"))
        #expect(decoded.diagnostics.map(\.code) == [.kind])
        #expect(decoded.diagnostics.map(\.message) == ["this is a Site, and a Runbook was asked for"])
    }
}
