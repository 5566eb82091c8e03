internal import DRSystem

/// Blocking work on several threads of our own at once.
enum ParallelWork {
    /// How many threads: as many as the machines that this was measured on have cores.
    static let width = 2

    private struct State<Output> {
        var next = 0
        var results: [Int: Result<Output, RepositoryError>] = [:]
    }

    /// Calls the body for every input, at most `width` at a time, and blocks until all are done.
    /// - Returns: the results in the order of the inputs.
    static func map<Input: Sendable, Output: Sendable>(
        _ inputs: [Input], width: Int = ParallelWork.width,
        _ body: @escaping @Sendable (Input) throws(RepositoryError) -> Output
    ) -> [Result<Output, RepositoryError>] {
        guard inputs.count > 1, width > 1 else {
            return inputs.map { input in Result { () throws(RepositoryError) in try body(input) } }
        }
        let state = Monitor(State<Output>())
        for _ in 0..<min(width, inputs.count) {
            BlockingThread.detach {
                while true {
                    let index = state.withLock { state -> Int in
                        defer { state.next += 1 }
                        return state.next
                    }
                    guard index < inputs.count else { return }
                    let result = Result { () throws(RepositoryError) in try body(inputs[index]) }
                    let isLast = state.withLock { state -> Bool in
                        state.results[index] = result
                        return state.results.count == inputs.count
                    }
                    if isLast { state.signalAll() }
                }
            }
        }
        let results = state.waiting(until: { $0.results.count == inputs.count }) { $0.results } ?? [:]
        return inputs.indices.compactMap { results[$0] }
    }
}
