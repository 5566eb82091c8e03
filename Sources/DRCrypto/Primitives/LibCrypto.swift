import COpenSSL

/// The one way in which libcrypto's return codes are read.
enum LibCrypto {
    /// Passes when `status` is 1, which is success for every libcrypto call used here.
    ///
    /// - Throws: `CryptoError` with `code`, naming `call` and holding the texts of the calling thread's error queue,
    ///   which is empty afterwards.
    @inline(__always)
    static func check(
        _ status: Int32, _ call: StaticString, code: CryptoError.Code = .library
    ) throws(CryptoError) {
        guard status == 1 else { throw failure(call, code: code) }
    }

    /// Passes the handle on unless the library gave none.
    @inline(__always)
    static func check(_ handle: OpaquePointer?, _ call: StaticString) throws(CryptoError) -> OpaquePointer {
        guard let handle = unsafe handle else { throw failure(call, code: .library) }
        return unsafe handle
    }

    /// For digests and MACs, whose calls can only fail for want of memory: then the process ends, as it does when an
    /// allocation of Swift's own fails, so that hashing need not be written as if it could fail.
    @inline(__always)
    static func require(_ status: Int32, _ call: StaticString) {
        guard status == 1 else { end(call) }
    }

    /// Ends the process with the library's reason; see `require`.
    @inline(never)
    static func end(_ call: StaticString) -> Never {
        preconditionFailure(failure(call, code: .library).message)
    }

    /// Empties the thread's error queue after a failure that is an answer rather than a fault.
    static func forgetErrors() { ERR_clear_error() }

    @inline(never)
    static func failure(_ call: StaticString, code: CryptoError.Code) -> CryptoError {
        var texts: [String] = []
        while true {
            let number = ERR_get_error()
            guard number != 0 else { break }
            texts.append(text(of: number))
        }
        let reason = texts.isEmpty ? "no reason given" : texts.joined(separator: "; ")
        return CryptoError(code, "libcrypto's \(call) failed: \(reason)")
    }

    private static func text(of number: UInt) -> String {
        // 256 bytes are what ERR_error_string_n(3) asks for.
        var buffer = [CChar](repeating: 0, count: 256)
        unsafe ERR_error_string_n(number, &buffer, buffer.count)
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
