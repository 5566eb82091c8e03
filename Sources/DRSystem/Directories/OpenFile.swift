internal import Glibc
internal import SystemPackage

/// An open regular file (or what turned out to be in its place: ask ``status()``), closed when its owner lets go.
package struct OpenFile: ~Copyable, Sendable {
    let descriptor: Int32

    init(adopting descriptor: Int32) { self.descriptor = descriptor }

    /// Takes over a descriptor that the caller opened: the reading end of a pipe, say.
    package init(takingOver descriptor: consuming Int32) { self.descriptor = descriptor }

    deinit { _ = Glibc.close(descriptor) }

    /// Valid while this value lives; for libraries that take a descriptor.
    package var rawValue: Int32 { descriptor }

    /// What the file system says of the open file itself.
    package func status() throws(SystemError) -> EntryStatus { try statusOfDescriptor(descriptor) }

    /// Reads from the current position until `limit` bytes or the end, appending to `bytes`.
    /// - Returns: the number of bytes read; fewer than `limit` only at the end.
    package func read(upTo limit: Int, appendingTo bytes: inout [UInt8]) throws(SystemError) -> Int {
        var total = 0
        while total < limit {
            let room = limit - total
            let old = bytes.count
            var failure: SystemError?
            bytes.append(addingCapacity: room) { (output: inout OutputSpan<UInt8>) in
                unsafe output.withUnsafeMutableBufferPointer { buffer, initialized in
                    do throws(SystemError) {
                        initialized = try attempt("read", nil) {
                            unsafe Glibc.read(descriptor, buffer.baseAddress, min(room, buffer.count))
                        }
                    } catch { failure = error }
                }
            }
            if let failure { throw failure }
            if bytes.count == old { break }
            total += bytes.count - old
        }
        return total
    }

    /// Moves the position that ``read(upTo:appendingTo:)`` starts from.
    package func seek(to offsetBytes: Int64) throws(SystemError) {
        _ = try attempt("seek in", nil) { lseek(descriptor, off_t(offsetBytes), SEEK_SET) }
    }

    /// Writes all bytes at an offset; what lies between the old end and the offset becomes a hole.
    package func write(_ bytes: [UInt8], at offsetBytes: Int64) throws(SystemError) {
        try write(bytes.span, at: offsetBytes)
    }

    /// Writes all bytes at an offset; what lies between the old end and the offset becomes a hole.
    package func write(_ bytes: Span<UInt8>, at offsetBytes: Int64) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            done += try attempt("write", nil) {
                unsafe bytes.withUnsafeBytes { buffer in
                    unsafe pwrite(
                        descriptor, buffer.baseAddress?.advanced(by: done), bytes.count - done,
                        off_t(offsetBytes) + off_t(done))
                }
            }
        }
    }

    /// Cuts or extends the file; what is added reads as zeros and takes no space.
    package func setSize(_ sizeBytes: Int64) throws(SystemError) {
        _ = try attempt("resize", nil) { ftruncate(descriptor, off_t(sizeBytes)) }
    }

    /// Sets all twelve permission bits.
    package func setPermissions(_ permissions: UInt16) throws(SystemError) {
        _ = try attempt("set the mode of", nil) { fchmod(descriptor, mode_t(permissions)) }
    }

    /// Clears set-user-id and set-group-id as a side effect: set permissions afterwards.
    package func setOwner(userID: UInt32, groupID: UInt32) throws(SystemError) {
        _ = try attempt("set the owner of", nil) { fchown(descriptor, userID, groupID) }
    }

    /// Sets the time of the last modification; the time of the last access stays as it is.
    package func setModified(_ time: FileTime) throws(SystemError) {
        unsafe try setModifiedTime(time, nil) { times in unsafe futimens(descriptor, times) }
    }

    /// Returns when the content is on the device. An error is final: the kernel may have dropped what it could not
    /// write, so do not retry; write the file anew.
    package func syncData() throws(SystemError) {
        _ = try attempt("write out", nil) { fdatasync(descriptor) }
    }

    /// Tells the kernel that the file will be read once, from start to end.
    package func expectSequentialReading() {
        _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    }
}

/// `UTIME_OMIT`, a macro that Swift does not import.
private let omittedTime = 0x3FFF_FFFE

func setModifiedTime(
    _ time: FileTime, _ path: @autoclosure () -> String?, _ call: (UnsafePointer<timespec>?) -> Int32
) throws(SystemError) {
    let times = [timespec(tv_sec: 0, tv_nsec: omittedTime), time.timespec]
    _ = try attempt("set the time of", path()) {
        unsafe times.withUnsafeBufferPointer { unsafe call($0.baseAddress) }
    }
}
