package import DRCrypto

/// Which snapshots are kept: a pure decision over what is known of them, with a reason for each.
///
/// The rules count per dataset and host, on the time at which the storage received a snapshot: a host whose clock is
/// wrong, or lies, displaces nothing. Which of two is newer its log says: a repository that was copied has the same times
/// for all. They are applied to all snapshots, to the complete ones alone and to the
/// verified ones alone, and what any of the three keeps stays: so no partial snapshot displaces a complete one, and
/// none that nobody verified displaces one that was.
package struct RetentionPolicy: Hashable, Sendable {
    /// The newest so many.
    package var last = 0
    /// The newest of each of the last so many hours, days, ISO weeks, months and years (UTC) that have one.
    package var hourly = 0
    package var daily = 0
    package var weekly = 0
    package var monthly = 0
    package var yearly = 0
    /// Those with one of these tags.
    package var tags: Set<String> = []

    package init() {}

    /// Whether there is any rule: without one nothing is removed.
    package var isEmpty: Bool { self == RetentionPolicy() }

    /// Whether these tags are all that it goes by.
    package var goesByTagsAlone: Bool {
        var others = self
        others.tags = []
        return others.isEmpty && !tags.isEmpty
    }

    /// Those of its tags that no snapshot has: perhaps not yet, perhaps misspelt.
    package func unusedTags(among snapshots: [Candidate]) -> Set<String> {
        tags.subtracting(snapshots.compactMap(\.tag))
    }

    /// What is known of a snapshot.
    package struct Candidate: Hashable, Sendable {
        package let id: Digest
        package let dataset: String
        package let host: String
        package let tag: String?
        package let isPartial: Bool
        /// Where the host's log names it: of two of a host the later one is the newer.
        package let position: Int
        /// By the writer's clock.
        package let endedNanoseconds: Int64
        /// By the storage's clock; nil where it could not be found out.
        package let receivedNanoseconds: Int64?
        /// Found whole by a host with the role `verifier`.
        package let isVerified: Bool
        /// Why it may not be removed.
        package let pins: [String]

        package init(
            id: Digest, dataset: String, host: String, tag: String?, isPartial: Bool, position: Int,
            endedNanoseconds: Int64, receivedNanoseconds: Int64?, isVerified: Bool, pins: [String]
        ) {
            self.id = id
            self.dataset = dataset
            self.host = host
            self.tag = tag
            self.isPartial = isPartial
            self.position = position
            self.endedNanoseconds = endedNanoseconds
            self.receivedNanoseconds = receivedNanoseconds
            self.isVerified = isVerified
            self.pins = pins
        }
    }

    /// What becomes of a snapshot, and why.
    package struct Decision: Hashable, Sendable {
        package let snapshot: Candidate
        /// Empty: it is removed.
        package let reasons: [String]

        package var isKept: Bool { !reasons.isEmpty }
    }

    /// The writer's and the storage's clocks may differ by this much; where they differ more, nobody knows how old the
    /// snapshot is.
    package static let mostDisagreementNanoseconds: Int64 = 86_400 * 1_000_000_000

    /// Decides on every snapshot.
    /// - Parameter trustsReceiveTimes: removes also snapshots whose two times disagree, by the storage's.
    /// - Returns: a decision for each, by dataset and host, newest first.
    package func decide(_ snapshots: [Candidate], trustsReceiveTimes: Bool = false) -> [Decision] {
        let groups = Dictionary(grouping: snapshots) { [$0.dataset, $0.host] }
        return groups.sorted { $0.key.lexicographicallyPrecedes($1.key) }.flatMap { group in
            decideGroup(group.value, trustsReceiveTimes)
        }
    }

    private func decideGroup(_ snapshots: [Candidate], _ trustsReceiveTimes: Bool) -> [Decision] {
        let newestFirst = snapshots.sorted { ($0.position, $0.id) > ($1.position, $1.id) }
        var reasons: [Digest: [String]] = [:]
        func keep(_ id: Digest, _ reason: String) {
            if reasons[id]?.contains(reason) != true { reasons[id, default: []].append(reason) }
        }
        for snapshot in newestFirst {
            for pin in snapshot.pins { keep(snapshot.id, "pinned: \(pin)") }
            if isEmpty { keep(snapshot.id, "no rule was given") }
            if let tag = snapshot.tag, tags.contains(tag) { keep(snapshot.id, "tag \(tag)") }
            if !trustsReceiveTimes, let doubt = snapshot.doubt { keep(snapshot.id, doubt) }
        }
        let complete = newestFirst.filter { !$0.isPartial }
        let verified = newestFirst.filter(\.isVerified)
        for (kind, members) in [("", newestFirst), ("complete ", complete), ("verified ", verified)] {
            for (id, rule) in Self.kept(of: members, rules) where kind.isEmpty || reasons[id] == nil {
                keep(id, "\(kind)\(rule)")
            }
        }
        if let last = verified.first { keep(last.id, "the last verified one") }
        if let newest = complete.first ?? newestFirst.first { keep(newest.id, "the newest one") }
        return newestFirst.map { Decision(snapshot: $0, reasons: reasons[$0.id] ?? []) }
    }

    /// A rule: how many, and which snapshots are of one period. nil: each is its own.
    private struct Rule {
        let name: String
        let count: Int
        let period: ((Int64) -> Int64)?
    }

    private var rules: [Rule] {
        [
            Rule(name: "last", count: last, period: nil),
            Rule(name: "hourly", count: hourly) { CalendarPeriod.hour($0) },
            Rule(name: "daily", count: daily) { CalendarPeriod.day($0) },
            Rule(name: "weekly", count: weekly) { CalendarPeriod.week($0) },
            Rule(name: "monthly", count: monthly) { CalendarPeriod.month($0) },
            Rule(name: "yearly", count: yearly) { CalendarPeriod.year($0) },
        ]
    }

    /// - Parameter snapshots: newest first.
    private static func kept(of snapshots: [Candidate], _ rules: [Rule]) -> [(id: Digest, reason: String)] {
        var kept: [(id: Digest, reason: String)] = []
        for rule in rules {
            var found = 0
            var lastPeriod: Int64?
            for snapshot in snapshots where found < rule.count {
                if let period = rule.period?(snapshot.time) {
                    if period == lastPeriod { continue }
                    lastPeriod = period
                }
                found += 1
                kept.append((snapshot.id, "\(rule.name) \(found) of \(rule.count)"))
            }
        }
        return kept
    }
}

extension RetentionPolicy.Candidate {
    /// When the storage received it; where that is not known, it counts as the oldest, and is kept for that.
    fileprivate var time: Int64 { receivedNanoseconds ?? .min }

    /// Why its age is not established.
    fileprivate var doubt: String? {
        guard let receivedNanoseconds else { return "its age is not established: the storage names no time" }
        let (difference, overflows) = receivedNanoseconds.subtractingReportingOverflow(endedNanoseconds)
        guard !overflows, difference.magnitude <= RetentionPolicy.mostDisagreementNanoseconds.magnitude else {
            return "its age is not established: the host's clock and the storage's differ by more than a day"
        }
        return nil
    }
}

/// Numbers of calendar periods in UTC, for times in nanoseconds since 1970.
enum CalendarPeriod {
    static func hour(_ nanoseconds: Int64) -> Int64 { floorDivide(nanoseconds, 3_600_000_000_000) }
    static func day(_ nanoseconds: Int64) -> Int64 { floorDivide(nanoseconds, 86_400_000_000_000) }
    /// ISO weeks start on Monday; 1970-01-01 was a Thursday.
    static func week(_ nanoseconds: Int64) -> Int64 { floorDivide(day(nanoseconds) + 3, 7) }
    static func month(_ nanoseconds: Int64) -> Int64 {
        let date = civil(day(nanoseconds))
        return date.year * 12 + date.month - 1
    }
    static func year(_ nanoseconds: Int64) -> Int64 { civil(day(nanoseconds)).year }

    private static func floorDivide(_ value: Int64, _ by: Int64) -> Int64 {
        value >= 0 ? value / by : -((-(value + 1)) / by) - 1
    }

    /// The proleptic Gregorian calendar over eras of 400 years (146,097 days) whose years start in March.
    private static func civil(_ day: Int64) -> (year: Int64, month: Int64) {
        let shifted = day + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month)
    }
}
