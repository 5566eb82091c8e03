/// The name of a step within its plan, unique there: `restore`, or `orders/restore[eu]` after inlining.
package struct StepID: RawRepresentable, Hashable, Comparable, Sendable, Codable, CodingKeyRepresentable {
    package var rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }
    package init(_ rawValue: String) { self.rawValue = rawValue }

    package static func < (one: StepID, other: StepID) -> Bool { one.rawValue < other.rawValue }

    // As the standard library would, and in a fraction of its time.
    package init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

extension StepID: CustomStringConvertible {
    package var description: String { rawValue }
}

extension StepID: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) { rawValue = value }
}

/// Whether a run recovers the real thing or rehearses in isolation.
package enum RunMode: String, Codable, Sendable, CaseIterable { case drill, real }

/// What a runbook is for.
package enum Purpose: String, Codable, Sendable, CaseIterable { case failover, failback, recovery, rehearsal }

/// Where a step's process lives: in the drill's namespaces, or outside them.
/// In a real run everything is `outside`.
package enum Place: String, Codable, Sendable, CaseIterable, Comparable {
    case inside, outside

    package static func < (one: Place, other: Place) -> Bool { one.rawValue < other.rawValue }
}

/// What repeating a step's effect would mean; decides what an in-doubt attempt leads to.
package enum Effect: String, Codable, Sendable, CaseIterable {
    /// Changes nothing: run it again.
    case read
    /// Doing it twice is doing it once: run it again.
    case idempotent
    /// Has a probe that tells whether it was done: ask the probe.
    case checkable
    /// Nobody can tell: stop for a person.
    case unsafe
}

/// The seven named timestamps of a run and a service.
package enum ClockName: String, Codable, Sendable, CaseIterable {
    case disrupted, detected, declared, started, executed, proven, accepted
}
