package import DRSystem
import SystemPackage

/// Why something about a run's directory, its journal or its requests could not be done or is not believed.
package struct JournalError: Error, Sendable {
    /// What went wrong, for the exit code.
    package enum Code: String, Sendable, CaseIterable {
        /// There is no such run, or no journal in its directory.
        case notFound
        /// A run of this name is there already.
        case alreadyExists
        /// Another runner holds the run's lock.
        case heldByAnother
        /// Bytes that are not what was committed: changed, swapped, doubled, removed, cut, or rolled back.
        case notAuthentic
        /// Genuine, but from a drctl that knows more than this one.
        case unsupported
        /// No space: the journal is unchanged, and appending may be tried again.
        case diskFull
        /// What was appended may or may not be durable; this writer appends no more.
        case durabilityUnknown
        /// A system call failed; nothing is said about the journal.
        case inputOutput
        /// More than a batch may hold, or a request larger than one may be.
        case tooLarge
        /// The caller gave something that cannot be (events out of order, a name that is no run's).
        case misuse
    }

    package var code: Code
    /// One sentence without a full stop: what and where.
    package var message: String
    /// What to do next.
    package var hint: String?
    /// The numbers of the events that are not believed: one where a line shows it, else those of its batch.
    package var events: ClosedRange<Int>?
    package var cause: SystemError?

    package init(
        _ code: Code, _ message: String, hint: String? = nil, events: ClosedRange<Int>? = nil, cause: SystemError? = nil
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.events = events
        self.cause = cause
    }

    /// A failed system call, with what it was made for.
    package init(_ cause: SystemError, while purpose: String? = nil) {
        let code: Code =
            switch cause.errno {
            case .noSpace, .diskQuotaExceeded: .diskFull
            case .fileTooLarge: .tooLarge
            default: .inputOutput
            }
        self.init(
            code, purpose.map { "\($0): \(cause.message)" } ?? cause.message, hint: cause.hint, cause: cause)
    }
}

extension JournalError: CustomStringConvertible {
    package var description: String { message + (hint.map { "; " + $0 } ?? "") }
}

/// Runs a body whose system calls fail as `JournalError`.
func journaling<Result: ~Copyable>(
    _ purpose: String? = nil, _ body: () throws(SystemError) -> Result
) throws(JournalError) -> Result {
    do throws(SystemError) {
        return try body()
    } catch {
        throw JournalError(error, while: purpose)
    }
}
