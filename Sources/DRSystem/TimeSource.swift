internal import Glibc
internal import SystemPackage

/// Where every clock reading comes from; tests put their own in its place.
package protocol TimeSource: Sendable {
    /// Nanoseconds since 1970-01-01T00:00:00Z by the wall clock, which may jump.
    func wallNanoseconds() -> Int64
    /// Nanoseconds since the machine started, time asleep included (CLOCK_BOOTTIME); never jumps.
    func bootNanoseconds() -> Int64
    /// Which start of the machine `bootNanoseconds` counts from.
    var bootID: String { get }
}

/// The machine's own clocks.
package struct SystemTimeSource: TimeSource {
    package let bootID: String

    /// - Throws: when the boot id cannot be read: without it a clock reading means nothing after a restart.
    package init() throws(SystemError) { bootID = try Self.readBootID() }

    package func wallNanoseconds() -> Int64 { Self.read(CLOCK_REALTIME) }
    package func bootNanoseconds() -> Int64 { Self.read(CLOCK_BOOTTIME) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        // Cannot fail: the clock ids are constants and the pointer is valid.
        _ = unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Read once: no process outlives the start of the machine that it belongs to.
    static func readBootID() throws(SystemError) -> String { try bootIDOfThisProcess.get() }

    private static let bootIDOfThisProcess = Result { () throws(SystemError) -> String in
        let bytes = try DurableFile.read(at: "/proc/sys/kernel/random/boot_id", limit: 128)
        return String(decoding: bytes.prefix { $0 > 0x20 }, as: UTF8.self)
    }
}

/// A moment on the clock that condition variables wait by (CLOCK_MONOTONIC): never of meaning to people.
func monotonicDeadline(in limit: Duration) -> timespec {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    let (seconds, attoseconds) = limit.components
    let nanoseconds = Int64(time.tv_nsec) + attoseconds / 1_000_000_000
    time.tv_sec += Int(seconds + nanoseconds / 1_000_000_000)
    time.tv_nsec = Int(nanoseconds % 1_000_000_000)
    return time
}
