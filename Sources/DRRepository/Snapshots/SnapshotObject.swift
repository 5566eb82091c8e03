internal import DRCrypto

/// A snapshot's file: a signed statement that says in clear which run of which signer it is of, with the manifest
/// sealed under the list key inside.
enum SnapshotObject {
    private struct Statement: Codable {
        let schema: String
        let repository: Digest
        let domain: String
        let epoch: UInt32
        let run: RunID
        let signer: SignerID
        /// The sealed box with the manifest in JSON, in base64.
        let manifest: String
    }

    private static let schema = RepositoryFormat.schema("snapshot")
    static let maximumBytes = 16 << 20

    static func seal(
        _ manifest: SnapshotManifest, context: RunContext, listKey: ListKey, signedBy key: Ed25519.PrivateKey
    ) throws(RepositoryError) -> [UInt8] {
        // The run is in clear and in the box's authenticated data: a manifest cannot be put under another run.
        let box = try listKey.seal(try JSON.encode(manifest), for: .manifest, authenticating: context.run.bytes)
        let statement = Statement(
            schema: schema, repository: context.repository, domain: context.domain, epoch: context.epoch,
            run: context.run, signer: context.host, manifest: Base64.encode(box))
        return try SignedStatement.seal(statement, as: .snapshot, signedBy: key)
    }

    static func open(
        _ bytes: [UInt8], name: Digest, repository: Digest, listKey: ListKey, trusting keys: [Ed25519.PublicKey]
    ) throws(RepositoryError) -> (manifest: SnapshotManifest, run: RunID, signer: SignerID) {
        let what = "snapshot \(name)"
        guard Digest.of(bytes) == name else {
            throw RepositoryError(.damaged, "\(what) has other bytes than its name says")
        }
        let opened = try SignedStatement.open(bytes, as: .snapshot, Statement.self, trusting: keys, name: what)
        let statement = opened.value
        guard statement.schema == schema else {
            throw RepositoryError(
                .unsupportedFormat, "\(what) has format \(statement.schema)", hint: "use a newer drctl")
        }
        guard statement.repository == repository, statement.signer == opened.signer else {
            throw RepositoryError(.notAuthentic, "\(what) belongs to another repository or signer")
        }
        guard let box = Base64.decode(statement.manifest) else {
            throw RepositoryError(.damaged, "\(what) holds a manifest that is not base64")
        }
        let plaintext = try listKey.open(
            box, for: .manifest, authenticating: statement.run.bytes, name: "the manifest of \(what)")
        return (
            try JSON.decode(SnapshotManifest.self, from: plaintext, name: "the manifest of \(what)"), statement.run,
            opened.signer
        )
    }

    /// Whose a snapshot's file says that it is; nothing of it is verified.
    static func claimedSigner(of bytes: [UInt8]) throws(RepositoryError) -> SignerID {
        try JSON.decode(
            Statement.self, from: try SignedStatement.unverifiedPayload(bytes, name: "a snapshot"), name: "a snapshot"
        ).signer
    }
}
