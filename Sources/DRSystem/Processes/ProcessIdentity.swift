internal import CLinux
internal import Glibc
internal import SystemPackage

/// A process, named for ever: its pid alone is used again, its pid and start time within one boot are not.
package struct ProcessIdentity: Hashable, Sendable, Codable {
    package var pid: Int32
    /// Field 22 of /proc/PID/stat.
    package var startTicks: UInt64
    package var bootID: String

    package init(pid: Int32, startTicks: UInt64, bootID: String) {
        self.pid = pid
        self.startTicks = startTicks
        self.bootID = bootID
    }

    /// This process.
    package static func current() throws(SystemError) -> ProcessIdentity {
        guard let own = try ProcessIdentity(pid: getpid()) else {
            throw SystemError(call: "find this process in", path: "/proc", errno: .noSuchProcess)
        }
        return own
    }

    /// The process that has this pid now, a zombie included.
    /// - Returns: nil when there is none.
    package init?(pid: Int32) throws(SystemError) {
        guard let stat = try Self.stat(of: pid) else { return nil }
        self.init(pid: pid, startTicks: stat.startTicks, bootID: try SystemTimeSource.readBootID())
    }

    /// Whether it still runs. A zombie does not: nothing of it can act any more.
    package func isAlive() throws(SystemError) -> Bool {
        guard try bootID == SystemTimeSource.readBootID(), let stat = try Self.stat(of: pid) else { return false }
        return stat.startTicks == startTicks && !stat.isDead
    }

    /// Sends a signal to this process and no other that took over its pid.
    /// - Returns: false when the process is gone.
    @discardableResult
    package func signal(_ number: Int32) throws(SystemError) -> Bool {
        guard let handle = try handle() else { return false }
        let descriptor = handle.rawValue
        do throws(SystemError) {
            _ = try checked("signal process", "\(pid)") { clinux_pidfd_send_signal(descriptor, number) }
        } catch {
            if error.errno == .noSuchProcess { return false }
            throw error
        }
        return true
    }

    /// Waits, blocking this thread, until the process has ended; a child must still be waited for.
    /// - Returns: false when it lived on past the time.
    package func waitUntilGone(atMost limit: Duration) throws(SystemError) -> Bool {
        guard let handle = try handle() else { return true }
        let (seconds, attoseconds) = limit.components
        let milliseconds = Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
        var watched = pollfd(fd: handle.rawValue, events: Int16(POLLIN), revents: 0)
        return try checked("wait for process", "\(pid)") { unsafe poll(&watched, 1, milliseconds) } > 0
    }

    /// A descriptor that means this process; nil when it is gone.
    private func handle() throws(SystemError) -> Descriptor? {
        let opened: Descriptor
        do throws(SystemError) {
            let raw = try checked("open process", "\(pid)") { clinux_pidfd_open(pid) }
            opened = Descriptor(adopting: raw, path: "process \(pid)")
        } catch {
            if error.errno == .noSuchProcess { return nil }
            throw error
        }
        // Compared after opening: from here on the descriptor cannot come to mean another process.
        if try isAlive() { return opened }
        return nil
    }

    /// - Returns: nil when there is no such process.
    private static func stat(of pid: Int32) throws(SystemError) -> (isDead: Bool, startTicks: UInt64)? {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try DurableFile.read(at: FilePath("/proc/\(pid)/stat"), limit: 4096)
        } catch {
            if error.errno == .noSuchFileOrDirectory || error.errno == .noSuchProcess { return nil }
            throw error
        }
        // The second field is the name in parentheses and may hold anything, spaces and parentheses included.
        guard let name = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = String(decoding: bytes[(name + 1)...], as: UTF8.self).split(separator: " ")
        guard fields.count > 19, let state = fields[0].first, let threads = Int(fields[17]),
            let ticks = UInt64(fields[19])
        else { return nil }
        // The state is the first thread's: it may be over while others still run, and hold files and sockets.
        return ((state == "Z" || state == "X") && threads <= 1, ticks)
    }
}
