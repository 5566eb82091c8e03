internal import Glibc

/// What the first process of a PID namespace owes those whose parents died.
package enum Orphans {
    /// Takes a dead child off the process table. Never waits.
    /// - Parameter pid: a child that nobody else waits for.
    /// - Returns: false when it is no child of this process, or not dead.
    @discardableResult
    package static func reap(_ pid: Int32) -> Bool {
        waitpid(pid, nil, WNOHANG) == pid
    }

    /// Makes writing to a pipe or socket whose other end is closed an error instead of this process's end.
    /// Processes spawned later start with the default again.
    package static func ignoreBrokenPipes() {
        _ = Glibc.signal(SIGPIPE, SIG_IGN)
    }
}
