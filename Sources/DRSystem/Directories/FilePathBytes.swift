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
