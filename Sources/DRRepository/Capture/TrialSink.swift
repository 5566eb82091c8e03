internal import Synchronization

/// Stores nothing: counts what a repository would get that it does not have, for a backup that is only tried.
package final class TrialSink: ObjectSink {
    private struct State {
        var seen: Set<ObjectID> = []
        var bytes: Int64 = 0
    }

    private let real: any ObjectSink
    private let state = Mutex(State())

    /// - Parameter real: is asked what is there, and gets nothing.
    package init(insteadOf real: any ObjectSink) { self.real = real }

    package var naming: any ObjectNaming { real.naming }

    /// The bytes that would be stored, before compression.
    package var newBytes: Int64 { state.withLock(\.bytes) }

    /// As the protocol says; what was put before counts.
    package func contains(_ id: ObjectID) -> Bool {
        real.contains(id) || state.withLock { $0.seen.contains(id) }
    }

    /// Counts, and forgets the object.
    package func put(_ object: consuming NewObject) throws(RepositoryError) -> Bool {
        let object = object
        if real.contains(object.id) { return false }
        return state.withLock { state in
            guard state.seen.insert(object.id).inserted else { return false }
            state.bytes += Int64(object.body.count)
            return true
        }
    }
}
