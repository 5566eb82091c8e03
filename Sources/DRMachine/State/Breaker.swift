import DRRunbook

/// What is known of an external dependency: a circuit breaker.
///
/// Closed, it is there, and after a while it is asked again. Open, it is not, and nothing asks until `retryAfter` is
/// over; then the next that uses it asks (half-open), and its answer closes or reopens the breaker.
package struct Breaker: Sendable, Equatable {
    package internal(set) var isOpen: Bool
    /// When that was known last.
    package internal(set) var at: Moment
    /// A person saw to it: what a probe says counts no longer.
    package internal(set) var isByHand: Bool
}

extension RunState {
    /// An answer that need not be asked for.
    enum KnownAnswer: Equatable {
        case isThere(String)
        case isDown(String)
    }

    func knownAnswer(_ index: Int, at now: Moment) -> KnownAnswer? {
        guard let gate = topology.steps[index].gate, self[index].phase == .pending,
            let breaker = breakers[gate.dependency]
        else { return nil }
        if breaker.isByHand { return .isThere("somebody saw to \(gate.dependency) by hand") }
        if breaker.isOpen {
            if now.isPast(breaker.at.advanced(by: gate.retryAfter)) { return nil }
            return .isDown("\(gate.dependency) was down \(gate.retryAfter.words) ago or less")
        }
        if now.isPast(breaker.at.advanced(by: gate.freshFor)) { return nil }
        return .isThere("\(gate.dependency) was there \(gate.freshFor.words) ago or less")
    }

    /// The answer that a gate's end is.
    mutating func takeAnswer(_ index: Int, isThere: Bool, at: Moment) {
        guard let gate = topology.steps[index].gate else { return }
        let last = self[index].lastAction
        // One that failed for what was known before is no new answer.
        guard isThere || last != nil else { return }
        breakers[gate.dependency] = Breaker(
            isOpen: !isThere, at: at, isByHand: isThere && last?.end?.succeeded != true)
        guard let dependency = plan.dependencies[gate.dependency] else { return }
        for (key, value) in dependency.values { values["dependencies.\(gate.dependency).\(key)"] = .string(value) }
        if isThere { return }
        for (key, value) in dependency.alternate ?? [:] {
            values["dependencies.\(gate.dependency).\(key)"] = .string(value)
        }
    }
}
