/// A thread that an actor's jobs run on, one after another, and nobody else's: what it does may block. Ends with its last
/// reference.
package final class DedicatedThread: SerialExecutor {
    /// A job, and the executor that it is told to run on. The actor that the job is for keeps its executor.
    @safe private struct Entry: Sendable {
        private let job: UnownedJob
        private let executor: UnownedSerialExecutor

        init(_ job: UnownedJob, on executor: DedicatedThread) {
            self.job = job
            unsafe self.executor = executor.executor
        }

        func run() { unsafe job.runSynchronously(on: executor) }
    }

    private struct State {
        var jobs: [Entry] = []
        var isOver = false
    }

    private let state = Monitor(State())

    /// Takes a thread, for as long as it is referred to.
    package init() {
        let state = state
        BlockingThread.detach {
            while let jobs = Self.next(state) {
                for job in jobs { job.run() }
            }
        }
    }

    deinit {
        state.withLock { $0.isOver = true }
        state.signal()
    }

    /// What an actor gives as its `unownedExecutor`; the actor keeps this thread.
    @safe package var executor: UnownedSerialExecutor { unsafe asUnownedSerialExecutor() }

    /// Runs the job after those that came before it.
    package func enqueue(_ job: consuming ExecutorJob) {
        let entry = Entry(UnownedJob(job), on: self)
        state.withLock { $0.jobs.append(entry) }
        state.signal()
    }

    /// nil once there is nobody left to wait for.
    private static func next(_ state: Monitor<State>) -> [Entry]? {
        let jobs = state.waiting(until: { !$0.jobs.isEmpty || $0.isOver }) { state in
            defer { state.jobs = [] }
            return state.jobs
        }
        return jobs?.isEmpty == false ? jobs : nil
    }
}
