internal import DRSystem
internal import DequeModule

/// A queue between threads that holds so much and no more; the first failure of either side ends both.
final class BoundedQueue<Element: Sendable>: Sendable {
    private struct State {
        var items: Deque<(element: Element, weight: Int)> = []
        var weight = 0
        var isClosed = false
        var failure: RepositoryError?

        mutating func takeFirst() -> Element? {
            guard failure == nil, let item = items.popFirst() else { return nil }
            weight -= item.weight
            return item.element
        }
    }

    private let state = Monitor(State())
    private let capacity: Int

    /// - Parameter capacity: the weight above which `push` waits. One element always fits.
    init(capacity: Int) { self.capacity = capacity }

    /// Blocks while the queue is full.
    /// - Throws: the failure, once there is one.
    func push(_ element: sending Element, weight: Int = 1) throws(RepositoryError) {
        let capacity = capacity
        let failure = state.waiting(until: { $0.failure != nil || $0.items.isEmpty || $0.weight + weight <= capacity })
        {
            state -> RepositoryError? in
            if state.failure == nil {
                state.items.append((element, weight))
                state.weight += weight
            }
            return state.failure
        }
        state.signalAll()
        if let failure, let failure { throw failure }
    }

    /// Blocks until there is an element.
    /// - Returns: nil when the queue was closed and is empty, or failed.
    func pop() -> Element? {
        let element = state.waiting(until: { $0.failure != nil || $0.isClosed || !$0.items.isEmpty }) { $0.takeFirst() }
        state.signalAll()
        return element ?? nil
    }

    /// Says that nothing more will come.
    func close() {
        state.withLock { $0.isClosed = true }
        state.signalAll()
    }

    /// Ends the queue for both sides. The first failure stays.
    func fail(_ error: RepositoryError) {
        state.withLock { state in
            if state.failure == nil { state.failure = error }
            state.items = []
            state.weight = 0
        }
        state.signalAll()
    }

    var failure: RepositoryError? { state.withLock { $0.failure } }
}
