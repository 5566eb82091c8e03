internal import CLinux
internal import Glibc
internal import SystemPackage

/// What a process owes those below it whose parents died.
package enum Orphans {
    /// Makes this process the parent of every process below it whose own parent dies, as the first process of a PID
    /// namespace is anyway. Who does this has to reap them.
    package static func adopt() throws(SystemError) {
        _ = try checked("adopt orphaned processes", nil) { clinux_adopt_orphans() }
    }

    /// The children of this process: those it started, and those it adopted.
    /// - Returns: nil where the kernel does not tell (it is built without CONFIG_PROC_CHILDREN).
    package static func children() -> [Int32]? {
        guard let threads = try? DurableFile.list("/proc/self/task") else { return nil }
        var children: [Int32] = []
        for thread in threads {
            // A thread that ended meanwhile has left its children to another one, which was read already, perhaps.
            guard let found = Self.children(of: thread) else { return nil }
            children += found
        }
        return children
    }

    /// The children that this process adopted, and those that its first thread started: the kernel gives orphans to
    /// the first thread that lives (`find_new_reaper` of Linux's kernel/exit.c), and a program's first thread lives as long
    /// as the program. One file is read instead of one for each thread.
    /// - Returns: nil where the kernel does not tell.
    package static func adopted() -> [Int32]? { children(of: "\(getpid())") }

    private static func children(of thread: String) -> [Int32]? {
        let path = FilePath("/proc/self/task/\(thread)/children")
        guard let bytes = try? DurableFile.read(at: path, limit: 4 << 20) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: " ").compactMap { Int32($0) }
    }

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
