internal import DRCrypto

/// One worker's way from a body to sealed bytes in a pack: compress, reserve, seal in place.
struct ObjectSealer: ~Copyable {
    private var compressor: Compressor
    private var compressed: [UInt8] = []

    init(level: Int) throws(RepositoryError) { compressor = try Compressor(level: level) }

    /// Seals an object into the pack that `choose` gives; it is asked again while packs turn out to be full.
    /// - Returns: the pack, when it is complete with this object.
    mutating func seal(
        _ object: NewObject, fingerprint: PackFingerprint,
        choose: (_ full: OpenPack?) throws(RepositoryError) -> OpenPack
    ) throws(RepositoryError) -> OpenPack? {
        let bound = Compressor.bound(object.body.count)
        // Taken out while its span is lent; put back to be used again.
        var compressed = self.compressed.count < bound ? [UInt8](repeating: 0, count: bound) : self.compressed
        self.compressed = []
        defer { self.compressed = compressed }
        var output = compressed.mutableSpan
        let compressedBytes = try compressor.compress(object.body.span, into: &output)
        let storedBytes = (compressedBytes ?? object.body.count) + AEAD.tagByteCount
        var pack = try choose(nil)
        while true {
            if let place = pack.reserve(storedBytes: storedBytes, links: object.links.count) {
                let entry = PackEntry(
                    link: object.link, encoding: compressedBytes == nil ? .plain : .zstd, origin: 0, slot: place.slot,
                    offsetBytes: UInt32(place.region.lowerBound), storedBytes: UInt32(storedBytes),
                    plaintextBytes: UInt32(object.body.count), bodyDigest: object.bodyDigest, links: object.links)
                if let compressedBytes {
                    try seal(compressed.span.extracting(first: compressedBytes), entry, into: pack, place.region)
                } else {
                    try seal(object.body.span, entry, into: pack, place.region)
                }
                return pack.finish(OpenPack.Sealed(entry: entry, fingerprint: fingerprint)) ? pack : nil
            }
            pack = try choose(pack)
        }
    }

    private func seal(
        _ plaintext: Span<UInt8>, _ entry: PackEntry, into pack: OpenPack, _ region: Range<Int>
    ) throws(RepositoryError) {
        let associatedData = entry.associatedData(salt: pack.origin.salt)
        do throws(CryptoError) {
            var key = try AEADKey(.aes256GCM, key: pack.key)
            try pack.buffer.write(region) { output throws(CryptoError) in
                _ = try key.seal(
                    plaintext, nonce: entry.nonce, associatedData: associatedData.span, into: &output)
            }
        } catch {
            throw RepositoryError(
                .internalFault, "\(entry.link.kind) \(entry.link.id) could not be sealed: \(error.message)",
                cause: error)
        }
    }
}
