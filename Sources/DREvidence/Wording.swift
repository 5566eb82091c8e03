import DRMachine
import DRMeasure
import DRRunbook
import DRSystem

/// One way of saying things for record, report and verification.
enum Wording {
    /// `0.8 s`, `12.4 s`, `3 min 20 s`, `1 h 05 min`, `2 d 03 h`; three digits under a second: `0.012 s`.
    static func duration(_ nanoseconds: Int64) -> String {
        guard nanoseconds >= 0 else { return "−" + duration(nanoseconds == .min ? .max : -nanoseconds) }
        let milliseconds = nanoseconds / 1_000_000
        if milliseconds < 1000 { return nanoseconds == 0 ? "0 s" : "0.\(milliseconds.padded(3)) s" }
        let tenths = (milliseconds + 50) / 100
        if tenths < 600 { return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s" }
        let seconds = (milliseconds + 500) / 1000
        if seconds < 3600 {
            return seconds % 60 == 0 ? "\(seconds / 60) min" : "\(seconds / 60) min \((seconds % 60).padded(2)) s"
        }
        let minutes = (seconds + 30) / 60
        if minutes < 1440 {
            return minutes % 60 == 0 ? "\(minutes / 60) h" : "\(minutes / 60) h \((minutes % 60).padded(2)) min"
        }
        let hours = (minutes + 30) / 60
        return hours % 24 == 0 ? "\(hours / 24) d" : "\(hours / 24) d \((hours % 24).padded(2)) h"
    }

    /// `1 step`, `2 steps`; numbers over 999 in groups of three.
    static func count(_ number: Int64, _ one: String, _ many: String? = nil) -> String {
        "\(grouped(number)) \(number == 1 ? one : many ?? one + "s")"
    }

    /// `1,234,567`.
    static func grouped(_ number: Int64) -> String {
        let digits = Array(String(number.magnitude))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return (number < 0 ? "−" : "") + text
    }

    static func objective(_ kind: ServiceRecord.Objective.Kind) -> String {
        switch kind {
        case .recoveryTime: "recovery time objective"
        case .recoveryPoint: "recovery point objective"
        case .maximumTolerableDowntime: "maximum tolerable downtime"
        }
    }

    static func outcome(_ outcome: StepOutcome) -> String {
        switch outcome {
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .skipped: "skipped"
        case .notStarted: "not started"
        case .unfinished: "unfinished"
        case .held: "held"
        case .waiting: "waiting for a person"
        case .inDoubt: "in doubt"
        }
    }

    static func verdict(_ verdict: ObjectiveVerdict.Outcome) -> String {
        switch verdict {
        case .met: "met"
        case .missed: "missed"
        case .notEstablished: "not established"
        }
    }

    /// What a figure rests on, or why there is none and what is known instead.
    static func basis(_ figure: ServiceRecord.Figure) -> String {
        let bounds = [
            figure.atLeastNanoseconds.map { "at least \(duration($0))" },
            figure.atMostNanoseconds.map { "at most \(duration($0))" },
        ].compactMap { $0 }
        return ([figure.notEstablished, figure.basis].compactMap { $0 } + bounds).joined(separator: "; ")
    }

    /// `3.5 GB`.
    static func bytes(_ count: Int64) -> String { ByteCount(count).description }

    /// A time as the distance from a start: `+12.4 s`, or `−3 s` before it.
    static func offset(_ time: RecordTime, since start: RecordTime) -> String {
        let distance = time.nanoseconds - start.nanoseconds
        return (distance < 0 ? "" : "+") + duration(distance)
    }

    /// `filesRead` as `files read`: an output's name in words.
    static func outputName(_ name: String) -> String {
        var words = ""
        for character in name {
            if character.isUppercase, !words.isEmpty, words.last?.isUppercase == false { words += " " }
            words += character.isUppercase ? character.lowercased() : String(character)
        }
        return words
    }

    /// An output's value in the unit that its name says.
    static func output(_ name: String, _ value: Value) -> String {
        guard case .integer(let number) = value else { return self.value(value) }
        if name.hasPrefix("bytes") || name.hasSuffix("Bytes") || name == "bytes" { return bytes(number) }
        if name.hasSuffix("At"), number > 1_000_000_000_000_000_000 { return RecordTime(nanoseconds: number).shown }
        return grouped(number)
    }

    static func value(_ value: Value) -> String {
        switch value {
        case .null: "not written"
        case .integer(let number): grouped(number)
        case .string(let text): text
        case .boolean(let flag): flag ? "yes" : "no"
        }
    }
}
