/// An archive that could not be read or written.
package struct ArchiveError: Error, Sendable {
    /// What went wrong, for the exit code.
    package enum Code: String, Sendable {
        /// The archive's bytes are wrong, or end too early.
        case damaged
        /// The archive is right but holds something that is not handled here.
        case unsupported
        /// The bytes could not be read or written; nothing is known about them.
        case ioFailed
        /// The caller gave what cannot be in an archive, or fewer or more bytes than it announced.
        case invalidEntry
        /// A member's head is longer than ``TarReader/mostHeadBytes``: it was made to exhaust who reads it.
        case limitExceeded
        case outOfMemory
    }

    package let code: Code
    /// What happened, and to which entry.
    package let message: String
    /// What to do next; empty when there is nothing better than reading the message.
    package let hint: String
    package let cause: (any Error)?

    package init(_ code: Code, _ message: String, hint: String = "", cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.cause = cause
    }
}

extension ArchiveError: CustomStringConvertible {
    package var description: String {
        "\(code.rawValue): \(message)" + (hint.isEmpty ? "" : " (\(hint))") + (cause.map { "; because: \($0)" } ?? "")
    }
}
