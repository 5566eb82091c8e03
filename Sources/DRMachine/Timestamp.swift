/// RFC 3339 times as nanoseconds since 1970, exactly.
package enum Timestamp {
    /// - Returns: nil unless the text is an RFC 3339 time (`2026-11-22T15:04:05.123Z`, `…+02:00`) with at most
    ///   nine decimals, of the years 1970 to 2200. A leap second counts as the second after it.
    package static func nanoseconds(_ text: some StringProtocol) -> Int64? {
        var rest = Array(text.utf8)[...]
        guard let year = digits(&rest, 4), eat(&rest, "-"), let month = digits(&rest, 2), eat(&rest, "-"),
            let day = digits(&rest, 2), eat(&rest, "T") || eat(&rest, "t") || eat(&rest, " "),
            let hour = digits(&rest, 2), eat(&rest, ":"), let minute = digits(&rest, 2), eat(&rest, ":"),
            let second = digits(&rest, 2), (1970...2200).contains(year), (1...12).contains(month),
            (1...days(year, month)).contains(day), hour < 24, minute < 60, second <= 60,
            let fraction = fraction(&rest), let offset = offset(&rest), rest.isEmpty
        else { return nil }
        let days = daysSince1970(year, month, day)
        return (((days * 24 + hour) * 60 + minute - offset) * 60 + second) * 1_000_000_000 + fraction
    }

    private static func digits(_ rest: inout ArraySlice<UInt8>, _ count: Int) -> Int64? {
        guard rest.count >= count else { return nil }
        var number: Int64 = 0
        for byte in rest.prefix(count) {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            number = number * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        rest = rest.dropFirst(count)
        return number
    }

    private static func eat(_ rest: inout ArraySlice<UInt8>, _ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }

    private static func fraction(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        guard eat(&rest, ".") else { return 0 }
        let decimals = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
        guard (1...9).contains(decimals), var number = digits(&rest, decimals) else { return nil }
        for _ in decimals..<9 { number *= 10 }
        return number
    }

    /// Minutes east of Greenwich.
    private static func offset(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        if eat(&rest, "Z") || eat(&rest, "z") { return 0 }
        let sign: Int64
        if eat(&rest, "+") { sign = 1 } else if eat(&rest, "-") { sign = -1 } else { return nil }
        guard let hours = digits(&rest, 2), eat(&rest, ":"), let minutes = digits(&rest, 2), hours < 24, minutes < 60
        else { return nil }
        return sign * (hours * 60 + minutes)
    }

    private static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    private static func days(_ year: Int64, _ month: Int64) -> Int64 {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let before = year - 1
        let leapDays = before / 4 - before / 100 + before / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400)
        var days = (year - 1970) * 365 + leapDays
        for earlier in 1..<month { days += Self.days(year, earlier) }
        return days + day - 1
    }
}
