import DRTestSupport
import Testing

@testable import DRRunbook

/// Advice has numbers, a page, and can be known and not taken.
@Suite struct AdviceTests {
    private func advice(_ runbook: SourceText, catalogue: SourceText? = nil) throws -> [Diagnostic] {
        let checked = RunbookSources(runbook: runbook, catalogue: catalogue).check()
        let sound = try #require(checked.sound, "\(checked.diagnostics)")
        return Adviser.advice(for: sound.runbook, catalogue: sound.catalogue)
    }

    private func numbers(_ runbook: SourceText) throws -> [String] {
        try advice(runbook).compactMap(\.advice?.rawValue).sorted()
    }

    /// A runbook that no advice fits, but for a step.
    private func runbook(_ step: String, metadata: String = "", mode: String = "drill") -> SourceText {
        Fixture.runbook(
            steps: """
                    - { id: fence, title: Fenced, run: [fence], effect: idempotent, timeout: 1m, rollback: { run: [unfence] } }
                    \(step)
                """,
            spec: "  environments: { e: { for: \(mode), isolation: { mustNotReach: [\"db.example:5432\"] } } }",
            metadata: metadata)
    }

    @Test(arguments: [
        ("- { id: a, title: A, run: [a], effect: read }", ["A01"]),
        ("- { id: a, title: A, run: [a], timeout: 1m }", ["A02"]),
        ("- { id: a, title: A, manual: { instructions: do, owner: me } }", ["A03"]),
        ("- { id: a, title: A, manual: { instructions: do, owner: me, within: 5m } }", []),
        ("- { id: a, title: Promoted, run: [a], effect: idempotent, timeout: 1m }", ["A04"]),
        ("- { id: a, title: Promoted, run: [a], effect: idempotent, timeout: 1m, needs: [fence] }", []),
        ("- { id: a, title: A, approve: { within: 5m } }", ["A06"]),
        ("- { id: a, title: A, approve: { notInitiator: true } }", ["A03"]),
        ("- { id: a, run: [a], effect: read, timeout: 1m }", ["A10"]),
        ("- { id: a, title: A, run: [a], effect: idempotent, timeout: 1m, onFailure: continue }", ["A11"]),
        ("- { id: a, title: A, http: { get: \"http://web.example/\" }, timeout: 5s }", ["A13"]),
        ("- { id: a, title: A, http: { get: \"http://127.0.0.1:80/\" }, timeout: 5s }", []),
        ("- { id: a, title: A, run: [a], effect: read, timeout: 1m, inDrill: { skip: no } }", []),
        ("- { id: a, title: A, wait: { for: 1s } }", []),
    ])
    func isGivenAboutAStep(step: String, expected: [String]) throws {
        #expect(try numbers(runbook(step)) == expected)
    }

    @Test func isGivenAboutTheRunbook() throws {
        let bare = Fixture.runbook(
            steps: "    - { id: a, title: A, run: [a], effect: idempotent, timeout: 1m, inDrill: { skip: no } }",
            spec: "  environments: { e: { for: drill } }")
        #expect(try numbers(bare) == ["A05", "A07", "A14"])
        let real = Fixture.runbook(
            steps: "    - { id: a, title: A, run: [a], effect: read, timeout: 1m }",
            spec: "  environments: { e: { for: real } }")
        #expect(try numbers(real) == ["A08"])
    }

    @Test func isNotGivenWhereItIsAccepted() throws {
        let step = "- { id: a, title: A, run: [a], effect: read }"
        #expect(try numbers(runbook(step, metadata: ", accepts: { A01: it never hangs }")).isEmpty)
        let wrong = RunbookSources(runbook: runbook(step, metadata: ", accepts: { A99: what }")).check()
        #expect(wrong.diagnostics.map(\.message) == ["there is no advice `A99` that could be accepted"])
    }

    @Test func everyNumberHasAPage() throws {
        let page = try GoldenFile("../../Sources/DRRunbook/DRRunbook.docc/Advice.md").text()
        for advice in Advice.allCases { #expect(page.contains("### \(advice.rawValue): ")) }
        #expect(page.split(separator: "\n### A").count == Advice.allCases.count + 1)
    }
}
