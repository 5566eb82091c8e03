internal import Glibc
package import SystemPackage

/// Reading and writing through spans: no array is made or copied on the way.
extension Descriptor {
    /// Opens a file for reading, with close-on-exec, and without ever waiting for the other end of a pipe.
    package init(openingForReading path: FilePath) throws(SystemError) {
        try self.init(opening: path, flags: O_RDONLY | O_NONBLOCK)
    }

    /// Reads from an offset until the buffer is full or the file ends; the position does not move.
    /// - Returns: how many bytes were read.
    package borrowing func read(
        into buffer: inout MutableSpan<UInt8>, atOffset offsetBytes: Int
    ) throws(SystemError) -> Int {
        let descriptor = rawValue
        var done = 0
        while done < buffer.count {
            let count = try checked("read", path) {
                unsafe buffer.withUnsafeMutableBufferPointer {
                    unsafe pread(
                        descriptor, $0.baseAddress?.advanced(by: done), $0.count - done, off_t(offsetBytes + done))
                }
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Writes all bytes, in as many write(2) calls as it takes.
    package borrowing func writeAll(_ bytes: Span<UInt8>) throws(SystemError) {
        let descriptor = rawValue
        var written = 0
        while written < bytes.count {
            written += try checked("write", path) {
                unsafe bytes.withUnsafeBufferPointer {
                    unsafe Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
                }
            }
        }
    }
}
