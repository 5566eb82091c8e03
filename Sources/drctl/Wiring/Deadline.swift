import DRMachine
import DRRunbook
import DRSystem

/// A point of boot time after which a command stops waiting.
struct Deadline {
    private let time: SystemTimeSource
    private let atNanoseconds: Int64

    init(after span: TimeSpan) throws {
        time = try SystemTimeSource()
        atNanoseconds = time.bootNanoseconds() + span.nanoseconds
    }

    var isPast: Bool { time.bootNanoseconds() >= atNanoseconds }
}

extension TimeSource {
    /// Now, as events are stamped.
    var moment: Moment { Moment(wall: wallNanoseconds(), boot: bootNanoseconds(), bootID: bootID) }
}
