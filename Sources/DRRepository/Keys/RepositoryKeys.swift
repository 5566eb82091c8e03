internal import DRCrypto

/// The keys that an identity gave of a repository's domain.
package struct RepositoryKeys: Sendable {
    package let idKey: IDKey
    package let listKey: ListKey
    /// What run keys are sealed to.
    let recipient: AgeRecipient
    /// nil for a writer: it opens no content.
    let epochIdentity: AgeIdentity?
    /// nil for a reader whose identity file names no host: it stores nothing.
    let signingKey: Ed25519.PrivateKey?

    package var opensContent: Bool { epochIdentity != nil }
    package var signer: SignerID? { signingKey.map { SignerID(of: $0.publicKey) } }
}

extension Repository {
    /// Opens what the identity can open.
    /// - Throws: `wrongKey` naming the slots that were tried; `notAuthentic` when storage holds other keys than the
    ///   owner signed, or the identity is pinned to another repository.
    package func unlock(_ identity: Identity) throws(RepositoryError) -> RepositoryKeys {
        if let pin = identity.pinnedRepository, pin != id {
            throw RepositoryError(
                .notAuthentic, "\(storage.name) holds repository \(id); the identity is of \(pin)",
                hint: "check the address and the identity; if both are right, somebody put another repository there")
        }
        switch identity.kind {
        case .writer(let writer):
            guard writer.domain == domain.name, writer.epoch == domain.epoch.number else {
                throw RepositoryError(
                    .wrongKey, "the writer identity is of epoch \(writer.epoch) of domain \(writer.domain)",
                    hint: "get a new one with `drctl key writer`")
            }
            return try keys(writer.secret, epochIdentity: nil, signingKey: writer.signingKey)
        case .reader(let identities):
            let epoch = try openSlot(.recipient, with: identities)
            return try keys(try readWriterSecret(epoch), epochIdentity: epoch, signingKey: identity.signingKey)
        case .passphrase(let passphrase):
            let epoch = try openSlot(.passphrase, with: [.passphrase(passphrase)])
            return try keys(try readWriterSecret(epoch), epochIdentity: epoch, signingKey: nil)
        }
    }

    private func keys(
        _ secret: WriterSecret, epochIdentity: AgeIdentity?, signingKey: Ed25519.PrivateKey?
    ) throws(RepositoryError) -> RepositoryKeys {
        let (idKey, listKey) = try secret.keys(repository: id, domain: domain)
        return RepositoryKeys(
            idKey: idKey, listKey: listKey, recipient: try recipient(domain.epoch.recipient),
            epochIdentity: epochIdentity, signingKey: signingKey)
    }

    private func openSlot(
        _ kind: SlotRecord.Kind, with identities: [AgeIdentity]
    ) throws(RepositoryError) -> AgeIdentity {
        var tried: [String] = []
        var other: RepositoryError?
        for slot in config.slots where slot.kind == kind {
            do throws(RepositoryError) {
                let file = try readSlot(slot)
                return try EpochSlot.open(
                    file, with: identities, repository: id, domain: domain, name: "slot \(slot.path)")
            } catch {
                // A slot for somebody else is no fault; a damaged one must not keep the next from being tried.
                if error.code == .wrongKey { tried.append(slot.label) } else { other = error }
            }
        }
        if let other { throw other }
        throw wrongKey(kind, tried: tried)
    }

    private func wrongKey(_ kind: SlotRecord.Kind, tried: [String]) -> RepositoryError {
        let what = kind == .passphrase ? "the passphrase" : "the identity"
        guard !tried.isEmpty else {
            return RepositoryError(
                .wrongKey,
                "repository \(id) has no slot for \(kind == .passphrase ? "a passphrase" : "an age identity")",
                hint: "`drctl key list` shows its slots")
        }
        return RepositoryError(
            .wrongKey, "\(what) opens no slot; tried: \(tried.joined(separator: ", "))",
            hint: kind == .passphrase ? "check the passphrase" : "use the identity of one of these recipients")
    }

    /// - Throws: `damaged` when the file is gone, or another than the owner signed.
    func readSlot(_ slot: SlotRecord) throws(RepositoryError) -> [UInt8] {
        try readKeyFile(slot.path, slot.file, "slot \(slot.path) (\(slot.label))")
    }

    /// The file with the writer secret, sealed.
    /// - Throws: `damaged` when it is gone, or another than the owner signed; `notAuthentic` when the chain names none.
    func readSecretFile() throws(RepositoryError) -> [UInt8] {
        let epoch = domain.epoch.number
        guard let secret = config.secrets.last(where: { $0.domain == domain.name && $0.epoch == epoch }) else {
            throw RepositoryError(
                .notAuthentic, "the owner's chain names no writer secret for epoch \(epoch) of domain \(domain.name)",
                hint: "entries of config/ are missing: compare with a copy of the repository")
        }
        return try readKeyFile(secret.path, secret.file, "the writer secret \(secret.path)")
    }

    private func readKeyFile(
        _ path: StoragePath, _ digest: Digest, _ name: String
    ) throws(RepositoryError) -> [UInt8] {
        let hint = "bring it back from a copy of the repository"
        guard let file = try storage.readAll(path, limitBytes: 64 << 10) else {
            throw RepositoryError(.damaged, "\(name) is gone", hint: hint)
        }
        guard Digest.of(file) == digest else {
            throw RepositoryError(.damaged, "\(name) is not the file that the owner signed", hint: hint)
        }
        return file
    }

    private func readWriterSecret(_ epoch: AgeIdentity) throws(RepositoryError) -> WriterSecret {
        try WriterSecret.open(try readSecretFile(), with: epoch, repository: id, domain: domain)
    }
}

/// An age recipient from its text.
/// - Throws: `invalidArgument`.
func recipient(_ text: String) throws(RepositoryError) -> AgeRecipient {
    do throws(CryptoError) {
        return try AgeRecipient(text)
    } catch {
        throw RepositoryError(.invalidArgument, error.message, hint: error.hint ?? "", cause: error)
    }
}
