internal import Glibc
package import SystemPackage

extension FilePath {
    /// The path's bytes as the kernel takes them, whatever their encoding.
    package var bytes: [UInt8] {
        unsafe withPlatformString { start in
            unsafe UnsafeRawBufferPointer(start: start, count: strlen(start)).map { $0 }
        }
    }

    /// A path of these bytes, up to the first NUL.
    package init(bytes: [UInt8]) {
        self = unsafe withTerminated(bytes) { unsafe FilePath(platformString: $0) }
    }
}

extension FilePath {
    /// The absolute path without symbolic links, `.` and `..`, as realpath(3) gives it.
    package func resolved() throws(SystemError) -> FilePath {
        let resolved = unsafe withPlatformString { unsafe realpath($0, nil) }
        guard let resolved = unsafe resolved else {
            throw SystemError(call: "find", path: string, errno: Errno(rawValue: errno))
        }
        defer { unsafe free(resolved) }
        return unsafe FilePath(platformString: resolved)
    }
}
