internal import DRCrypto

/// An index object: which packs a run added and what is in them, sealed under the list key and signed by the writer.
///
/// File: magic `drctlix` and the format's number (1), the statement's length (4), the statement (a DSSE envelope),
/// the sealed box. The statement names the box by its SHA-256, so that the box need not be written in base64.
package enum IndexObject {
    private struct Statement: Codable {
        let schema: String
        let repository: Digest
        let domain: String
        let epoch: UInt32
        let run: RunID
        let signer: SignerID
        let box: Digest
        let boxBytes: Int
    }

    private static let schema = RepositoryFormat.schema("index")
    private static let magic: [UInt8] = RepositoryFormat.magic("drctlix")
    static let maximumBytes = 256 << 20
    /// How many packs an index object names at most, so that neither it nor the memory for it grows with the run.
    private static let packsPerObject = 256

    static func seal(
        _ packs: [IndexedPack], context: RunContext, listKey: ListKey, signedBy key: Ed25519.PrivateKey
    ) throws(RepositoryError) -> [UInt8] {
        let box = try listKey.seal(IndexedPack.encode(packs), for: .index)
        let statement = Statement(
            schema: schema, repository: context.repository, domain: context.domain, epoch: context.epoch,
            run: context.run, signer: context.host, box: Digest.of(box), boxBytes: box.count)
        let envelope = try SignedStatement.seal(statement, as: .index, signedBy: key)
        var writer = ByteWriter(capacity: box.count + envelope.count + 16)
        writer.append(raw: magic)
        writer.append(UInt32(truncatingIfNeeded: envelope.count))
        writer.append(raw: envelope)
        writer.append(raw: box)
        return writer.bytes
    }

    /// Seals and stores index objects that name these packs.
    /// - Returns: what a log is to name of them.
    static func store(
        _ packs: [IndexedPack], context: RunContext, listKey: ListKey, signedBy key: Ed25519.PrivateKey,
        in storage: any Storage
    ) throws(RepositoryError) -> [LogEntry.Added] {
        var stored: [LogEntry.Added] = []
        var rest = packs[...]
        while !rest.isEmpty {
            let group = rest.prefix(packsPerObject)
            rest = rest.dropFirst(group.count)
            let bytes = try seal(Array(group), context: context, listKey: listKey, signedBy: key)
            let name = Digest.of(bytes)
            try storage.put(bytes, at: .index(name))
            stored.append(LogEntry.Added(name: name, bytes: bytes.count))
        }
        return stored
    }

    /// - Parameter keys: whose signatures count; the statement must name the one that signed.
    /// - Throws: `damaged`, `notAuthentic`, `wrongKey`.
    static func open(
        _ bytes: [UInt8], name: Digest, repository: Digest, listKey: ListKey, trusting keys: [Ed25519.PublicKey]
    ) throws(RepositoryError) -> (packs: [IndexedPack], signer: SignerID) {
        let what = "index \(name)"
        guard Digest.of(bytes) == name else {
            throw RepositoryError(.damaged, "\(what) has other bytes than its name says")
        }
        var reader = ByteReader(bytes, of: what)
        guard try reader.raw(magic.count) == magic else { throw reader.malformed("magic") }
        let envelope = try reader.raw(Int(try reader.integer(UInt32.self)))
        let box = try reader.raw(reader.remainingBytes)
        let opened = try SignedStatement.open(envelope, as: .index, Statement.self, trusting: keys, name: what)
        let statement = opened.value
        guard statement.schema == schema else {
            throw RepositoryError(
                .unsupportedFormat, "\(what) has format \(statement.schema)", hint: "use a newer drctl")
        }
        guard statement.repository == repository, statement.signer == opened.signer else {
            throw RepositoryError(.notAuthentic, "\(what) belongs to another repository or signer")
        }
        guard Digest.of(box) == statement.box else {
            throw RepositoryError(.damaged, "\(what) does not hold what its statement names")
        }
        let plaintext = try listKey.open(box, for: .index, name: what)
        return (try IndexedPack.decode(plaintext, of: what), opened.signer)
    }

    /// Whose an index object's file says that it is; nothing of it is verified.
    static func claimedSigner(of bytes: [UInt8]) throws(RepositoryError) -> SignerID {
        var reader = ByteReader(bytes, of: "an index")
        guard try reader.raw(magic.count) == magic else { throw reader.malformed("magic") }
        let envelope = try reader.raw(Int(try reader.integer(UInt32.self)))
        return try JSON.decode(
            Statement.self, from: try SignedStatement.unverifiedPayload(envelope, name: "an index"), name: "an index"
        ).signer
    }
}
