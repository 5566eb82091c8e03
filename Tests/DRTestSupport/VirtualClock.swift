import DRSystem
import Synchronization

/// A clock that stands still until a test moves it.
package final class VirtualClock: TimeSource {
    private struct State {
        var wall: Int64
        var boot: Int64
        var bootID: String
    }

    private let state: Mutex<State>

    /// Starts at 2026-01-01T00:00:00Z, a minute after the machine did.
    package init(wall: Int64 = 1_767_225_600_000_000_000, boot: Int64 = 60_000_000_000, bootID: String = "boot-1") {
        state = Mutex(State(wall: wall, boot: boot, bootID: bootID))
    }

    package func wallNanoseconds() -> Int64 { state.withLock { $0.wall } }
    package func bootNanoseconds() -> Int64 { state.withLock { $0.boot } }
    package var bootID: String { state.withLock { $0.bootID } }

    /// Lets time pass on both clocks.
    package func advance(by duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        state.withLock { state in
            state.wall += nanoseconds
            state.boot += nanoseconds
        }
    }

    /// Sets the wall clock alone, as an administrator or NTP may.
    package func setWall(_ nanoseconds: Int64) { state.withLock { $0.wall = nanoseconds } }

    /// Restarts the machine: boot time begins again, under another id.
    package func reboot(as bootID: String) {
        state.withLock { state in
            state.boot = 0
            state.bootID = bootID
        }
    }
}
