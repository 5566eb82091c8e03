/// A length of time in whole nanoseconds; what timers, objectives and measurements are written in.
///
/// In JSON it is one integer, in nanoseconds, so that every reader can add and compare it exactly.
package struct TimeSpan: Hashable, Sendable, Comparable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static let zero = TimeSpan(nanoseconds: 0)

    package static func milliseconds(_ count: Int64) -> TimeSpan { TimeSpan(nanoseconds: count * 1_000_000) }
    package static func seconds(_ count: Int64) -> TimeSpan { TimeSpan(nanoseconds: count * 1_000_000_000) }
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
