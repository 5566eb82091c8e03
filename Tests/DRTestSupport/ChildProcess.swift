import DRSystem
import Glibc
import SystemPackage

/// A program that a test starts, found on PATH, with its output in a pipe.
package final class ChildProcess {
    package let pid: Int32
    private let output: Descriptor

    /// How a program ended, and all that it wrote to standard output and error.
    package struct Ended: Sendable {
        package var exitCode: Int32?
        package var signal: Int32?
        package var output: String
    }

    package init(_ argv: [String]) throws {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw SystemError(call: "make a pipe", errno: .tooManyOpenFiles) }
        output = Descriptor(adopting: ends[0], path: "pipe")
        let input = Descriptor(adopting: ends[1], path: "pipe")
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, input.rawValue, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, input.rawValue, 2)
        // Threads of the cooperative pool block signals, which children would inherit.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var arguments = unsafe argv.map { unsafe strdup($0) } + [nil]
        defer { unsafe arguments.forEach { unsafe free($0) } }
        var child: pid_t = 0
        let result = unsafe posix_spawnp(&child, argv[0], &actions, &attributes, &arguments, environ)
        guard result == 0 else { throw SystemError(call: "start", path: argv[0], errno: .init(rawValue: result)) }
        pid = child
    }

    /// Reads all output, waits for the end.
    package func wait() throws -> Ended {
        let bytes = try output.readAll(limit: 64 << 20)
        var status: Int32 = 0
        while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        return Ended(
            exitCode: signal == 0 ? status >> 8 & 0xFF : nil, signal: signal == 0 ? nil : signal,
            output: String(decoding: bytes, as: UTF8.self))
    }

    /// Starts a program and waits for its end.
    package static func run(_ argv: [String]) throws -> Ended { try ChildProcess(argv).wait() }
}
