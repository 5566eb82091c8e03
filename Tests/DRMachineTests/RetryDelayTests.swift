import DRMachine
import DRRunbook
import Testing

@Suite struct RetryDelayTests {
    private func policy(_ jitter: RetryPolicy.Jitter, initial: Int64 = 1, factor: Int = 2000, max: Int64 = 20)
        -> RetryPolicy
    {
        RetryPolicy(
            attempts: 99, initial: .seconds(initial), factorThousandths: factor, maximum: .seconds(max), jitter: jitter)
    }

    @Test(arguments: [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 20), (60, 20), (1_000_000, 20)])
    func withoutJitterItGrowsToItsMaximum(failures: Int, seconds: Int64) {
        let delay = policy(.none).delay(afterFailures: failures, seed: "s", step: "a", attempt: failures)
        #expect(delay == .seconds(seconds))
    }

    @Test func factorsBelowTwoAndInitialsAboveTheMaximum() {
        #expect(
            policy(.none, factor: 1500).delay(afterFailures: 3, seed: "", step: "a", attempt: 3) == .milliseconds(2250))
        #expect(policy(.none, factor: 1000).delay(afterFailures: 9, seed: "", step: "a", attempt: 9) == .seconds(1))
        #expect(policy(.none, initial: 90).delay(afterFailures: 1, seed: "", step: "a", attempt: 1) == .seconds(20))
        let huge = policy(.none, initial: Int64.max / 2_000_000_000, max: Int64.max / 1_000_000_000)
        #expect(huge.delay(afterFailures: 50, seed: "", step: "a", attempt: 1) == .seconds(Int64.max / 1_000_000_000))
    }

    @Test func fullJitterLiesBelowTheDelayAndIsSpread() {
        let delays = (1...200).map {
            policy(.full, initial: 20).delay(afterFailures: 1, seed: "seed", step: "a", attempt: $0)
        }
        #expect(delays.allSatisfy { $0 >= .zero && $0 < .seconds(20) })
        #expect(delays.count { $0 < .seconds(10) } > 60)
        #expect(delays.count { $0 >= .seconds(10) } > 60)
        #expect(Set(delays).count == delays.count)
    }

    @Test func jitterIsTheSameEverywhereAndDependsOnEachPart() {
        let policy = policy(.full)
        let delay = policy.delay(afterFailures: 1, seed: "00", step: "a", attempt: 1)
        // SHA-256("00\na\n1"), first eight bytes as a fraction of one second.
        #expect(delay.nanoseconds == 864423553)
        #expect(delay == policy.delay(afterFailures: 1, seed: "00", step: "a", attempt: 1))
        #expect(delay != policy.delay(afterFailures: 1, seed: "01", step: "a", attempt: 1))
        #expect(delay != policy.delay(afterFailures: 1, seed: "00", step: "b", attempt: 1))
        #expect(delay != policy.delay(afterFailures: 1, seed: "00", step: "a", attempt: 2))
    }
}
