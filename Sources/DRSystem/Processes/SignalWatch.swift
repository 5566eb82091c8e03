internal import CLinux
internal import Glibc
internal import Synchronization

/// Turns SIGINT and SIGTERM into something that long work asks about between two steps, for as long as it lives.
///
/// A handler and a pipe, because a dispatch source loses signals: it waits on a signalfd, and the kernel discards an
/// ignored signal unless the main thread happens to block it.
package final class SignalWatch: Sendable {
    private let first = Mutex<Int32?>(nil)
    private let onSignal: @Sendable (Int32) -> Void

    /// - Parameter onSignal: called for each signal, on a thread of its own.
    package init(onSignal: @escaping @Sendable (Int32) -> Void = { _ in }) {
        self.onSignal = onSignal
        SignalHub.shared.add(self)
    }

    /// The number of the first signal that came.
    package var signal: Int32? { first.withLock { $0 } }

    package var isRequested: Bool { signal != nil }

    fileprivate func receive(_ number: Int32) {
        first.withLock { $0 = $0 ?? number }
        BlockingThread.detach { [onSignal] in onSignal(number) }
    }
}

/// The one reader of this process's signals. Once there was a watch, a signal that nobody watches is ignored.
private final class SignalHub: Sendable {
    static let shared = SignalHub()

    private struct Entry {
        weak var watch: SignalWatch?
    }

    private let watches = Mutex<[Entry]>([])

    private init() {
        var ends: [Int32] = [-1, -1]
        let made = unsafe ends.withUnsafeMutableBufferPointer { unsafe pipe($0.baseAddress) }
        // Without a pipe signals keep their default: they end the process, which loses nothing that was acknowledged.
        guard made == 0 else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        let reading = ends[0]
        for number in [SIGINT, SIGTERM] { _ = clinux_tell_signal(number, ends[1]) }
        BlockingThread.detach { [self] in
            var byte: UInt8 = 0
            while true {
                let count = unsafe read(reading, &byte, 1)
                if count == 1 { tell(Int32(byte)) } else if count == 0 || errno != EINTR { return }
            }
        }
    }

    func add(_ watch: SignalWatch) {
        watches.withLock { entries in
            entries.removeAll { $0.watch == nil }
            entries.append(Entry(watch: watch))
        }
    }

    private func tell(_ number: Int32) {
        let living = watches.withLock { $0.compactMap(\.watch) }
        for watch in living { watch.receive(number) }
    }
}
