/// Why evidence could not be derived or checked.
package struct EvidenceError: Error, Sendable {
    /// What went wrong, for the exit code.
    package enum Code: Sendable {
        /// There is no run here.
        case notARun
        /// The bytes are there and do not hold together.
        case notAuthentic
        /// It could not be read, so nothing is established.
        case unreadable
        /// A template of drctl's own does not parse.
        case brokenTemplate
    }

    package var code: Code
    /// What is wrong and where.
    package var message: String
    /// What to do next.
    package var hint: String
    package var cause: (any Error)?

    /// An error with what to do next.
    package init(_ code: Code, _ message: String, hint: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.cause = cause
    }
}
