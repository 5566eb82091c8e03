import DRMachine
import Synchronization

/// What reaches a runner, from any thread, in the order in which it was put.
final class Mailbox: Sendable {
    enum Message: Sendable {
        case input(Input)
        /// Let go of the run.
        case detach
        /// The runner cannot go on.
        case fatal(EngineError)
    }

    private struct State {
        var messages: [Message] = []
        var waiting: CheckedContinuation<[Message], Never>?
    }

    private let state = Mutex(State())

    func put(_ message: Message) {
        let (waiting, messages) = state.withLock { state -> (CheckedContinuation<[Message], Never>?, [Message]) in
            state.messages.append(message)
            guard let waiting = state.waiting else { return (nil, []) }
            state.waiting = nil
            let messages = state.messages
            state.messages = []
            return (waiting, messages)
        }
        waiting?.resume(returning: messages)
    }

    var isEmpty: Bool { state.withLock { $0.messages.isEmpty } }

    /// All that has come, waiting for the first. Has one taker.
    func take() async -> [Message] {
        await withCheckedContinuation { continuation in
            let messages = state.withLock { state -> [Message] in
                let messages = state.messages
                if messages.isEmpty { state.waiting = continuation } else { state.messages = [] }
                return messages
            }
            if !messages.isEmpty { continuation.resume(returning: messages) }
        }
    }
}
