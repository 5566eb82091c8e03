internal import Glibc

/// A state that threads share, and wait on for each other: a mutex with its condition.
///
/// For threads of our own only: waiting blocks the thread.
@safe package final class Monitor<State>: @unchecked Sendable {
    // The pointers are set once and freed by deinit; `state` is touched under the mutex only.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var state: State

    /// Guards this state from now on.
    package init(_ state: sending State) {
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        self.state = state
        unsafe pthread_mutex_init(mutex, nil)
        // Timeouts count on a clock that never jumps.
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Runs the body with the state to itself. Wakes nobody: see `signal`, `signalAll`.
    package func withLock<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Waits until `isReady` holds (asked again after each signal), then runs the body before anybody else can
    /// change the state.
    /// - Returns: nil when `isReady` did not hold within the time; nil waits for ever.
    package func waiting<Result, Failure: Error>(
        atMost limit: Duration? = nil, until isReady: (State) -> Bool,
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        let deadline = limit.map(monotonicDeadline(in:))
        while !isReady(state) {
            if var deadline {
                let result = unsafe pthread_cond_timedwait(condition, mutex, &deadline)
                if result == ETIMEDOUT, !isReady(state) { return nil }
            } else {
                unsafe pthread_cond_wait(condition, mutex)
            }
        }
        return try body(&state)
    }

    /// Wakes one waiting thread.
    package func signal() { unsafe pthread_cond_signal(condition) }

    /// Wakes every waiting thread.
    package func signalAll() { unsafe pthread_cond_broadcast(condition) }
}
