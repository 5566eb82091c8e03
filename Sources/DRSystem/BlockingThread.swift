internal import Glibc

/// Threads of our own for work that blocks (fsync, locks, hashing, C libraries), which must not stand on the
/// cooperative pool's few.
package enum BlockingThread {
    /// Runs the work on a thread of its own and suspends the caller until it is over. Threads are kept for some
    /// seconds and used again.
    package static func run<Success: Sendable, Failure: Error>(
        _ work: @escaping @Sendable () throws(Failure) -> Success
    ) async throws(Failure) -> Success {
        let result: Result<Success, Failure> = await withCheckedContinuation { continuation in
            ThreadPool.shared.submit { continuation.resume(returning: Result(catching: work)) }
        }
        return try result.get()
    }

    /// Runs the work on a thread that nobody waits for: a loop that reads a socket or watches a folder.
    package static func detach(_ work: @escaping @Sendable () -> Void) { ThreadPool.shared.submit(work) }
}

/// As many threads as there is work under way; one that was idle for some seconds ends.
private final class ThreadPool: Sendable {
    static let shared = ThreadPool()

    private struct State {
        var queue: [@Sendable () -> Void] = []
        /// Threads that wait for work.
        var idle = 0

        mutating func takeFirst() -> (@Sendable () -> Void)? { queue.isEmpty ? nil : queue.removeFirst() }
    }

    private let state = Monitor(State())

    func submit(_ work: @escaping @Sendable () -> Void) {
        let needsThread = state.withLock { state in
            state.queue.append(work)
            return state.idle < state.queue.count
        }
        if needsThread { startThread() } else { state.signal() }
    }

    private func startThread() {
        var thread = pthread_t()
        let start = unsafe Unmanaged.passRetained(self).toOpaque()
        let result = unsafe pthread_create(
            &thread, nil,
            { pool in
                unsafe pool.map { unsafe Unmanaged<ThreadPool>.fromOpaque($0).takeRetainedValue().work() }
                return nil
            }, start)
        // Without a thread the queued work would wait for ever, and its caller with it.
        precondition(result == 0, "could not start a thread: errno \(result)")
        _ = pthread_detach(thread)
    }

    private func work() {
        while let work = next() { work() }
    }

    /// nil when this thread should end.
    private func next() -> (@Sendable () -> Void)? {
        if let work = state.withLock({ $0.takeFirst() }) { return work }
        state.withLock { $0.idle += 1 }
        let work = state.waiting(atMost: .seconds(10), until: { !$0.queue.isEmpty }) { state in
            state.idle -= 1
            return state.takeFirst()
        }
        // Work queued after the wait gave up, for a thread that looked idle, is taken here.
        return work
            ?? state.withLock { state in
                state.idle -= 1
                return state.takeFirst()
            }
    }
}
