internal import DRCrypto

/// A key slot: an age file whose plaintext is an ordinary age identity file, so that with stock tools
/// `age -d -i mine slot-… > epoch` gives what `age -d -i epoch` opens run keys with.
///
///     # drctl slot 0
///     # repository: 64 digits
///     # domain: default
///     # epoch: 1
///     AGE-SECRET-KEY-1…
enum EpochSlot {
    private static let title = "# drctl slot 0"

    static func seal(
        _ identity: AgeIdentity, repository: Digest, domain: String, epoch: UInt32, to recipient: AgeRecipient
    ) throws(RepositoryError) -> [UInt8] {
        let header =
            "\(title)\n# repository: \(repository)\n# domain: \(domain)\n# epoch: \(epoch)\n"
        return try AgeFile.seal(
            Array(header.utf8) + (try identityText(identity)) + [UInt8(ascii: "\n")], to: [recipient])
    }

    /// - Throws: `wrongKey` when the identities do not open it; `notAuthentic` when it belongs elsewhere or holds
    ///   another key than the owner signed.
    static func open(
        _ file: [UInt8], with identities: [AgeIdentity], repository: Digest, domain: DomainRecord, name: String
    ) throws(RepositoryError) -> AgeIdentity {
        let plaintext = try AgeFile.open(file, with: identities, name: name)
        let lines = plaintext.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        let expected = [
            title, "# repository: \(repository)", "# domain: \(domain.name)", "# epoch: \(domain.epoch.number)",
        ]
        guard Array(lines.prefix(4)) == expected else {
            throw RepositoryError(.notAuthentic, "\(name) belongs to another repository, domain or epoch")
        }
        let identity: AgeIdentity
        do throws(CryptoError) {
            guard let first = try AgeIdentity.parse(file: try SecretBytes(copying: plaintext)).first else {
                throw CryptoError(.malformed, "it holds no identity")
            }
            identity = first
        } catch {
            throw RepositoryError(.damaged, "\(name) holds no identity: \(error.message)", cause: error)
        }
        guard identity.recipient?.text == domain.epoch.recipient else {
            throw RepositoryError(
                .notAuthentic,
                "\(name) holds another key than the one the owner signed for epoch \(domain.epoch.number)")
        }
        return identity
    }
}

/// `AGE-SECRET-KEY-1…` as bytes.
func identityText(_ identity: AgeIdentity) throws(RepositoryError) -> [UInt8] {
    do throws(CryptoError) {
        guard let text = try identity.text() else {
            throw CryptoError(.invalidArgument, "a passphrase has no identity text")
        }
        return text.withBytes { $0.copied() }
    } catch {
        throw RepositoryError(.internalFault, "an identity could not be written: \(error.message)", cause: error)
    }
}
