/// A length of time in whole nanoseconds; what timers, objectives and measurements are written in.
///
/// In JSON it is one integer, in nanoseconds, so that every reader can add and compare it exactly.
package struct TimeSpan: Hashable, Sendable, Comparable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// No time at all.
    package static let zero = TimeSpan(nanoseconds: 0)

    /// That many milliseconds.
    package static func milliseconds(_ count: Int64) -> TimeSpan { TimeSpan(nanoseconds: count * 1_000_000) }
    /// That many seconds.
    package static func seconds(_ count: Int64) -> TimeSpan { TimeSpan(nanoseconds: count * 1_000_000_000) }
    /// That many minutes.
    package static func minutes(_ count: Int64) -> TimeSpan { .seconds(count * 60) }

    package static func < (one: TimeSpan, other: TimeSpan) -> Bool { one.nanoseconds < other.nanoseconds }
    package static func + (one: TimeSpan, other: TimeSpan) -> TimeSpan {
        TimeSpan(nanoseconds: one.nanoseconds + other.nanoseconds)
    }
    package static func - (one: TimeSpan, other: TimeSpan) -> TimeSpan {
        TimeSpan(nanoseconds: one.nanoseconds - other.nanoseconds)
    }

    package var duration: Duration { .nanoseconds(nanoseconds) }
}

extension TimeSpan: Codable {
    package init(from decoder: any Decoder) throws {
        nanoseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(nanoseconds)
    }
}

extension TimeSpan {
    /// The units of the language, largest first.
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
        ("ms", 1_000_000),
    ]

    /// Reads `500ms`, `10s`, `5m`, `2h`, `1d`: a whole number and one unit.
    /// - Returns: nil for anything else, and for what does not fit.
    package init?(parsing text: some StringProtocol) {
        let digits = text.prefix { ("0"..."9").contains($0) }
        guard !digits.isEmpty, let count = Int64(digits),
            let unit = Self.units.first(where: { $0.name == text.dropFirst(digits.count) })
        else { return nil }
        let (nanoseconds, overflow) = count.multipliedReportingOverflow(by: unit.nanoseconds)
        guard !overflow else { return nil }
        self.init(nanoseconds: nanoseconds)
    }
}

extension TimeSpan {
    /// For people: `90s`, `250ms`.
    package var words: String {
        nanoseconds % 1_000_000_000 == 0 ? "\(nanoseconds / 1_000_000_000)s" : "\(nanoseconds / 1_000_000)ms"
    }
}
