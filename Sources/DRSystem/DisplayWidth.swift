internal import CLinux

extension StringProtocol {
    /// How many columns a terminal takes to show it: wide characters take two, combining and control characters none.
    /// Needs the locale that `ProcessStart` sets.
    package var displayWidth: Int {
        if utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return utf8.count }
        return unicodeScalars.reduce(0) { $0 + Int(Swift.max(0, clinux_width_of($1.value))) }
    }
}
