import DRRunbook
import Testing

/// `limits`: what an attempt's processes may hold.
@Suite struct LimitsTests {
    private func plan(_ step: String) -> Diagnosed<Plan> {
        RunbookSources(
            runbook: Fixture.runbook(steps: "    - { id: a, \(step) }", spec: "  environments: { e: { for: real } }")
        ).plan(PlanningRequest(mode: .real, folder: "/books"), world: PlanningWorld(file: { _ in nil }))
    }

    @Test func areFrozenInBytes() throws {
        let planned = plan(
            "run: [\"true\"], limits: { memory: 512MiB, processes: 20 }, rollback: { run: [\"true\"], limits: { memory: 2GiB } }"
        )
        let frozen = try #require(planned.value)
        #expect(frozen.steps[0].limits == ProcessLimits(memoryBytes: 512 << 20, processes: 20))
        #expect(frozen.rollbacks[0].limits == ProcessLimits(memoryBytes: 2 << 30))
    }

    @Test(arguments: [
        ("run: [\"true\"], limits: { memory: 512 }", "`512` is not a size"),
        ("run: [\"true\"], limits: { memory: 0MiB }", "`0MiB` is not a size"),
        ("run: [\"true\"], limits: { memory: 9999999999999GiB }", "`9999999999999GiB` is not a size"),
        ("run: [\"true\"], limits: { processes: 0 }", "0 is outside of 1 to 1000000"),
        ("wait: { tcp: \"db:1\" }, limits: { processes: 2 }", "`wait` steps take no `limits`: only commands have them"),
    ]) func thatCannotBeMeant(step: String, message: String) {
        let messages = plan(step).diagnostics.map(\.message)
        #expect(messages.count == 1)
        #expect(messages.first?.hasPrefix(message) == true, "\(messages)")
    }

    @Test(arguments: [(Int64(1 << 20), "1 MiB"), (3 << 29, "1.5 GiB"), (1000, "0.9 KiB"), (5 << 30, "5 GiB")])
    func words(bytes: Int64, words: String) { #expect(ProcessLimits.words(bytes: bytes) == words) }
}
