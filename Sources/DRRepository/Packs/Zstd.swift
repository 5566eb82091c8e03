internal import CZstd

/// One thread's compressor. Frames are ordinary zstd frames: the stock tool opens them.
@safe struct Compressor: ~Copyable {
    static let defaultLevel = 3
    /// What a sample must lose to make compressing the whole worth a try, as a share: one 32nd.
    private static let worthwhileShift = 5
    private static let sampleBytes = 4096
    /// Above this length zstd's own tables for level 3 are larger than a core's nearest caches. Smaller ones took 18 %
    /// less time on a tree of executables, and 1.1 % more room.
    private static let longBytes = 256 << 10
    private static let longHashLog: Int32 = 16
    private static let longChainLog: Int32 = 14

    private let context: OpaquePointer
    private let level: Int32

    init(level: Int) throws(RepositoryError) {
        // The pointer is made before it is set: a throwing init may not throw afterwards.
        let made = unsafe try Zstd.check(ZSTD_createCCtx(), "ZSTD_createCCtx")
        unsafe context = unsafe made
        self.level = Int32(level)
    }

    deinit { _ = unsafe ZSTD_freeCCtx(context) }

    /// The most that compressing so many bytes can give.
    static func bound(_ count: Int) -> Int { ZSTD_compressBound(count) }

    /// Compresses into the first bytes of `output`, which needs `bound(input.count)` bytes.
    /// - Returns: the compressed length, or nil where that is not worth it and the input is better kept as it is.
    mutating func compress(
        _ input: Span<UInt8>, into output: inout MutableSpan<UInt8>
    ) throws(RepositoryError) -> Int? {
        if input.count > 8 * Self.sampleBytes, try !looksCompressible(input, scratch: &output) { return nil }
        let count = try run(input, level: level, into: &output)
        return count < input.count - input.count >> Self.worthwhileShift ? count : nil
    }

    /// A cheap test: three samples, compressed at the fastest level.
    private mutating func looksCompressible(
        _ input: Span<UInt8>, scratch: inout MutableSpan<UInt8>
    ) throws(RepositoryError) -> Bool {
        let last = input.count - Self.sampleBytes
        for start in [0, last / 2, last] {
            let sample = input.extracting(start..<(start + Self.sampleBytes))
            let count = try run(sample, level: 1, into: &scratch)
            if count < Self.sampleBytes - Self.sampleBytes >> Self.worthwhileShift { return true }
        }
        return false
    }

    private func run(
        _ input: Span<UInt8>, level: Int32, into output: inout MutableSpan<UInt8>
    ) throws(RepositoryError) -> Int {
        let isLong = level == Self.defaultLevel && input.count > Self.longBytes
        try set(ZSTD_c_compressionLevel, level)
        try set(ZSTD_c_hashLog, isLong ? Self.longHashLog : 0)
        try set(ZSTD_c_chainLog, isLong ? Self.longChainLog : 0)
        let result = unsafe input.withUnsafeBufferPointer { source in
            unsafe output.withUnsafeMutableBufferPointer { target in
                unsafe ZSTD_compress2(context, target.baseAddress, target.count, source.baseAddress, source.count)
            }
        }
        return try Zstd.check(result, "compress", code: .internalFault)
    }

    /// 0 leaves a parameter to the level.
    private func set(_ parameter: ZSTD_cParameter, _ value: Int32) throws(RepositoryError) {
        _ = try Zstd.check(
            unsafe ZSTD_CCtx_setParameter(context, parameter, value), "set up a context for", code: .internalFault)
    }
}

/// One thread's decompressor.
@safe struct Decompressor: ~Copyable {
    private let context: OpaquePointer

    init() throws(RepositoryError) {
        let made = unsafe try Zstd.check(ZSTD_createDCtx(), "ZSTD_createDCtx")
        unsafe context = unsafe made
    }

    deinit { _ = unsafe ZSTD_freeDCtx(context) }

    /// Decompresses into the first `wanted` bytes of `output`: a frame that holds more or less is damage, so no frame
    /// can grow beyond what its sealed length says.
    mutating func decompress(
        _ input: Span<UInt8>, into output: inout MutableSpan<UInt8>, count wanted: Int
    ) throws(RepositoryError) {
        precondition(wanted >= 0 && wanted <= output.count)
        let result = unsafe input.withUnsafeBufferPointer { source in
            unsafe output.withUnsafeMutableBufferPointer { target in
                unsafe ZSTD_decompressDCtx(
                    context, target.baseAddress, wanted, source.baseAddress, source.count)
            }
        }
        let count = try Zstd.check(result, "decompress", code: .damaged)
        guard count == wanted else {
            throw RepositoryError(.damaged, "a compressed object holds \(count) bytes and should hold \(wanted)")
        }
    }
}

/// The one way in which libzstd's results are read.
private enum Zstd {
    static func check(_ handle: OpaquePointer?, _ call: String) throws(RepositoryError) -> OpaquePointer {
        guard let handle = unsafe handle else {
            throw RepositoryError(.internalFault, "libzstd's \(call) had no memory")
        }
        return unsafe handle
    }

    static func check(
        _ result: Int, _ verb: String, code: RepositoryError.Code
    ) throws(RepositoryError) -> Int {
        guard ZSTD_isError(result) == 0 else {
            let reason = unsafe String(cString: ZSTD_getErrorName(result))
            throw RepositoryError(code, "libzstd could not \(verb) an object: \(reason)")
        }
        return result
    }
}
