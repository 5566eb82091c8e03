/// The pure core: no clock, no randomness, no I/O, no dependence on hash order.
package enum RunMachine {
    /// The rules below, by number; event 1 names the one a run follows.
    package static let semantics = 1

    /// The events that an input leads to, in order. Changes nothing.
    package static func decide(_ state: RunState, _ input: Input, now: Moment) -> [Event] { [] }

    /// The state after an event. Reads only the event.
    package static func apply(_ state: inout RunState, _ event: JournaledEvent) {}

    /// What is to be performed now.
    package static func outstanding(_ state: RunState) -> [Action] { [] }
}
