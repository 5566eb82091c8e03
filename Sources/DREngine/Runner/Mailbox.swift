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
        /// Something that has come is not to wait for company.
        var isDue = false

        /// What the taker is given now, if there is one and something is due.
        mutating func handOver() -> (CheckedContinuation<[Message], Never>, [Message])? {
            guard isDue, let taker = waiting else { return nil }
            waiting = nil
            return (taker, empty())
        }

        mutating func empty() -> [Message] {
            defer { (messages, isDue) = ([], false) }
            return messages
        }
    }

    /// How long a message waits for company at most.
    private static let patience = Duration.milliseconds(5)

    private let state = Mutex(State())

    /// - Parameter isPatient: nobody acts upon it, so it may wait a moment for what comes next, and share its commit.
    func put(_ message: Message, isPatient: Bool = false) {
        let needsTimer = state.withLock { state in
            state.messages.append(message)
            if !isPatient { state.isDue = true }
            return isPatient && state.messages.count == 1
        }
        handOver()
        guard needsTimer else { return }
        Task {
            try? await Task.sleep(for: Self.patience)
            state.withLock { $0.isDue = $0.isDue || !$0.messages.isEmpty }
            handOver()
        }
    }

    private func handOver() {
        if let (taker, messages) = state.withLock({ $0.handOver() }) { taker.resume(returning: messages) }
    }

    var isEmpty: Bool { state.withLock { $0.messages.isEmpty } }

    /// All that has come, waiting for the first that is due. Has one taker.
    func take() async -> [Message] {
        await withCheckedContinuation { continuation in
            state.withLock { $0.waiting = continuation }
            handOver()
        }
    }
}
