import DRMachine
import DRMeasure
import DRRunbook
import Testing

/// What earlier runs say of the next one.
@Suite struct ForecastTests {
    private func steps(_ needs: [StepID: [StepID]]) -> [PlannedStep] {
        needs.keys.sorted().map { TestRun.step($0, needs: needs[$0] ?? []) }
    }

    private func plan(_ needs: [StepID: [StepID]]) throws -> Plan {
        try TestRun(mode: .real, services: [], steps: steps(needs)).plan
    }

    /// A run in which each step took so many seconds.
    private func run(_ needs: [StepID: [StepID]], _ seconds: [StepID: Int64]) throws -> RunState {
        var run = try TestRun(mode: .real, services: [], steps: steps(needs))
        var ends: [StepID: Int64] = [:]
        for id in needs.keys.sorted() {
            ends[id] = ((needs[id] ?? []).compactMap { ends[$0] }.max() ?? 0) + (seconds[id] ?? 0)
        }
        for (id, end) in ends.sorted(by: { ($0.value, $0.key) < ($1.value, $1.key) }) {
            try run.run(id, from: end, to: end)
        }
        return run.state
    }

    private func judged(_ plan: Plan, earlier: [RunState]) -> Forecast {
        var times: [StepID: [Int64]] = [:]
        for state in earlier {
            for (step, time) in Forecast.times(in: state) { times[step, default: []].append(time) }
        }
        return Forecast(plan, times: times, runs: earlier.count)
    }

    /// `a` before `b` and `c`, both before `d`.
    private static let diamond: [StepID: [StepID]] = ["a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]]

    @Test func theLongestWayCounts() throws {
        let plan = try plan(Self.diamond)
        let runs = try [
            run(Self.diamond, ["a": 1, "b": 10, "c": 2, "d": 3]), run(Self.diamond, ["a": 1, "b": 12, "c": 2, "d": 3]),
            run(Self.diamond, ["a": 1, "b": 11, "c": 90, "d": 3]),
        ]
        let forecast = judged(plan, earlier: runs)
        #expect(forecast.p50 == .seconds(1 + 11 + 3))
        #expect(forecast.p90 == .seconds(1 + 90 + 3))
        #expect(forecast.path == ["a", "b", "d"])
        #expect(forecast.unknown == [] && forecast.runs == 3)
    }

    @Test func whatWasNeverMeasuredIsNamed() throws {
        let earlier = try run(["a": []], ["a": 4])
        let forecast = judged(try plan(Self.diamond), earlier: [earlier])
        #expect(forecast.p50 == .seconds(4) && forecast.unknown == ["b", "c", "d"])
        #expect(judged(try plan(Self.diamond), earlier: []).unknown.count == 4)
    }
}
