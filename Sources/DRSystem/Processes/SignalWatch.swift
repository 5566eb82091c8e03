internal import Dispatch
internal import Glibc
internal import Synchronization

/// Turns SIGINT and SIGTERM into something that long work asks about between two steps, for as long as it lives.
@safe package final class SignalWatch: Sendable {
    private let first = Mutex<Int32?>(nil)
    // Set once by init, cancelled once by deinit; a dispatch source may be used from any thread.
    nonisolated(unsafe) private let sources: [any DispatchSourceSignal]

    /// - Parameter onSignal: called for each signal, on a thread of its own.
    package init(onSignal: @escaping @Sendable (Int32) -> Void = { _ in }) {
        let numbers = [SIGINT, SIGTERM]
        // Without this the default handling would end the process before a source is asked.
        for number in numbers { _ = Glibc.signal(number, SIG_IGN) }
        unsafe sources = numbers.map { DispatchSource.makeSignalSource(signal: $0, queue: .global()) }
        for (number, source) in zip(numbers, unsafe sources) {
            source.setEventHandler { [weak self] in
                self?.first.withLock { $0 = $0 ?? number }
                onSignal(number)
            }
            source.resume()
        }
    }

    deinit {
        for source in unsafe sources { source.cancel() }
    }

    /// The number of the first signal that came.
    package var signal: Int32? { first.withLock { $0 } }

    package var isRequested: Bool { signal != nil }
}
