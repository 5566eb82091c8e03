import COpenSSL

/// Bytes that must not be seen: kept in libcrypto's secure heap (locked in memory, left out of core dumps, between guard
/// pages), overwritten when the last reference goes, never printed, never coded.
///
/// Where the secure heap is full or the system denies it, the ordinary heap serves, and the bytes are still overwritten.
/// Immutable once made, so it can be shared between threads.
@safe package final class SecretBytes: @unchecked Sendable {
    package let count: Int
    private let start: UnsafeMutableRawPointer

    /// Whether the secure heap could be made and locked; false means that secrets may reach swap.
    package static var areLocked: Bool { secureHeapStatus == 1 }

    /// Enough for thousands of keys. Where a user may lock less, the heap is made all the same, but not locked.
    private static let secureHeapByteCount = 256 * 1024
    private static let secureHeapStatus: Int32 = CRYPTO_secure_malloc_init(secureHeapByteCount, 32)

    /// Makes `count` bytes, zero at first, and lets `fill` write them. They are overwritten if it throws.
    ///
    /// - Throws: what `fill` throws; `library` if there is no memory.
    package init(count: Int, fill: (inout MutableSpan<UInt8>) throws(CryptoError) -> Void) throws(CryptoError) {
        guard count >= 0 else { throw CryptoError(.invalidArgument, "a secret cannot have \(count) bytes") }
        // Zero bytes are allowed (an empty passphrase, say); the heap is asked for one so that there is a place.
        let size = max(count, 1)
        var place: UnsafeMutableRawPointer?
        if Self.secureHeapStatus != 0 {
            unsafe place = unsafe CRYPTO_secure_zalloc(size, #file, #line)
        }
        if unsafe place == nil {
            // The secure heap being full is an answer, not a fault.
            LibCrypto.forgetErrors()
            unsafe place = unsafe CRYPTO_zalloc(size, #file, #line)
        }
        guard let made = unsafe place else { throw LibCrypto.failure("CRYPTO_zalloc", code: .library) }
        self.count = count
        unsafe self.start = unsafe made
        // From here on deinit overwrites and frees, also when `fill` throws.
        var span = unsafe MutableSpan(_unsafeStart: made.assumingMemoryBound(to: UInt8.self), count: count)
        try fill(&span)
    }

    /// Takes a copy. The caller's bytes stay where they are: prefer `init(count:fill:)`, or `init(taking:)`.
    package convenience init(copying bytes: some Collection<UInt8>) throws(CryptoError) {
        try self.init(count: bytes.count) { span throws(CryptoError) in
            for (offset, byte) in bytes.enumerated() {
                span[offset] = byte
            }
        }
    }

    /// Takes the bytes and overwrites the array's own, which must not be shared with another copy of it.
    package convenience init(taking bytes: inout [UInt8]) throws(CryptoError) {
        try self.init(copying: bytes)
        unsafe bytes.withUnsafeMutableBufferPointer { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
        bytes = []
    }

    deinit {
        unsafe CRYPTO_secure_clear_free(start, max(count, 1), #file, #line)
    }

    /// New bytes from the generator that libcrypto keeps for keys.
    ///
    /// - Throws: `library` if the system gives no randomness.
    package static func random(count: Int) throws(CryptoError) -> SecretBytes {
        try SecretBytes(count: count) { span throws(CryptoError) in
            unsafe try span.withUnsafeMutableBufferPointer { buffer throws(CryptoError) in
                guard let base = buffer.baseAddress, buffer.count <= Int(Int32.max) else { return }
                try unsafe LibCrypto.check(RAND_priv_bytes(base, Int32(buffer.count)), "RAND_priv_bytes")
            }
        }
    }

    /// Lends the bytes to `body`, which must not copy them to where they would not be overwritten.
    package func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let span = unsafe Span(_unsafeStart: start.assumingMemoryBound(to: UInt8.self), count: count)
        return try body(span)
    }

    /// A part of this secret as one of its own.
    ///
    /// - Throws: `invalidArgument` if the range is not within these bytes.
    package func part(_ range: Range<Int>) throws(CryptoError) -> SecretBytes {
        guard range.lowerBound >= 0, range.upperBound <= count else {
            throw CryptoError(.invalidArgument, "bytes \(range) of a secret of \(count) bytes")
        }
        return try SecretBytes(count: range.count) { span throws(CryptoError) in
            withBytes { own in
                for offset in 0..<range.count {
                    span[offset] = own[range.lowerBound + offset]
                }
            }
        }
    }

    /// Where its lines are, as text, without their ends, which are LF or CR LF.
    package var lineRanges: [Range<Int>] {
        withBytes { bytes in
            var ranges: [Range<Int>] = []
            var start = 0
            for index in 0...bytes.count where index == bytes.count || bytes[index] == UInt8(ascii: "\n") {
                let hasReturn = index > start && bytes[index - 1] == UInt8(ascii: "\r")
                ranges.append(start..<(hasReturn ? index - 1 : index))
                start = index + 1
            }
            return ranges
        }
    }

    /// Compares in a time that depends on the lengths only.
    package func equals(_ other: SecretBytes) -> Bool {
        withBytes { mine in other.withBytes { theirs in constantTimeEqual(mine, theirs) } }
    }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// How many bytes there are, and nothing of them.
    package var description: String { "\(count) secret bytes" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
