package import DRCrypto
internal import Synchronization

/// A reader's run keys: each sealed run key is opened once, checked against what it says it belongs to, and kept.
package final class RunKeyring: Sendable {
    private struct Sealed: Codable {
        let schema: String
        let repository: Digest
        let domain: String
        let epoch: UInt32
        let run: RunID
        let host: SignerID
        /// 64 hexadecimal digits.
        let key: SecretString
    }

    private static let secrets = ["key"]
    private static let schema = RepositoryFormat.schema("run-key")

    private let repository: Digest
    private let domain: String
    /// By number.
    private let epochs: [UInt32: AgeIdentity]
    private let opened = Mutex<[[UInt8]: RunKey]>([:])

    package init(repository: Digest, domain: String, epochs: [UInt32: AgeIdentity]) {
        self.repository = repository
        self.domain = domain
        self.epochs = epochs
    }

    /// The key that an origin's objects were sealed with.
    /// - Throws: `missingKey` for an epoch that the reader has no identity of; `wrongKey` when it does not open;
    ///   `notAuthentic` when the run key belongs elsewhere or the commitment does not fit.
    func packKey(_ origin: PackOrigin, pack: Digest) throws(RepositoryError) -> SecretBytes {
        let runKey = try runKey(origin, pack: pack)
        let derived = try runKey.packKey(salt: origin.salt)
        guard constantTimeEqual(derived.commitment, origin.commitment) else {
            throw RepositoryError(.notAuthentic, "pack \(pack) commits to another key than its run key gives")
        }
        return derived.key
    }

    private func runKey(_ origin: PackOrigin, pack: Digest) throws(RepositoryError) -> RunKey {
        if let known = opened.withLock({ $0[origin.sealedRunKey] }) {
            try Self.check(known.context, fits: origin, pack: pack)
            return known
        }
        guard let identity = epochs[origin.epoch] else {
            throw RepositoryError(
                .missingKey, "pack \(pack) was sealed for epoch \(origin.epoch), which this identity does not open",
                hint: "use an identity of a slot of that epoch")
        }
        let sealed = try Self.open(origin.sealedRunKey, with: identity, pack: pack)
        guard sealed.schema == Self.schema, let secret = try sealed.key.text.ofHexadecimal(),
            secret.count == RunKey.byteCount
        else { throw RepositoryError(.damaged, "the run key of pack \(pack) is not what the format says") }
        let context = RunContext(
            repository: sealed.repository, domain: sealed.domain, epoch: sealed.epoch, run: sealed.run,
            host: sealed.host)
        guard context.repository == repository, context.domain == domain else {
            throw RepositoryError(.notAuthentic, "the run key of pack \(pack) belongs to another repository or domain")
        }
        try Self.check(context, fits: origin, pack: pack)
        let key = RunKey(secret, context: context)
        opened.withLock { $0[origin.sealedRunKey] = key }
        return key
    }

    private static func check(
        _ context: RunContext, fits origin: PackOrigin, pack: Digest
    ) throws(RepositoryError) {
        guard context.epoch == origin.epoch, context.run == origin.run, context.host == origin.host else {
            throw RepositoryError(.notAuthentic, "the run key of pack \(pack) belongs to another run, host or epoch")
        }
    }

    private static func open(
        _ sealed: [UInt8], with identity: AgeIdentity, pack: Digest
    ) throws(RepositoryError) -> Sealed {
        let plaintext = try AgeFile.open(sealed, with: [identity], name: "the run key of pack \(pack)")
        return try SecretJSON.decode(
            Sealed.self, from: plaintext, secrets: secrets, name: "the run key of pack \(pack)")
    }

    /// Seals a run key to its epoch's recipient.
    static func seal(_ runKey: RunKey, to recipient: AgeRecipient) throws(RepositoryError) -> [UInt8] {
        let context = runKey.context
        let sealed = Sealed(
            schema: schema, repository: context.repository, domain: context.domain, epoch: context.epoch,
            run: context.run, host: context.host,
            key: SecretString(try runKey.secret.hexadecimal()))
        return try AgeFile.seal(try SecretJSON.encode(sealed, secrets: secrets), to: [recipient])
    }
}
