/// A wall-clock time in a record: RFC 3339 in UTC with all nine digits, `2026-11-22T15:04:05.000000000Z`, so that
/// it sorts as text and loses nothing.
package struct RecordTime: Hashable, Sendable, Comparable {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    package var nanoseconds: Int64

    /// A time by its nanoseconds since 1970.
    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static func < (one: RecordTime, other: RecordTime) -> Bool { one.nanoseconds < other.nanoseconds }

    /// The parts of the proleptic Gregorian calendar in UTC.
    struct Parts: Equatable {
        var year: Int64
        var month: Int64
        var day: Int64
        var secondOfDay: Int64
        var nanosecond: Int64
    }

    /// The calendar's arithmetic over eras of 400 years, each 146,097 days, with years that start in March.
    var parts: Parts {
        let second = nanoseconds.flooredQuotient(1_000_000_000)
        let days = second.flooredQuotient(86_400)
        let shifted = days + 719_468
        let era = shifted.flooredQuotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return Parts(
            year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
            day: dayOfYear - (153 * monthFromMarch + 2) / 5 + 1, secondOfDay: second - days * 86_400,
            nanosecond: nanoseconds - second * 1_000_000_000)
    }
}

extension RecordTime: LosslessStringConvertible {
    /// RFC 3339 with nine digits of the second.
    package var description: String {
        let parts = parts
        return "\(date(parts))T\(clock(parts)).\(parts.nanosecond.padded(9))Z"
    }

    /// What people read: `2026-11-22 15:04:05.293 UTC`.
    var shown: String {
        let parts = parts
        return "\(date(parts)) \(clock(parts)).\((parts.nanosecond / 1_000_000).padded(3)) UTC"
    }

    /// The time of day alone: `15:04:05.293`.
    var shownTime: String {
        let parts = parts
        return "\(clock(parts)).\((parts.nanosecond / 1_000_000).padded(3))"
    }

    private func date(_ parts: Parts) -> String {
        "\(parts.year.padded(4))-\(parts.month.padded(2))-\(parts.day.padded(2))"
    }

    private func clock(_ parts: Parts) -> String {
        let second = parts.secondOfDay
        return "\((second / 3600).padded(2)):\((second / 60 % 60).padded(2)):\((second % 60).padded(2))"
    }

    /// Reads exactly what `description` writes.
    /// - Returns: nil for any other text, a day that does not exist included.
    package init?(_ description: String) {
        let bytes = Array(description.utf8)
        guard bytes.count == 30 else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            bytes[range].allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
                ? Int64(String(decoding: bytes[range], as: UTF8.self)) : nil
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            let fraction = number(20..<29)
        else { return nil }
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted.flooredQuotient(400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return nil }
        self.init(nanoseconds: scaled + fraction)
        // Only the one way of writing it: no 31st of February, no 24:00.
        guard self.description == description else { return nil }
    }
}

extension RecordTime: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let time = RecordTime(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "a time is written 2026-11-22T15:04:05.000000000Z")
        }
        self = time
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Int64 {
    /// Division that rounds towards minus infinity; the divisor is positive.
    func flooredQuotient(_ divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }

    /// Decimal digits, with zeros in front up to a width.
    func padded(_ width: Int) -> String {
        let digits = String(self)
        return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }
}
