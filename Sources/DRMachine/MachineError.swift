/// Why an event or an input does not fit a run: for the verifier that replays a journal, and for the runner.
package struct MachineError: Error, Sendable, Equatable {
    /// What kind of misfit it is.
    package enum Code: String, Sendable, Equatable {
        /// An event that no run in this state can have written: the journal was not made by this machine.
        case eventDoesNotFit
        /// An input that has no meaning in this state, such as creating a run twice.
        case inputDoesNotFit
        /// A plan that cannot be carried out: an unknown need, a doubled step, a cycle.
        case planUnsound
        /// A plan that this run cannot go on by, as far as it has come.
        case adoptionRefused
        /// The run follows rules that this drctl does not know.
        case unknownSemantics
        /// Bytes that are not an event as `EventCodec` writes it.
        case malformed
    }

    package var code: Code
    package var message: String
    package var hint: String
    /// Number of the event concerned, if there is one.
    package var event: Int?

    package init(_ code: Code, _ message: String, hint: String = "", event: Int? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.event = event
    }
}
