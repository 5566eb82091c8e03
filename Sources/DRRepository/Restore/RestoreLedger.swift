internal import Synchronization

/// What a restore's threads have done and what failed, counted once each.
final class RestoreLedger: Sendable {
    private struct State {
        var counts = RestoreProgress()
        var failures: [RestoreFailure] = []
        var conditions: Set<RepositoryCondition> = []
    }

    private let state = Mutex(State())

    var counts: RestoreProgress { state.withLock(\.counts) }
    var failures: [RestoreFailure] { state.withLock(\.failures) }
    /// What the repository's part in the failures says about it.
    var conditions: Set<RepositoryCondition> { state.withLock(\.conditions) }

    func count(_ change: (inout RestoreProgress) -> Void) { state.withLock { change(&$0.counts) } }

    /// Notes a path that was not restored as it was.
    /// - Parameter error: what the repository said, where that is why.
    func fail(_ path: [UInt8], _ reason: String, because error: RepositoryError? = nil) {
        let reason = error.map { "\(reason): \($0.message)" } ?? reason
        state.withLock { state in
            if let error { state.conditions.insert(RepositoryCondition(error)) }
            state.counts.failureCount += 1
            if state.failures.count < Restore.mostFailuresListed {
                state.failures.append(RestoreFailure(path: path, reason: reason))
            }
        }
    }
}
