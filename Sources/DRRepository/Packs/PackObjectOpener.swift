internal import DRCrypto

/// One thread's way from sealed bytes to a body: tag, then decompression, into buffers that are used again.
struct ObjectOpener: ~Copyable {
    private var decompressor: Decompressor
    private var opened: [UInt8] = []
    private var body: [UInt8] = []

    init() throws(RepositoryError) { decompressor = try Decompressor() }

    /// Sets up a pack key.
    static func key(_ secret: SecretBytes) throws(RepositoryError) -> AEADKey {
        do throws(CryptoError) {
            return try AEADKey(.aes256GCM, key: secret)
        } catch {
            throw RepositoryError(.internalFault, "a pack key could not be set up: \(error.message)", cause: error)
        }
    }

    /// Opens one object and lends its body. The id is not checked here.
    /// - Throws: `damaged` when the tag or the compressed form does not fit.
    mutating func open<Result>(
        _ sealed: Span<UInt8>, entry: PackEntry, salt: [UInt8], key: inout AEADKey,
        _ use: (Span<UInt8>) throws(RepositoryError) -> Result
    ) throws(RepositoryError) -> Result {
        let openedBytes = sealed.count - AEAD.tagByteCount
        let bodyBytes = Int(entry.plaintextBytes)
        guard openedBytes >= 0, bodyBytes <= PackLayout.maximumObjectBytes else {
            throw RepositoryError(.damaged, "\(entry.link.kind) \(entry.link.id) has impossible lengths")
        }
        // Taken out while their spans are lent; put back to be used again.
        var opened = Self.taken(&self.opened, atLeast: openedBytes)
        defer { self.opened = opened }
        do throws(CryptoError) {
            let associatedData = entry.associatedData(salt: salt)
            var output = opened.mutableSpan
            try key.open(sealed, nonce: entry.nonce, associatedData: associatedData.span, into: &output)
        } catch {
            throw RepositoryError(
                .damaged, "\(entry.link.kind) \(entry.link.id) does not fit its tag", cause: error)
        }
        switch entry.encoding {
        case .plain:
            guard openedBytes == bodyBytes else {
                throw RepositoryError(.damaged, "\(entry.link.kind) \(entry.link.id) has another length than it says")
            }
            return try use(opened.span.extracting(first: openedBytes))
        case .zstd:
            var body = Self.taken(&self.body, atLeast: bodyBytes)
            defer { self.body = body }
            var output = body.mutableSpan
            try decompressor.decompress(opened.span.extracting(first: openedBytes), into: &output, count: bodyBytes)
            return try use(body.span.extracting(first: bodyBytes))
        }
    }

    private static func taken(_ buffer: inout [UInt8], atLeast count: Int) -> [UInt8] {
        let taken = buffer.count < count ? [UInt8](repeating: 0, count: count) : buffer
        buffer = []
        return taken
    }
}
