import DRRunbook
import DRTestSupport
import Testing

@testable import DRMachine

@Suite struct AttemptCodingTests {
    @Test func everyPropertyIsWrittenAndRead() throws {
        var spec = EventSamples.spec
        spec.limits = ProcessLimits(memoryBytes: 1 << 30, processes: 7)
        spec.turn = GroupTurn(group: "disk", limit: 2)
        #expect(try faultsOfCoding(spec) == [])
        #expect(try faultsOfCoding(EventSamples.start) == [])
        let record = OutputRecord(
            path: "outside/out/a#1.err", sha256: EventSamples.digest, sizeBytes: 0, truncated: false, tail: "\u{7f} é")
        var end = EventSamples.end
        end.standardError = record
        #expect(try faultsOfCoding(record) == [])
        #expect(try faultsOfCoding(end) == [])
    }
}
