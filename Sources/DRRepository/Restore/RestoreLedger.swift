internal import Synchronization

/// What a restore's threads have done and what failed, counted once each.
final class RestoreLedger: Sendable {
    private struct State {
        var counts = RestoreProgress()
        var failures: [RestoreFailure] = []
    }

    private let state = Mutex(State())

    var counts: RestoreProgress { state.withLock(\.counts) }
    var failures: [RestoreFailure] { state.withLock(\.failures) }

    func count(_ change: (inout RestoreProgress) -> Void) { state.withLock { change(&$0.counts) } }

    func fail(_ path: [UInt8], _ reason: String) {
        state.withLock { state in
            state.counts.failureCount += 1
            if state.failures.count < Restore.mostFailuresListed {
                state.failures.append(RestoreFailure(path: path, reason: reason))
            }
        }
    }
}
