internal import DRCrypto

/// Where objects of a pack were sealed: what their keys are derived from. It stays with them when they are moved to
/// another pack, so moving needs no key.
package struct PackOrigin: Hashable, Sendable {
    package let epoch: UInt32
    package let run: RunID
    package let host: SignerID
    package let salt: [UInt8]
    package let commitment: [UInt8]
    /// An age v1 file for the epoch's recipient.
    package let sealedRunKey: [UInt8]

    package init(
        epoch: UInt32, run: RunID, host: SignerID, salt: [UInt8], commitment: [UInt8], sealedRunKey: [UInt8]
    ) {
        self.epoch = epoch
        self.run = run
        self.host = host
        self.salt = salt
        self.commitment = commitment
        self.sealedRunKey = sealedRunKey
    }

    /// The table: a count in two bytes, then epoch (4), run (16), host (32), salt (32), commitment (32) and the
    /// sealed run key with its length (2) for each.
    static func encode(_ origins: [PackOrigin]) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(UInt16(truncatingIfNeeded: origins.count))
        for origin in origins {
            writer.append(origin.epoch)
            writer.append(raw: origin.run.bytes)
            writer.append(origin.host.digest)
            writer.append(raw: origin.salt)
            writer.append(raw: origin.commitment)
            writer.append(field: origin.sealedRunKey)
        }
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8], pack: Digest) throws(RepositoryError) -> [PackOrigin] {
        var reader = ByteReader(bytes, of: "the table of origins of pack \(pack)")
        let count = try reader.integer(UInt16.self)
        var origins: [PackOrigin] = []
        for _ in 0..<count {
            let epoch = try reader.integer(UInt32.self)
            guard let run = RunID(try reader.raw(RunID.byteCount)) else { throw reader.malformed("run id") }
            origins.append(
                PackOrigin(
                    epoch: epoch, run: run, host: SignerID(try reader.digest()),
                    salt: try reader.raw(DerivedKey.saltByteCount),
                    commitment: try reader.raw(DerivedKey.commitmentByteCount), sealedRunKey: try reader.field()))
        }
        try reader.finish()
        return origins
    }
}
