import DRSystem
import FoundationEssentials
import SystemPackage

/// A part of the terminal that is drawn again and again in place, on standard error.
struct Canvas {
    private var drawnLines = 0

    /// Whether standard error is a terminal that can be drawn on.
    static var isAvailable: Bool {
        Output.isErrorTerminal && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    }

    static var usesColour: Bool { ProcessInfo.processInfo.environment["NO_COLOR"]?.isEmpty ?? true }

    /// Columns and rows of the terminal; 80 × 24 where it does not say.
    static var size: (columns: Int, rows: Int) { Terminal.size(of: .standardError) ?? (80, 24) }

    /// Replaces what was drawn last; one write, so that it does not flicker.
    mutating func draw(_ lines: [String]) {
        var text = erasure
        for line in lines { text += "\u{1B}[2K" + line + "\n" }
        Output.write(text, to: .standardError)
        drawnLines = lines.count
    }

    /// Leaves the drawing where it is, so that plain lines can follow; the next one starts below them.
    mutating func leave() { drawnLines = 0 }

    private var erasure: String { drawnLines > 0 ? "\u{1B}[\(drawnLines)A\u{1B}[J" : "" }
}
