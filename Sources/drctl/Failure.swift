import DRCrypto
import DREngine
import DREvidence
import DRJournal
import DRMachine
import DRRepository
import DRRunbook
import DRSystem

/// An error as people and programs see it. The one place that maps errors of every room to text and exit code.
struct Failure: Error, Sendable {
    var exit: ExitStatus
    /// Stable: scripts may compare it.
    var code: String
    /// What, where and why.
    var message: String
    /// What to do next.
    var hint: String?
    var cause: String?
    /// Lines that stand before the message: a runbook's diagnostics, already fit to be shown.
    var details: [String]

    init(
        exit: ExitStatus, code: String, message: String, hint: String? = nil, cause: String? = nil,
        details: [String] = []
    ) {
        self.exit = exit
        self.code = code
        self.message = message
        self.hint = hint?.isEmpty == true ? nil : hint
        // What the message says already is not said again.
        self.cause = cause.flatMap { message.contains($0) ? nil : $0 }
        self.details = details
    }

    /// What standard error shows; names and messages may hold anything, so control characters are escaped.
    var text: String {
        var lines = details + ["drctl: \(displayEscaped(message))"]
        if let cause { lines.append("  why: \(displayEscaped(cause))") }
        if let hint { lines.append("  next: \(displayEscaped(hint))") }
        return lines.joined(separator: "\n")
    }

    /// The same in one line, for a step's reason.
    var line: String {
        let next = hint.map { "; next: \($0)" } ?? ""
        return displayEscaped(message + (cause.map { " (\($0))" } ?? "") + next)
    }
}

extension ExitStatus {
    /// What a finding about a repository exits with.
    init(_ condition: RepositoryCondition) {
        self =
            switch condition {
            case .notAuthentic: .notAuthentic
            case .damaged: .damaged
            case .damagedWithCopy: .damagedCopyExists
            case .keyMissing: .wrongKey
            case .notEstablished: .notEstablished
            }
    }
}

extension Failure {
    init(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let diagnosed as DiagnosedFailure: self = diagnosed.failure
        case let error as RepositoryError:
            self.init(
                exit: Self.exit(error.code), code: "repository.\(error.code.rawValue)", message: error.message,
                hint: error.hint, cause: error.cause.map(Self.causeText))
        case let error as EngineError:
            self.init(
                exit: Self.exit(error.code), code: "engine.\(error.code.rawValue)", message: error.message,
                hint: error.hint, cause: error.cause.map(Self.causeText))
        case let error as SystemError:
            self.init(
                exit: .notEstablished, code: "system.\(error.call)", message: error.message, hint: error.hint)
        case let error as JournalError:
            self.init(
                exit: Self.exit(error.code), code: "journal.\(error.code.rawValue)", message: error.message,
                hint: error.hint, cause: error.cause?.message)
        case let error as EvidenceError:
            self.init(
                exit: Self.exit(error.code), code: "evidence", message: error.message, hint: error.hint,
                cause: error.cause.map(Self.causeText))
        case let error as RunbookError:
            self.init(
                exit: .notAuthentic, code: "runbook.\(error.code.rawValue)", message: error.message, hint: error.hint,
                cause: error.cause.map { "\($0)" })
        case let error as MachineError:
            let exit: ExitStatus =
                switch error.code {
                case .unknownSemantics: .notEstablished
                case .adoptionRefused: .runbookInvalid
                default: .notAuthentic
                }
            self.init(
                exit: exit, code: "machine.\(error.code.rawValue)", message: error.message, hint: error.hint)
        case let error as CryptoError:
            self.init(
                exit: .wrongKey, code: "crypto.\(error.code.rawValue)", message: error.message, hint: error.hint)
        default:
            self.init(
                exit: .internalError, code: "internal", message: "\(error)",
                hint: "this is a defect of drctl: please report it with this text")
        }
    }

    private static func exit(_ code: RepositoryError.Code) -> ExitStatus {
        switch code {
        case .noRepository: .noRepository
        case .heldByAnother, .overtaken: .heldByAnother
        case .wrongKey, .missingKey, .invalidKeyFile: .wrongKey
        case .damaged, .missingObject, .missingPack: .damaged
        case .notAuthentic, .rolledBack: .notAuthentic
        case .storageFailed, .noSpace, .notLogged, .sourceUnreadable, .targetUnwritable: .notEstablished
        case .repositoryExists, .unsupportedFormat, .alreadyStored, .noSuchSnapshot, .ambiguousSnapshot, .noSuchPath,
            .invalidArgument,
            .targetUnsafe, .targetExists:
            .usage
        case .sourceChanged: .partial
        case .cancelled: .interrupted
        case .internalFault: .internalError
        }
    }

    private static func exit(_ code: EngineError.Code) -> ExitStatus {
        switch code {
        case .supervisorUnavailable, .connectionLost, .isolationNotEstablished, .system: .notEstablished
        case .barred, .placeHeld: .heldByAnother
        case .protocolViolation, .spoolDamaged: .notAuthentic
        case .cannotIsolate: .refused
        case .secretUnusable, .signatureUnusable: .wrongKey
        case .runner: .internalError
        }
    }

    private static func exit(_ code: JournalError.Code) -> ExitStatus {
        switch code {
        case .notFound, .alreadyExists, .misuse: .usage
        case .heldByAnother: .heldByAnother
        case .notAuthentic: .notAuthentic
        case .unsupported, .diskFull, .durabilityUnknown, .inputOutput, .tooLarge: .notEstablished
        }
    }

    private static func exit(_ code: EvidenceError.Code) -> ExitStatus {
        switch code {
        case .notARun: .usage
        case .notAuthentic: .notAuthentic
        case .unreadable: .notEstablished
        case .brokenTemplate: .internalError
        }
    }

    private static func causeText(_ error: any Error) -> String {
        let inner = Failure(error)
        return inner.code == "internal" ? "\(error)" : inner.message
    }
}
