import COpenSSL

/// SHA-256 over bytes that arrive in pieces (FIPS 180-4).
///
///     var hasher = SHA256()
///     hasher.update(bytes)
///     let digest = hasher.finish()
///
/// After `finish` the hasher is as new, so one serves for many messages without another allocation.
@safe package struct SHA256: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer

    /// Fetched once: EVP_sha256() would search the providers at every start.
    nonisolated(unsafe) private static let algorithm = unsafe EVP_MD_fetch(nil, "SHA256", nil)

    /// An empty message, to be added to.
    package init() {
        guard let made = unsafe EVP_MD_CTX_new() else { LibCrypto.end("EVP_MD_CTX_new") }
        unsafe context = unsafe made
        unsafe LibCrypto.require(EVP_DigestInit_ex2(made, Self.algorithm, nil), "EVP_DigestInit_ex2")
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    /// Adds bytes to the message.
    package mutating func update(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    /// Adds bytes to the message.
    package mutating func update(_ bytes: [UInt8]) {
        update(bytes.span)
    }

    /// Adds bytes to the message.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe LibCrypto.require(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count), "EVP_DigestUpdate")
    }

    /// The digest of all bytes added since the start or since the last `finish`.
    package mutating func finish() -> Digest {
        let digest = unsafe Digest { buffer in
            var count: UInt32 = 0
            unsafe LibCrypto.require(EVP_DigestFinal_ex(context, buffer, &count), "EVP_DigestFinal_ex")
        }
        unsafe LibCrypto.require(EVP_DigestInit_ex2(context, nil, nil), "EVP_DigestInit_ex2")
        return digest
    }
}

extension Digest {
    /// The SHA-256 of some bytes.
    package static func of(_ bytes: Span<UInt8>) -> Digest {
        var hasher = SHA256()
        hasher.update(bytes)
        return hasher.finish()
    }

    /// The SHA-256 of some bytes.
    package static func of(_ bytes: [UInt8]) -> Digest {
        of(bytes.span)
    }

    /// The SHA-256 of some bytes.
    package static func of(_ bytes: some Sequence<UInt8>) -> Digest {
        of(Array(bytes))
    }

    /// The SHA-256 of a text's UTF-8.
    package static func of(_ text: String) -> Digest {
        of(Array(text.utf8))
    }
}
