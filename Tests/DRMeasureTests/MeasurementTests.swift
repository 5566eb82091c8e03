import DRMachine
import DRMeasure
import DRRunbook
import FoundationEssentials
import Testing

@Suite struct MeasurementTests {
    private static let outputs: [String: OutputType] = ["lastWrite": .integer, "lastWriteAt": .integer]

    private static func seconds(_ seconds: Int64) -> Value { .integer(TestRun.at(seconds).wall) }

    /// source 0–10, break 10–12 (disrupted), a person from 12 to 42, restore 42–52, prove 52–60, read 60–61.
    private func drill(
        rto: Int64 = 50, recovered: [String: Value] = ["lastWrite": .integer(90), "lastWriteAt": seconds(5)]
    ) throws -> TestRun {
        var run = try TestRun(
            mode: .drill, services: [TestRun.service(rto: rto, rpo: 3, mtd: 600)],
            steps: [
                TestRun.step("source") {
                    $0.outputs = Self.outputs
                    $0.measures = PlannedMeasure(loss: .source, service: "orders")
                },
                TestRun.step("break", needs: ["source"]) {
                    $0.marks = [PlannedMark(clock: .disrupted, service: "orders")]
                },
                TestRun.step("go", needs: ["break"]) { $0.action = .approve(ApprovalCard(message: Template("Go?"))) },
                TestRun.step("restore", needs: ["go"]) { $0.differsInDrill = true },
                TestRun.step("prove", needs: ["restore"]) {
                    $0.marks = [PlannedMark(clock: .proven, service: "orders")]
                },
                TestRun.step("read", needs: ["prove"]) {
                    $0.outputs = Self.outputs
                    $0.measures = PlannedMeasure(loss: .recovered, service: "orders")
                },
            ])
        try run.run("source", from: 0, to: 10, ["lastWrite": .integer(100), "lastWriteAt": Self.seconds(9)])
        try run.run("break", from: 10, to: 12)
        if let card = run.state.steps["go"]?.card {
            try run.ask(42, .approve(step: "go", card: card.digest, comment: nil, breakGlass: false))
        }
        try run.run("restore", from: 42, to: 52)
        try run.run("prove", from: 52, to: 60)
        try run.run("read", from: 60, to: 61, recovered)
        return run
    }

    private func measure(_ run: TestRun) throws -> (Measurement, ServiceMeasurement) {
        let measurement = try Measurement(plan: run.plan, events: run.events)
        return (measurement, try #require(measurement.services.first))
    }

    @Test func aDrillsFigures() throws {
        let (measurement, orders) = try measure(drill())
        // `disrupted` takes the start of its step, `proven` the end.
        #expect(orders.recovery == .established(.seconds(50), by: .boot))
        #expect(orders.total == .established(.seconds(50), by: .boot))
        #expect(orders.waitingForPeople == .established(.seconds(30), by: .boot))
        #expect(orders.execution == .established(.seconds(20), by: .boot))
        #expect(orders.decision.span == nil)
        #expect(orders.decision.reason?.contains("drill") == true)
        #expect(orders.recoveryTimeObjective?.outcome == .met)
        #expect(orders.maximumTolerableDowntime?.outcome == .met)
        #expect(orders.clock(.disrupted)?.synthetic == true)
        #expect(orders.clock(.executed)?.at == TestRun.at(61))
        #expect(measurement.waitingForPeople.span == .seconds(30))
    }

    @Test func aDrillsLoss() throws {
        let (_, orders) = try measure(drill())
        #expect(orders.loss.basis == .lastWrites)
        #expect(orders.loss.writes == 10)
        #expect(orders.loss.time == .established(.seconds(4), by: .wall))
        #expect(orders.recoveryPointObjective?.outcome == .missed)
    }

    @Test(arguments: [(rto: Int64(31), ObjectiveVerdict.Outcome.missed), (rto: 32, .notEstablished)])
    func whatNeverEndedTookAtLeastUntilTheLastEvent(rto: Int64, expected: ObjectiveVerdict.Outcome) throws {
        var run = try TestRun(
            mode: .drill, services: [TestRun.service(rto: rto)],
            steps: [
                TestRun.step("break") { $0.marks = [PlannedMark(clock: .disrupted, service: "orders")] },
                TestRun.step("prove", needs: ["break"]) {
                    $0.marks = [PlannedMark(clock: .proven, service: "orders")]
                },
            ])
        try run.run("break", from: 10, to: 12)
        try run.run("prove", from: 12, to: 42, exit: 1)
        let (_, orders) = try measure(run)
        #expect(orders.recovery == .notEstablished("proven was not marked", atLeast: .seconds(32)))
        #expect(orders.recoveryTimeObjective?.outcome == expected)
    }

    @Test func anObjectiveIsMissedByANanosecond() throws {
        let (_, orders) = try measure(drill(rto: 49))
        #expect(orders.recoveryTimeObjective?.outcome == .missed)
    }

    @Test func lossWithoutItsOtherSideIsNotEstablished() throws {
        let (_, orders) = try measure(drill(recovered: [:]))
        #expect(orders.loss.writes == nil)
        #expect(orders.loss.writesReason?.contains("read") == true)
        #expect(orders.loss.time.span == nil)
        #expect(orders.loss.time.reason?.contains("recovered") == true)
        #expect(orders.recoveryPointObjective?.outcome == .notEstablished)
    }

    @Test func lossIsNeverNegative() throws {
        let newer = ["lastWrite": Value.integer(101), "lastWriteAt": Self.seconds(10)]
        let (_, orders) = try measure(drill(recovered: newer))
        #expect(orders.loss.writes == nil)
        #expect(orders.loss.time.span == nil)
        #expect(orders.recoveryPointObjective?.outcome == .notEstablished)
    }

    @Test func whatIsReadBackLaterDoesNotCount() throws {
        var run = try drill()
        run.events += [
            JournaledEvent(
                number: run.events.count + 1, at: TestRun.at(62),
                event: .lossMeasured(
                    LossMeasure(side: .recovered, service: "orders", step: "read", lastWrite: 100, lastWriteAt: nil)))
        ]
        let (_, orders) = try measure(run)
        #expect(orders.loss.writes == 10)
    }

    @Test func theCriticalPathIsTheLongestChainAndSaysWhatWasNotExercised() throws {
        let (measurement, _) = try measure(drill())
        #expect(measurement.criticalPath.steps == ["source", "break", "go", "restore", "prove", "read"])
        #expect(measurement.criticalPath.duration == .seconds(10 + 2 + 30 + 10 + 8 + 1))
        #expect(measurement.criticalPath.notExercised.map(\.step) == ["restore"])
        #expect(measurement.criticalPath.shareThousandths == 833)
        #expect(measurement.steps.map(\.duration.span) == [10, 2, 30, 10, 8, 1].map(TimeSpan.seconds))
    }

    @Test func everyPrefixIsMeasuredAndNothingIsMetBeforeItIsProven() throws {
        let run = try drill()
        for length in 0...run.events.count {
            let prefix = Array(run.events[..<length])
            let measurement = try Measurement(plan: run.plan, events: prefix)
            let isProven = prefix.contains {
                if case .clockMarked(let mark) = $0.event { mark.clock == .proven } else { false }
            }
            #expect((measurement.services[0].recoveryTimeObjective?.outcome == .met) == isProven)
        }
    }

    @Test func aJournalOfAnotherPlanIsRefused() throws {
        let run = try drill()
        var events = run.events
        events.swapAt(3, 4)
        #expect(throws: MachineError.self) { try Measurement(plan: run.plan, events: events) }
    }

    @Test func itIsWrittenAndReadAgain() throws {
        let (measurement, _) = try measure(drill())
        let bytes = try JSONEncoder().encode(measurement)
        #expect(try JSONDecoder().decode(Measurement.self, from: bytes) == measurement)
    }

    // MARK: A real run whose disruption nobody saw

    /// detected at -60, started at 0, proven at 100; the source wrote for the last time at -300 where known.
    private func incident(rto: Int64, lastWriteAt: Int64?) throws -> TestRun {
        var run = try TestRun(
            mode: .real, services: [TestRun.service(rto: rto)],
            steps: [
                TestRun.step("look") {
                    $0.outputs = Self.outputs
                    $0.measures = PlannedMeasure(loss: .source, service: "orders")
                },
                TestRun.step("prove", needs: ["look"]) { $0.marks = [PlannedMark(clock: .proven, service: "orders")] },
            ])
        try run.ask(
            1, .mark(clock: .detected, service: "orders", at: TestRun.at(-60).wall, basis: "the pager rang"))
        try run.run("look", from: 2, to: 3, lastWriteAt.map { ["lastWriteAt": Self.seconds($0)] } ?? [:])
        try run.run("prove", from: 90, to: 100)
        return run
    }

    @Test(
        arguments: [
            (500, -300, ObjectiveVerdict.Outcome.met), (399, -300, .notEstablished), (400, -300, .met),
            (159, -300, .missed), (160, -300, .notEstablished), (100_000, nil, .notEstablished),
        ] as [(Int64, Int64?, ObjectiveVerdict.Outcome)])
    func anUnknownDisruptionGivesBounds(rto: Int64, lastWriteAt: Int64?, outcome: ObjectiveVerdict.Outcome) throws {
        let (_, orders) = try measure(incident(rto: rto, lastWriteAt: lastWriteAt))
        #expect(orders.recovery.span == nil)
        #expect(orders.recovery.atLeast == .seconds(160))
        #expect(orders.recovery.atMost == lastWriteAt.map { .seconds(100 - $0) })
        #expect(orders.recoveryTimeObjective?.outcome == outcome)
    }

    @Test func aCorrectionAppendsAndCounts() throws {
        var run = try incident(rto: 600, lastWriteAt: nil)
        try run.ask(101, .mark(clock: .disrupted, service: "orders", at: TestRun.at(-200).wall, basis: "guess"))
        try run.ask(102, .mark(clock: .disrupted, service: "orders", at: TestRun.at(-100).wall, basis: "the log"))
        let (_, orders) = try measure(run)
        let disrupted = orders.marks.filter { $0.mark.clock == .disrupted }
        #expect(disrupted.map(\.isSuperseded) == [true, false])
        #expect(orders.recovery == .established(.seconds(200), by: .wall))
        #expect(orders.decision == .established(.seconds(100), by: .wall))
        #expect(orders.clock(.disrupted)?.synthetic == false)
    }

    @Test func aDisruptionAfterTheProofIsNotEstablished() throws {
        var run = try incident(rto: 600, lastWriteAt: nil)
        try run.ask(101, .mark(clock: .disrupted, service: "orders", at: TestRun.at(200).wall, basis: "a typo"))
        let (_, orders) = try measure(run)
        #expect(orders.recovery.span == nil)
        #expect(orders.recoveryTimeObjective?.outcome == .notEstablished)
    }
}
