internal import Glibc
internal import SystemPackage

/// Makes a system call, again while a signal interrupts it.
/// - Returns: what the call returned, never negative.
func checked<Integer: SignedInteger>(
    _ call: String, _ path: String? = nil, _ body: () -> Integer
) throws(SystemError) -> Integer {
    while true {
        let result = body()
        if result >= 0 { return result }
        let cause = Errno(rawValue: errno)
        if cause != .interrupted { throw SystemError(call: call, path: path, errno: cause) }
    }
}
