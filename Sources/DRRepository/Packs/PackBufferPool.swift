internal import DRSystem

/// Hands out so many pack buffers and no more, so that the memory of a backup does not grow with how slow its storage is.
final class PackBufferPool: Sendable {
    private struct State {
        var spare: [PackBuffer] = []
        var made = 0
        var failure: RepositoryError?
    }

    private let most: Int
    private let state = Monitor(State())

    init(most: Int) { self.most = most }

    /// Blocks while all are in use.
    /// - Throws: the failure, once there is one.
    func take() throws(RepositoryError) -> PackBuffer {
        let most = most
        let taken = state.waiting(until: { $0.failure != nil || !$0.spare.isEmpty || $0.made < most }) {
            state -> Result<PackBuffer, RepositoryError> in
            if let failure = state.failure { return .failure(failure) }
            if let spare = state.spare.popLast() { return .success(spare) }
            state.made += 1
            return .success(PackBuffer())
        }
        guard let taken else { throw RepositoryError(.internalFault, "a wait without an end ended") }
        return try taken.get()
    }

    /// Takes back what nobody uses any longer.
    func giveBack(_ buffer: PackBuffer) {
        state.withLock { $0.spare.append(buffer) }
        state.signalAll()
    }

    /// Lets go of the memory of buffers that nobody uses.
    func empty() {
        state.withLock { state in
            state.made -= state.spare.count
            state.spare = []
        }
    }

    /// Ends every wait.
    func fail(_ error: RepositoryError) {
        state.withLock { state in
            if state.failure == nil { state.failure = error }
        }
        state.signalAll()
    }
}
