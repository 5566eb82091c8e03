import DRSystem
import Dispatch
import Glibc
import Synchronization

/// Turns SIGINT and SIGTERM into something that long work asks about between two steps.
final class Stopping: Sendable {
    private let signalled = Mutex<Int32?>(nil)
    // Set once by init, cancelled once by deinit; a dispatch source may be used from any thread.
    nonisolated(unsafe) private let sources: [any DispatchSourceSignal]

    /// - Parameter onSignal: called for each signal, on a thread of its own.
    init(onSignal: @escaping @Sendable (Int32) -> Void = { _ in }) {
        var sources: [any DispatchSourceSignal] = []
        for number in [SIGINT, SIGTERM] {
            ProcessStart.ignore(number)
            sources.append(DispatchSource.makeSignalSource(signal: number, queue: .global()))
        }
        self.sources = sources
        for (number, source) in zip([SIGINT, SIGTERM], sources) {
            source.setEventHandler { [signalled] in
                signalled.withLock { $0 = $0 ?? number }
                onSignal(number)
            }
            source.resume()
        }
    }

    deinit { for source in sources { source.cancel() } }

    /// The first signal that came.
    var signal: Int32? { signalled.withLock { $0 } }

    var isRequested: Bool { signal != nil }

    /// What a process that a signal ended exits with.
    var exit: ExitStatus? {
        switch signal {
        case SIGINT: .interrupted
        case SIGTERM: .terminated
        default: nil
        }
    }
}
