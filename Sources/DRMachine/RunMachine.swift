/// The pure core: no clock, no randomness, no I/O, no dependence on hash order.
///
/// The rules look at the state, not at the input that led to it: whatever prefix of a journal is left after a
/// crash, the next input goes on from there. See `Decision` for how they are put together.
package enum RunMachine {
    /// The rules below, by number; event 1 names the one a run follows.
    package static let semantics = 1

    /// The events that an input leads to, in order. Changes nothing.
    /// - Throws: `inputDoesNotFit`, `planUnsound`, `unknownSemantics`; any other error is a fault of the rules.
    package static func decide(_ state: RunState, _ input: Input, now: Moment) throws(MachineError) -> [Event] {
        var copy = state
        return try advance(&copy, input, now: now).map(\.event)
    }

    /// Decides and applies in one go, without copying the state: the events, numbered and dated `now`.
    /// The caller makes them durable before it performs anything that `outstanding` asks for.
    /// - Throws: as `decide`; the state is then of no use.
    package static func advance(
        _ state: inout RunState, _ input: Input, now: Moment
    ) throws(MachineError) -> [JournaledEvent] {
        var decision = Decision(state: consume state, now: now)
        do {
            try decision.take(input)
        } catch {
            state = decision.state
            throw error
        }
        state = decision.state
        return decision.events
    }

    /// The state after an event. Reads only the event.
    /// - Throws: `eventDoesNotFit` when no run in this state can have written it; the state is then of no use.
    package static func apply(_ state: inout RunState, _ event: JournaledEvent) throws(MachineError) {
        try state.take(event)
    }

    /// What is to be performed now, in a fixed order. Each may be performed again after a crash.
    package static func outstanding(_ state: RunState) -> [Action] { state.outstanding }

    /// Whether this drctl may go on with a run: a run of unknown semantics still verifies.
    package static func canResume(_ state: RunState) -> Bool {
        state.created.map { $0.semantics == semantics } ?? true
    }
}
