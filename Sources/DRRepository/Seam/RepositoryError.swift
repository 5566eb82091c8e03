/// What went wrong in a repository, or in reading a source or writing a target.
///
/// Corruption is never a generic I/O error: `damaged` says that bytes were read and are wrong, `storageFailed` that
/// they could not be read or written, and nothing is known about them.
package struct RepositoryError: Error, Sendable {
    /// What went wrong, for the exit code.
    package enum Code: String, Sendable, CaseIterable {
        // The repository as a whole.
        case noRepository, repositoryExists, unsupportedFormat, heldByAnother, overtaken
        // Keys.
        case wrongKey, missingKey, invalidKeyFile
        // What was read and is wrong.
        case damaged, missingObject, missingPack
        case notAuthentic, rolledBack
        // What could not be established, or not be written.
        case storageFailed, noSpace, notLogged
        // What was asked for.
        case alreadyStored, noSuchSnapshot, ambiguousSnapshot, noSuchPath, invalidArgument
        // The trees on the other side.
        case sourceUnreadable, sourceChanged, targetUnsafe, targetExists, targetUnwritable
        case cancelled
        /// A promise inside drctl was broken; always a defect.
        case internalFault
    }

    package let code: Code
    /// What happened, and to which object or path.
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

extension RepositoryError: CustomStringConvertible {
    package var description: String {
        var text = "\(code.rawValue): \(message)"
        if !hint.isEmpty { text += " (\(hint))" }
        if let cause { text += "; because: \(cause)" }
        return text
    }
}
