internal import CLinux
internal import Glibc
internal import Synchronization
package import SystemPackage

/// Stream sockets between processes of one machine and one user, carrying lines.
///
/// A socket's path has at most 108 bytes, so the folder is opened and the socket addressed as
/// `/proc/self/fd/N/NAME`, however deep the folder lies.
package enum LocalSocket {
    /// Connects to the socket `name` in `directory`.
    /// - Throws: `connectionRefused` or `noSuchFileOrDirectory` when nobody listens there; `permissionDenied` when
    ///   the listener runs as another user.
    package static func connect(
        in directory: FilePath, name: String, lineLimit: Int = 16 << 20
    ) throws(SystemError) -> LocalConnection {
        let path = directory.appending(name).string
        let folder = try Descriptor(opening: directory, flags: O_RDONLY | O_DIRECTORY)
        let socket = try makeSocket(path)
        try unsafe call("connect to", path, on: socket, folder, name, Glibc.connect)
        return try LocalConnection(socket, lineLimit: lineLimit)
    }

    fileprivate static func makeSocket(_ path: String) throws(SystemError) -> Descriptor {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        return Descriptor(adopting: try checked("make a socket for", path) { socket(AF_UNIX, type, 0) }, path: path)
    }

    /// Makes a call that takes a socket's address.
    fileprivate static func call(
        _ verb: String, _ path: String, on socket: borrowing Descriptor, _ folder: borrowing Descriptor,
        _ name: String, _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(SystemError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array("/proc/self/fd/\(folder.rawValue)/\(name)".utf8)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < capacity else { throw SystemError(call: verb, path: path, errno: .fileNameTooLong) }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let descriptor = socket.rawValue
        _ = try checked(verb, path) {
            unsafe withUnsafePointer(to: &address) { typed in
                unsafe typed.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
    }
}

/// A socket that others connect to; its file goes with it.
package final class LocalListener: Sendable {
    private let socket: Descriptor
    private let path: FilePath
    private let lineLimit: Int

    /// Listens as `name` in `directory`, mode 0600, in place of a socket file left there by the dead: the caller
    /// holds a lock that makes sure it is.
    package init(in directory: FilePath, name: String, lineLimit: Int = 16 << 20) throws(SystemError) {
        path = directory.appending(name)
        self.lineLimit = lineLimit
        let folder = try Descriptor(opening: directory, flags: O_RDONLY | O_DIRECTORY)
        if let present = try FileStatus.ifPresent(at: path) {
            guard present.kind == .socket else {
                throw SystemError(call: "listen at", path: path, errno: .fileExists)
            }
            try DurableFile.remove(path)
        }
        let made = try LocalSocket.makeSocket(path.string)
        // Set before binding: the file is never there with a wider mode.
        let descriptor = made.rawValue
        _ = try checked("set the mode of", path.string) { fchmod(descriptor, 0o600) }
        try unsafe LocalSocket.call("listen at", path.string, on: made, folder, name, Glibc.bind)
        _ = try checked("listen at", path.string) { Glibc.listen(descriptor, 16) }
        socket = made
    }

    deinit { try? DurableFile.remove(path) }

    /// Waits, blocking this thread, for the next connection by this user; others are turned away.
    /// - Returns: nil once `shutdown()` was called.
    package func accept() throws(SystemError) -> LocalConnection? {
        while true {
            let descriptor = socket.rawValue
            let accepted: Descriptor
            do throws(SystemError) {
                let raw = try checked("accept a connection at", path.string) { clinux_accept(descriptor) }
                accepted = Descriptor(adopting: raw, path: path.string)
            } catch {
                switch error.errno {
                // What shutdown(2) on a listening socket leads to.
                case .invalidArgument: return nil
                case .connectionAbort: continue
                default: throw error
                }
            }
            do throws(SystemError) {
                return try LocalConnection(accepted, lineLimit: lineLimit)
            } catch {
                if error.errno != .permissionDenied { throw error }
            }
        }
    }

    /// Makes `accept` return nil, now and from now on.
    package func shutdown() { _ = Glibc.shutdown(socket.rawValue, Int32(SHUT_RDWR)) }
}

/// One end of a connection, both ends being of one user (SO_PEERCRED).
package final class LocalConnection: Sendable {
    /// The process at the other end when the connection was made, as this process's namespaces see it.
    package let peerPID: Int32

    private let socket: Descriptor
    private let lineLimit: Int
    private let sending = Mutex<Void>(())
    private let received = Mutex<[UInt8]>([])

    fileprivate init(_ socket: consuming Descriptor, lineLimit: Int) throws(SystemError) {
        self.lineLimit = lineLimit
        var peer = clinux_peer()
        let descriptor = socket.rawValue
        let path = socket.path
        _ = try checked("identify the peer at", path) { unsafe clinux_peer_of(descriptor, &peer) }
        guard peer.uid == geteuid() else {
            throw SystemError(call: "talk, as another user, at", path: path, errno: .permissionDenied)
        }
        peerPID = peer.pid
        self.socket = socket
    }

    /// Sends one line; the newline is added. Whole lines, whichever threads send.
    /// - Throws: `brokenPipe` or `connectionReset` when the other end is gone.
    package func sendLine(_ line: [UInt8]) throws(SystemError) { try sendLines([line]) }

    /// Sends lines as one; the newlines are added. Nobody else's line comes between them.
    /// - Throws: `brokenPipe` or `connectionReset` when the other end is gone.
    package func sendLines(_ lines: [[UInt8]]) throws(SystemError) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(lines.reduce(0) { $0 + $1.count + 1 })
        for line in lines {
            precondition(!line.contains(UInt8(ascii: "\n")), "a line holds no newline")
            bytes += line
            bytes.append(UInt8(ascii: "\n"))
        }
        let (descriptor, path) = (socket.rawValue, socket.path)
        try sending.withLock { _ throws(SystemError) in
            var sent = 0
            while sent < bytes.count {
                sent += try checked("send to", path) {
                    unsafe bytes.withUnsafeBytes {
                        unsafe send(
                            descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
                    }
                }
            }
        }
    }

    /// Waits, blocking this thread, for the next line, and gives it without its newline.
    /// - Returns: nil when the other end closed, or after `shutdown()`; a last line without a newline is dropped.
    /// - Throws: `messageTooLong` past the limit; `timedOut`.
    package func readLine(atMost limit: Duration? = nil) throws(SystemError) -> [UInt8]? {
        try received.withLock { pending throws(SystemError) in
            var searched = 0
            while true {
                let end = pending[searched...].firstIndex(of: UInt8(ascii: "\n"))
                searched = pending.count
                if end ?? searched > lineLimit {
                    throw SystemError(call: "read from", path: socket.path, errno: .messageTooLong)
                }
                if let end {
                    let line = Array(pending[..<end])
                    pending.removeSubrange(...end)
                    return line
                }
                if let limit { try waitForBytes(atMost: limit) }
                guard try receive(into: &pending) else { return nil }
            }
        }
    }

    /// Ends both directions: readers and writers at both ends come back.
    package func shutdown() { _ = Glibc.shutdown(socket.rawValue, Int32(SHUT_RDWR)) }

    private func receive(into pending: inout [UInt8]) throws(SystemError) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let descriptor = socket.rawValue
        let count: Int
        do throws(SystemError) {
            count = try checked("read from", socket.path) {
                unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
            }
        } catch {
            if error.errno == .connectionReset { return false }
            throw error
        }
        pending.append(contentsOf: buffer[..<count])
        return count > 0
    }

    private func waitForBytes(atMost limit: Duration) throws(SystemError) {
        let (seconds, attoseconds) = limit.components
        let milliseconds = Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
        var watched = pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0)
        if try checked("read from", socket.path, { unsafe poll(&watched, 1, milliseconds) }) == 0 {
            throw SystemError(call: "read from", path: socket.path, errno: .timedOut)
        }
    }
}
