import DRRunbook
import DRSystem
import Synchronization
import SystemPackage

/// One line of progress at a terminal, drawn again in place, or JSON lines. May be called from any thread.
final class ProgressMeter: Sendable {
    private struct State {
        var shownAt: Int64 = 0
        var isShown = false
    }

    /// Often enough to be alive, seldom enough to cost nothing.
    private static let drawingInterval: Int64 = 200_000_000
    private static let lineInterval: Int64 = 1_000_000_000
    private static let barColumns = 20

    private let what: String
    private let style: ProgressOptions.Style
    /// Nil where nothing is shown.
    private let time: SystemTimeSource?
    private let started: Int64
    private let state = Mutex(State())

    init(what: String, _ options: ProgressOptions? = nil) {
        self.what = what
        style = options?.progress ?? .auto
        let isShown = style == .json || style == .auto && Canvas.isAvailable
        time = isShown ? try? SystemTimeSource() : nil
        started = time?.bootNanoseconds() ?? 0
    }

    /// - Parameter ofBytes: how many there were last time, or will be: gives the bar and the time left.
    func show(files: Int?, bytes: Int64, ofBytes expected: Int64? = nil) {
        guard let time else { return }
        let now = time.bootNanoseconds()
        state.withLock { state in
            guard now - state.shownAt >= (style == .json ? Self.lineInterval : Self.drawingInterval) else { return }
            state.shownAt = now
            state.isShown = true
            let milliseconds = max(1, (now - started) / 1_000_000)
            let text =
                style == .json
                ? json(files, bytes, expected, milliseconds) + "\n"
                : "\r\u{1B}[K" + line(files, bytes, expected, milliseconds)
            Output.write(text, to: .standardError)
        }
    }

    func end() {
        if style != .json, state.withLock({ $0.isShown }) { Output.write("\r\u{1B}[K", to: .standardError) }
    }

    private func line(_ files: Int?, _ bytes: Int64, _ expected: Int64?, _ milliseconds: Int64) -> String {
        let rate = ByteCount(bytes * 1000 / milliseconds)
        let counts = "\(files.map { counted($0, "file") + ", " } ?? "")\(ByteCount(bytes)), \(rate)/s"
        // What grew since last time has no time left that anybody knows.
        guard let expected, expected > 0, bytes <= expected else { return "\(what): \(counts)" }
        let filled = Int(bytes * Int64(Self.barColumns) / expected)
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: Self.barColumns - filled)
        let left =
            bytes > 0
            ? ", about \(TimeText.span(TimeSpan(nanoseconds: Self.left(bytes, expected, milliseconds) * 1_000_000))) left"
            : ""
        return "\(what): [\(bar)] \(counts)\(left)"
    }

    private func json(_ files: Int?, _ bytes: Int64, _ expected: Int64?, _ milliseconds: Int64) -> String {
        var fields = [#""schema":"drctl.progress/1""#, #""command":"\#(what)""#, #""bytes":\#(bytes)"#]
        if let files { fields.append(#""files":\#(files)"#) }
        if let expected { fields.append(#""expectedBytes":\#(expected)"#) }
        fields.append(#""milliseconds":\#(milliseconds)"#)
        if let expected, expected >= bytes, bytes > 0 {
            fields.append(#""millisecondsLeft":\#(Self.left(bytes, expected, milliseconds))"#)
        }
        return "{\(fields.joined(separator: ","))}"
    }

    private static func left(_ bytes: Int64, _ expected: Int64, _ milliseconds: Int64) -> Int64 {
        Int64(Double(expected - bytes) / Double(bytes) * Double(milliseconds))
    }
}
