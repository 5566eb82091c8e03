import DRSystem
import Synchronization
import SystemPackage

/// One line of progress at a terminal, drawn again in place; nothing elsewhere. May be called from any thread.
final class ProgressMeter: Sendable {
    private struct State {
        var shownAt: Int64 = 0
        var isShown = false
    }

    /// Often enough to be alive, seldom enough to cost nothing.
    private static let intervalNanoseconds: Int64 = 200_000_000

    private let what: String
    private let time: SystemTimeSource?
    private let started: Int64
    private let state = Mutex(State())

    init(what: String) {
        self.what = what
        time = Canvas.isAvailable ? try? SystemTimeSource() : nil
        started = time?.bootNanoseconds() ?? 0
    }

    func show(files: Int?, bytes: Int64) {
        guard let time else { return }
        let now = time.bootNanoseconds()
        state.withLock { state in
            guard now - state.shownAt >= Self.intervalNanoseconds else { return }
            state.shownAt = now
            state.isShown = true
            let milliseconds = max(1, (now - started) / 1_000_000)
            let rate = ByteCount(bytes * 1000 / milliseconds)
            Output.write(
                "\r\u{1B}[K\(what): \(files.map { counted($0, "file") + ", " } ?? "")\(ByteCount(bytes)), \(rate)/s",
                to: .standardError)
        }
    }

    func end() {
        if state.withLock({ $0.isShown }) { Output.write("\r\u{1B}[K", to: .standardError) }
    }
}
