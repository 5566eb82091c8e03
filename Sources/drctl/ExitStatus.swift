import DRSystem
import Glibc

/// What a command's exit code says; the table of README and DESIGN, and nothing else exits differently.
enum ExitStatus: Int32, Sendable, CaseIterable {
    case done = 0
    case internalError = 1
    case partial = 3
    case policyMissed = 4
    case noRepository = 10
    case heldByAnother = 11
    case wrongKey = 12
    case damagedCopyExists = 20
    case damaged = 21
    case notAuthentic = 22
    case notEstablished = 30
    case runbookInvalid = 40
    case runFailed = 41
    case waitingForPerson = 42
    case cancelled = 43
    case inDoubt = 44
    case refused = 45
    case usage = 64
    case interrupted = 130
    case terminated = 143

    /// The word that JSON's `conditions` holds.
    var word: String {
        switch self {
        case .done: "done"
        case .internalError: "internalError"
        case .partial: "partial"
        case .policyMissed: "policyMissed"
        case .noRepository: "noRepository"
        case .heldByAnother: "heldByAnother"
        case .wrongKey: "wrongKey"
        case .damagedCopyExists: "damagedCopyExists"
        case .damaged: "damaged"
        case .notAuthentic: "notAuthentic"
        case .notEstablished: "notEstablished"
        case .runbookInvalid: "runbookInvalid"
        case .runFailed: "runFailed"
        case .waitingForPerson: "waitingForPerson"
        case .cancelled: "cancelled"
        case .inDoubt: "inDoubt"
        case .refused: "refused"
        case .usage: "usage"
        case .interrupted: "interrupted"
        case .terminated: "terminated"
        }
    }

    /// Which of several conditions of a verification (or backup, or restore) the process exits with.
    static let verificationOrder: [ExitStatus] = [
        .notAuthentic, .damaged, .damagedCopyExists, .wrongKey, .notEstablished, .policyMissed, .partial, .done,
    ]

    /// Which of several conditions of a run the process exits with.
    static let runOrder: [ExitStatus] = [
        .interrupted, .terminated, .inDoubt, .refused, .runFailed, .cancelled, .waitingForPerson, .notEstablished,
        .policyMissed, .done,
    ]

    /// The first of `order` that is among the conditions; what no order names wins over all that it does.
    static func first(of conditions: [ExitStatus], in order: [ExitStatus]) -> ExitStatus {
        conditions.first { !order.contains($0) } ?? order.first { conditions.contains($0) } ?? .done
    }
}

extension SignalWatch {
    /// What a process that a signal ended exits with.
    var exit: ExitStatus? {
        switch signal {
        case SIGINT: .interrupted
        case SIGTERM: .terminated
        default: nil
        }
    }

    /// What a command that the signal cut short ends with.
    func failure(code: String, message: String, hint: String) -> Failure {
        Failure(exit: exit ?? .interrupted, code: code, message: message, hint: hint)
    }
}
