package import SystemPackage

/// A system call that failed: what was tried, on what, why it failed, and what to do next.
package struct SystemError: Error, Sendable, Equatable {
    /// What the caller was doing, as a verb that `could not …` can be put before: `write`, `lock`, `connect to`.
    package var call: String
    /// The object, as the caller named it; nil where there is none.
    package var path: String?
    package var errno: Errno

    package init(call: String, path: String? = nil, errno: Errno) {
        self.call = call
        self.path = path
        self.errno = errno
    }

    /// A failed call on the file at a path.
    package init(call: String, path: FilePath, errno: Errno) {
        self.init(call: call, path: path.string, errno: errno)
    }

    /// One sentence without a full stop: what, where and why.
    package var message: String {
        "could not \(call)\(path.map { " " + displayEscaped($0) } ?? ""): \(Self.reasons[errno]?.reason ?? reason)"
    }

    /// What to do next; nil where only the caller can know.
    package var hint: String? { Self.reasons[errno]?.hint }

    private var reason: String { "\(errno) (errno \(errno.rawValue))" }

    private static let reasons: [Errno: (reason: String, hint: String?)] = [
        .noSpace: ("no space is left on the file system", "free space there (see `df -h`), then try again"),
        .diskQuotaExceeded: ("the disk quota is used up", "free space or raise the quota, then try again"),
        .permissionDenied: (
            "permission denied", "check owner and mode of it and of the folders above it (`namei -l`), or the user"
        ),
        .notPermitted: ("the operation is not permitted", "check the user, the file's flags and the mount's options"),
        .noSuchFileOrDirectory: ("it does not exist", "check the path"),
        .fileExists: ("it exists already", "choose another name, or look at what is there"),
        .notDirectory: ("a part of the path is not a folder", "check the path"),
        .isDirectory: ("it is a folder", "name a file"),
        .readOnlyFileSystem: ("the file system is read-only", "remount it for writing, or choose another place"),
        .tooManyOpenFiles: (
            "this process has too many files open", "raise the limit (`ulimit -n`, `LimitNOFILE=`), then try again"
        ),
        .tooManyOpenFilesInSystem: ("the system has too many files open", "raise `fs.file-max`, then try again"),
        .ioError: (
            "the device reports an I/O error", "look at the kernel's log (`dmesg`) and at the device before going on"
        ),
        .fileNameTooLong: ("the name is too long", "choose a shorter one"),
        .tooManySymbolicLinkLevels: ("it is, or passes through, a symbolic link that is not followed here", nil),
        .connectionRefused: ("nobody listens there", nil),
        .addressInUse: ("the address is in use", "find who holds it (`ss -lp`), or choose another"),
        .noMemory: ("there is not enough memory", "free memory, then try again"),
        .noSuchProcess: ("there is no such process", nil),
        .timedOut: ("it took longer than allowed", nil),
        .brokenPipe: ("the other end is closed", nil),
        .connectionReset: ("the other end closed the connection", nil),
        .messageTooLong: ("a line is longer than the protocol allows", nil),
        .directoryNotEmpty: ("the folder is not empty", nil),
        .fileTooLarge: ("it is larger than allowed", nil),
    ]
}

extension SystemError: CustomStringConvertible {
    package var description: String { message + (hint.map { "; " + $0 } ?? "") }
}
