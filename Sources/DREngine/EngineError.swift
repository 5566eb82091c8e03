/// What goes wrong around a run's processes: its supervisors, its isolation, its runner.
package struct EngineError: Error, Sendable {
    package var code: Code
    /// One sentence: what, where and why.
    package var message: String
    /// What to do next.
    package var hint: String?
    package var cause: (any Error)?

    /// What went wrong, for the exit code.
    package enum Code: String, Sendable {
        /// No supervisor could be started, or the one started did not answer.
        case supervisorUnavailable
        /// The supervisor refused: a runner with a higher epoch has taken the run over.
        case barred
        /// The connection to the supervisor ended before the answer came.
        case connectionLost
        /// The other side said something that is not of the protocol.
        case protocolViolation
        /// Another supervisor lives and holds this place of the run.
        case placeHeld
        /// The spool holds bytes that no supervisor wrote.
        case spoolDamaged
        /// This machine cannot build the drill's namespaces.
        case cannotIsolate
        /// The namespaces are there, but what they keep in could not be tested.
        case isolationNotEstablished
        /// A secret cannot be used safely: missing, or too short to be masked.
        case secretUnusable
        /// A signature is nobody's, does not hold, or cannot be checked.
        case signatureUnusable
        /// A file, process or socket of the run could not be used.
        case system
        /// The runner cannot go on with this run.
        case runner
    }

    package init(_ code: Code, _ message: String, hint: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.cause = cause
    }
}

extension EngineError: CustomStringConvertible {
    package var description: String {
        message + (hint.map { "; " + $0 } ?? "") + (cause.map { " (\($0))" } ?? "")
    }
}
