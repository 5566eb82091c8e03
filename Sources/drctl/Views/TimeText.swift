import DRMachine
import DRRunbook
import DRSystem
import FoundationEssentials

/// Times and lengths of time as people read them.
enum TimeText {
    /// `850ms`, `12.3s`, `4m 05s`, `2h 03m`, with a sign when negative.
    static func span(_ span: TimeSpan) -> String {
        let magnitude = span.nanoseconds.magnitude
        let sign = span.nanoseconds < 0 ? "-" : ""
        let milliseconds = (magnitude + 500_000) / 1_000_000
        let seconds = milliseconds / 1000
        switch seconds {
        case 0: return "\(sign)\(milliseconds)ms"
        // Rounded to what is shown, as in the report.
        case 1..<60 where milliseconds + 50 < 60_000:
            let tenths = (milliseconds + 50) / 100
            return "\(sign)\(tenths / 10).\(tenths % 10)s"
        case 1..<60: return "\(sign)1m 00s"
        case 60..<3600: return "\(sign)\(seconds / 60)m \(twoDigits(seconds % 60))s"
        default: return "\(sign)\(seconds / 3600)h \(twoDigits(seconds % 3600 / 60))m"
        }
    }

    /// `15:04:05Z`: the wall clock, in UTC, to the second.
    static func clock(_ moment: Moment) -> String {
        let seconds = (moment.wall / 1_000_000_000) % 86_400
        return "\(twoDigits(seconds / 3600)):\(twoDigits(seconds % 3600 / 60)):\(twoDigits(seconds % 60))Z"
    }

    /// `2026-11-22T15:04:05Z`.
    static func full(wallNanoseconds: Int64) -> String {
        full(seconds: wallNanoseconds / 1_000_000_000)
    }

    /// The same, of seconds since 1970: a file's time may lie further away than nanoseconds can count.
    static func full(seconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    }

    /// A moment as people give it: `2026-11-22T15:04:05Z`, with any offset.
    /// - Returns: nanoseconds since 1970.
    /// - Throws: usage.
    static func parse(_ text: String, for option: String) throws -> Int64 {
        guard let date = try? Date(text, strategy: .iso8601) else {
            throw Failure(
                exit: .usage, code: "usage.time", message: "\(option) \(displayEscaped(text)) is no time",
                hint: "write it like 2026-11-22T15:04:05Z or 2026-11-22T16:04:05+01:00")
        }
        return Int64(date.timeIntervalSince1970 * 1000) * 1_000_000
    }

    private static func twoDigits(_ number: some BinaryInteger) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
