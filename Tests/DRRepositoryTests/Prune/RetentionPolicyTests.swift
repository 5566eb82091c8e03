import DRCrypto
import Testing

@testable import DRRepository

@Suite struct RetentionPolicyTests {
    private static let hour: Int64 = 3_600_000_000_000
    /// 2026-03-02, a Monday, 00:00 UTC.
    private static let start: Int64 = 1_772_409_600_000_000_000

    private func candidate(
        _ hours: Int64, partial: Bool = false, verified: Bool = false, tag: String? = nil, dataset: String = "d",
        host: String = "h", pins: [String] = [], clockOffHours: Int64 = 0, received: Bool = true, position: Int? = nil
    ) -> RetentionPolicy.Candidate {
        let time = Self.start + hours * Self.hour
        return RetentionPolicy.Candidate(
            id: Digest.of("\(dataset) \(host) \(hours)"), dataset: dataset, host: host, tag: tag, isPartial: partial,
            position: position ?? Int(hours),
            endedNanoseconds: time + clockOffHours * Self.hour, receivedNanoseconds: received ? time : nil,
            isVerified: verified, pins: pins)
    }

    /// The hours of those that are kept, ascending.
    private func kept(_ snapshots: [RetentionPolicy.Candidate], _ change: (inout RetentionPolicy) -> Void) -> [Int64] {
        var policy = RetentionPolicy()
        change(&policy)
        return policy.decide(snapshots).filter(\.isKept).map {
            (($0.snapshot.receivedNanoseconds ?? Self.start) - Self.start) / Self.hour
        }.sorted()
    }

    /// A copy's files have times in the order in which they were copied: the newest is still the one that was published
    /// last.
    @Test func aCopiedRepositoryKeepsItsNewest() {
        let copied = (0..<5).map { candidate(Int64(10 - $0), position: $0) }
        #expect(kept(copied) { $0.last = 1 } == [6])
        #expect(kept(copied.shuffled()) { $0.last = 2 } == [6, 7])
    }

    struct Rule: Sendable, CustomTestStringConvertible {
        let name: String
        let change: @Sendable (inout RetentionPolicy) -> Void
        let kept: [Int64]
        var testDescription: String { name }
    }

    /// A snapshot every 6 hours for 10 weeks, from hour 0 to hour 1674.
    @Test(arguments: [
        Rule(name: "last 3", change: { $0.last = 3 }, kept: [1662, 1668, 1674]),
        Rule(name: "hourly 2", change: { $0.hourly = 2 }, kept: [1668, 1674]),
        Rule(name: "daily 3", change: { $0.daily = 3 }, kept: [1626, 1650, 1674]),
        // Weeks end on Sunday, 18:00: the newest of each.
        Rule(name: "weekly 2", change: { $0.weekly = 2 }, kept: [1506, 1674]),
        // 2026-03-31 18:00 is hour 714, 2026-04-30 18:00 is hour 1434.
        Rule(name: "monthly 3", change: { $0.monthly = 3 }, kept: [714, 1434, 1674]),
        Rule(name: "yearly 5", change: { $0.yearly = 5 }, kept: [1674]),
        Rule(
            name: "together",
            change: {
                $0.last = 2
                $0.daily = 2
            }, kept: [1650, 1668, 1674]),
    ])
    func rulesKeepTheNewestOfEachPeriod(rule: Rule) {
        let all = stride(from: Int64(0), through: 1674, by: 6).map { candidate($0) }
        #expect(kept(all, rule.change) == rule.kept)
        #expect(kept(all.shuffled(), rule.change) == rule.kept)
    }

    @Test func withoutARuleNothingGoes() {
        #expect(kept([candidate(0), candidate(1)]) { _ in } == [0, 1])
    }

    @Test func datasetsAndHostsCountApart() {
        let all = [candidate(0), candidate(1, dataset: "e"), candidate(2, host: "i"), candidate(3)]
        #expect(kept(all) { $0.last = 1 } == [1, 2, 3])
    }

    /// Ten newer snapshots that nobody verified, or that are partial, displace nothing better.
    @Test(arguments: [true, false])
    func theWorseDisplaceNothing(arePartial: Bool) {
        let better = (0..<4).map { candidate($0, verified: !arePartial) }
        let worse = (10..<20).map { candidate($0, partial: arePartial) }
        #expect(kept(better + worse) { $0.last = 2 } == [2, 3, 18, 19])
    }

    @Test func theLastVerifiedOneAndTheNewestCompleteOneStay() {
        let all = [candidate(0, verified: true), candidate(1), candidate(2, partial: true)]
        #expect(kept(all) { $0.tags = ["none"] } == [0, 1])
    }

    @Test func pinsAndTagsStay() {
        let all = [candidate(0, pins: ["case 7"]), candidate(1, tag: "release"), candidate(2), candidate(3)]
        #expect(
            kept(all) {
                $0.last = 1
                $0.tags = ["release"]
            } == [0, 1, 3])
    }

    /// A clock that is wrong by years makes nothing go, and displaces nothing.
    @Test(arguments: [-30_000, 25, 30_000] as [Int64])
    func whoseAgeIsNotEstablishedStays(offHours: Int64) {
        let all = [candidate(0, clockOffHours: offHours), candidate(1), candidate(2, received: false), candidate(3)]
        var policy = RetentionPolicy()
        policy.last = 1
        let kept = policy.decide(all).filter(\.isKept)
        #expect(kept.map(\.snapshot) == [all[3], all[2], all[0]])
        #expect(kept.dropFirst().allSatisfy { $0.reasons.contains { $0.contains("not established") } })
        #expect(policy.decide(all, trustsReceiveTimes: true).filter(\.isKept).map(\.snapshot) == [all[3]])
    }

    @Test func everyDecisionHasItsReasons() {
        var policy = RetentionPolicy()
        policy.daily = 1
        let decisions = policy.decide([candidate(0, pins: ["x"]), candidate(30)])
        #expect(decisions.map(\.reasons) == [["daily 1 of 1", "the newest one"], ["pinned: x"]])
    }
}
