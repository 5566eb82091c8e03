package import DRCrypto

/// What a run key, and every key derived from it, belongs to. All of it goes into the derivation of pack keys.
package struct RunContext: Hashable, Sendable {
    package let repository: Digest
    package let domain: String
    package let epoch: UInt32
    package let run: RunID
    /// The signing key of the host that wrote.
    package let host: SignerID

    package init(repository: Digest, domain: String, epoch: UInt32, run: RunID, host: SignerID) {
        self.repository = repository
        self.domain = domain
        self.epoch = epoch
        self.run = run
        self.host = host
    }

    /// Each field of the derivation, in order.
    var fields: [[UInt8]] {
        var number = ByteWriter(capacity: 4)
        number.append(epoch)
        return [repository.bytes, Array(domain.utf8), number.bytes, run.bytes, host.digest.bytes]
    }
}

/// The key of one backup run: 32 random bytes from which its packs' keys are derived. The writer keeps it while the
/// run lasts and can never get it back.
package struct RunKey: Sendable {
    package static let byteCount = 32

    package let secret: SecretBytes
    package let context: RunContext

    package init(_ secret: SecretBytes, context: RunContext) {
        self.secret = secret
        self.context = context
    }

    /// The key and commitment of the pack, or relocated part of a pack, that drew this salt.
    func packKey(salt: [UInt8]) throws(RepositoryError) -> DerivedKey {
        try DerivedKey(from: secret, salt: salt, label: "drctl/1/pack", fields: context.fields)
    }
}
