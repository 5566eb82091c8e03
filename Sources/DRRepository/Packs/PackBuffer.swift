/// The bytes of a pack while it grows, written by several threads at once, each in a region of its own.
///
/// Address space for the largest pack is taken at once; memory only as it is written.
@safe final class PackBuffer: @unchecked Sendable {
    // Regions are handed out by `OpenPack`, never twice, and read only after all of them were written.
    private let start: UnsafeMutablePointer<UInt8>

    init() { unsafe start = .allocate(capacity: PackLayout.maximumPackBytes) }

    deinit { unsafe start.deallocate() }

    /// Lends a region that nobody else has, to be written.
    func write<Result, Failure: Error>(
        _ region: Range<Int>, _ body: (inout MutableSpan<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(region.lowerBound >= 0 && region.upperBound <= PackLayout.maximumPackBytes)
        let buffer = unsafe UnsafeMutableBufferPointer(start: start + region.lowerBound, count: region.count)
        var span = unsafe buffer.mutableSpan
        return try body(&span)
    }

    func write(_ bytes: [UInt8], at offsetBytes: Int) {
        precondition(offsetBytes >= 0 && offsetBytes + bytes.count <= PackLayout.maximumPackBytes)
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let base = source.baseAddress else { return }
            unsafe (start + offsetBytes).update(from: base, count: source.count)
        }
    }

    /// Lends bytes that have been written.
    func read<Result, Failure: Error>(
        _ region: Range<Int>, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(region.lowerBound >= 0 && region.upperBound <= PackLayout.maximumPackBytes)
        let buffer = unsafe UnsafeBufferPointer(start: start + region.lowerBound, count: region.count)
        return try body(unsafe buffer.span)
    }
}
