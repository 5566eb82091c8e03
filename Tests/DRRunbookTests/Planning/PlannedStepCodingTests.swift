import DRCrypto
import DRTestSupport
import Testing

@testable import DRRunbook

@Suite struct PlannedStepCodingTests {
    private static let retry = RetryPolicy(
        attempts: 3, initial: .seconds(2), factorThousandths: 1500, maximum: .minutes(1), jitter: .none,
        exitCodes: [75, -1])

    private static let need = Need(step: "fence", accept: [.succeeded, .skipped])

    private func step() throws -> PlannedStep {
        var step = PlannedStep(
            id: "restore", title: "a \"title\"", action: .run(.argv([Template("psql"), Template("-c")])),
            needs: [Self.need],
            condition: try Expression(source: "run.mode == 'drill'"), effect: .checkable, place: .inside,
            placeReason: "it has to", timeout: .seconds(7), within: .minutes(2), retry: Self.retry,
            onFailure: .hold(unattended: .seconds(9)), probe: .tcp(Template("db:5432")),
            env: ["A": .text(Template("b")), "S": .secret("token")], outputs: ["rows": .integer],
            marks: [PlannedMark(clock: .proven, service: "orders", at: Template("x"), synthetic: true)],
            measures: PlannedMeasure(loss: .source, service: "orders"),
            background: BackgroundPolicy(ready: .run(.script("true")), until: "stop", onLoss: .restart),
            concurrency: "disk", undoes: "promote", skipInDrill: "never there", differsInDrill: true,
            digest: Digest.of("x"))
        step.limits = ProcessLimits(memoryBytes: 1 << 40, processes: 3)
        step.gate = PlannedGate(dependency: "dns", freshFor: .seconds(1), retryAfter: .seconds(2))
        step.escalation = PlannedEscalation(of: "approve", after: .seconds(3))
        return step
    }

    @Test func everyPropertyOfAStepIsWrittenAndRead() throws {
        #expect(try faultsOfCoding(step()) == [])
        #expect(try faultsOfCoding(Self.need) == [])
        #expect(try faultsOfCoding(Self.retry) == [])
    }

    @Test func whatIsAbsentHasNoMember() throws {
        let least = PlannedStep(id: "s", title: "s", action: .run(.argv([Template("true")])), digest: StepDigest.none)
        let text = String(decoding: try PlanCodec.canonical(least, what: "a step"), as: UTF8.self)
        #expect(
            text.replacing(StepDigest.none.hex, with: "0")
                == #"{"action":{"run":{"argv":["true"]}},"differsInDrill":false,"digest":"0","effect":"read","env":{},"id":"s","marks":[],"needs":[],"onFailure":{"hold":{"unattended":600000000000}},"outputs":{},"place":"outside","retry":{"attempts":1,"factorThousandths":2000,"initial":1000000000,"jitter":"full","maximum":60000000000},"title":"s"}"#
        )
    }
}
