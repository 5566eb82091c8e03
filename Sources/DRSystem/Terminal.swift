import CLinux
import Glibc
package import SystemPackage

/// What drctl has to know of the terminal it may be talking to.
package enum Terminal {
    /// Whether the descriptor leads to a terminal.
    package static func isTerminal(_ descriptor: FileDescriptor) -> Bool { isatty(descriptor.rawValue) == 1 }

    /// Columns and rows of the terminal behind a descriptor; nil where it is none or does not say.
    package static func size(of descriptor: FileDescriptor) -> (columns: Int, rows: Int)? {
        var window = winsize()
        guard unsafe ioctl(descriptor.rawValue, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0
        else { return nil }
        return (Int(window.ws_col), Int(window.ws_row))
    }

    /// Blocks until a line was entered or the input has ended, at most so long.
    /// - Returns: whether reading would not wait.
    package static func hasInput(_ descriptor: FileDescriptor, within milliseconds: Int32) -> Bool {
        var watched = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&watched, 1, milliseconds) > 0
    }
}

/// What a process of ours sets once, at its start.
package enum ProcessStart {
    /// One heap for all threads: each keeps what it freed, and one that is shared gives it to whoever asks next, which
    /// here costs less time, too. A UTF-8 locale, without which libarchive refuses names that are not ASCII; and no death by a reader that
    /// went away: a failed write is an error like any other.
    package static func prepare() {
        _ = clinux_share_heap()
        _ = unsafe setlocale(LC_CTYPE, "C.UTF-8")
        _ = signal(SIGPIPE, SIG_IGN)
    }

    /// Keeps this process's memory from core files and from other processes of the same user; for processes that are
    /// handed secrets.
    package static func hideMemory() { _ = clinux_hide_memory() }
}
