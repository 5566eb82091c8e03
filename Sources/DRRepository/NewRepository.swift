package import DRCrypto
package import DRSystem

/// A repository that is about to be made: its keys are drawn, nothing is stored. Whoever keeps the key files writes
/// them durably first, then calls `store`: a repository whose keys were lost is no use to anybody.
package struct NewRepository: Sendable {
    /// Who is to be able to read, apart from the identity that is made.
    package enum Reader: Sendable {
        /// `age1…`, from `age-keygen` for example.
        case recipient(String)
        /// - Parameter workFactor: the base-2 logarithm of scrypt's N, 17 to 22.
        case passphrase(SecretBytes, label: String, workFactor: Int = 18)
    }

    package let id: Digest
    /// The key files. Secret; mode 0600.
    package let ownerFile: SecretBytes
    /// Reads and writes; made when asked for.
    package let identityFile: SecretBytes?
    /// For this host: backs up, and opens no content.
    package let writerFile: SecretBytes

    private let genesis: Genesis
    private let owner: Ed25519.PrivateKey
    private let host: HostRecord
    private let secret: WriterSecret
    private let epoch: AgeIdentity
    private let slots: [Slot]
    private let now: Int64

    private struct Slot: Sendable {
        let file: [UInt8]
        let record: SlotRecord
    }

    private static let domainName = "default"
    private static let epochNumber: UInt32 = 1
    private static let leastWorkFactor = 17

    /// Draws the keys.
    /// - Parameters:
    ///   - makesIdentity: whether to make an age identity of its own, with a slot.
    ///   - readers: who else can read.
    /// - Throws: `invalidArgument` where nobody could read, for what is no age recipient, or a work factor that is too
    ///   small; `internalFault`.
    package init(
        host name: String, makesIdentity: Bool, readers: [Reader], time: any TimeSource
    ) throws(RepositoryError) {
        guard makesIdentity || !readers.isEmpty else {
            throw RepositoryError(
                .invalidArgument, "nobody could read this repository",
                hint: "let an identity be made, or give a recipient or a passphrase")
        }
        now = time.wallNanoseconds()
        owner = try Self.newSigningKey()
        let signingKey = try Self.newSigningKey()
        epoch = try Self.newIdentity()
        secret = try WriterSecret.random()
        genesis = try Self.genesis(owner: owner, epoch: epoch, secret: secret)
        // The id is the digest of exactly the bytes that will be signed.
        let entry = ConfigEntry(number: 1, writtenNanoseconds: now, genesis: genesis)
        id = Digest.of(try JSON.encode(entry))
        host = HostRecord(
            name: name, key: Hexadecimal.text(signingKey.publicKey.bytes), roles: [HostRole.writer.rawValue])
        let own = makesIdentity ? try Self.newIdentity() : nil
        identityFile =
            if let own { try IdentityFile.reader(own, repository: id, host: name, signingKey: signingKey) } else { nil }
        ownerFile = try IdentityFile.owner(owner, repository: id)
        writerFile = try WriterIdentity(
            repository: id, domain: genesis.domain, host: name, signingKey: signingKey, secret: secret
        ).encoded()
        var slots: [Slot] = []
        if let recipient = own?.recipient?.text {
            slots.append(try Self.slot(.recipient(recipient), epoch, id, genesis.domain))
        }
        for reader in readers {
            let slot = try Self.slot(reader, epoch, id, genesis.domain)
            if case .recipient(let text) = reader, slots.contains(where: { $0.record.label == text }) {
                throw RepositoryError(.invalidArgument, "\(text) was given twice")
            }
            slots.append(slot)
        }
        self.slots = slots
    }

    /// Stores the repository: slots and keys first, then the chain, so that what can be opened as a repository can be
    /// read by those it is for.
    /// - Throws: `repositoryExists`; `noSpace`; `storageFailed`.
    package func store(in storage: any Storage) throws(RepositoryError) -> Repository {
        for folder in StorageFolder.allCases where try !storage.list(folder.path).isEmpty {
            throw RepositoryError(
                .repositoryExists, "\(storage.name) holds a repository already, or a part of one: \(folder.rawValue)/",
                hint: "choose another place; nothing there was changed")
        }
        let domain = genesis.domain
        let recipient = try recipient(domain.epoch.recipient)
        let sealed = try secret.seal(
            repository: id, domain: domain.name, epoch: domain.epoch.number, to: recipient)
        try storage.put(sealed, at: .epoch(domain.name, domain.epoch.number, WriterSecret.fileName))
        for slot in slots { try storage.put(slot.file, at: slot.record.path) }
        var config = try ConfigChain.create(genesis, owner: owner, now: now, in: storage)
        guard config.repository == id else {
            throw RepositoryError(.internalFault, "the genesis got another id than its key files name")
        }
        let record = SecretRecord(domain: domain.name, epoch: domain.epoch.number, file: Digest.of(sealed))
        try config.add(secret: record, owner: owner, now: now, to: storage)
        try config.add(host: host, owner: owner, now: now, to: storage)
        for slot in slots { try config.add(slot: slot.record, owner: owner, now: now, to: storage) }
        return Repository(storage: storage, config: config)
    }

    private static func slot(
        _ reader: Reader, _ epoch: AgeIdentity, _ id: Digest, _ domain: DomainRecord
    ) throws(RepositoryError) -> Slot {
        let (recipient, kind, label) = try target(of: reader)
        let file = try EpochSlot.seal(
            epoch, repository: id, domain: domain.name, epoch: domain.epoch.number, to: recipient)
        let record = SlotRecord(
            domain: domain.name, epoch: domain.epoch.number, file: Digest.of(file), kind: kind, label: label)
        return Slot(file: file, record: record)
    }

    static func target(
        of reader: Reader
    ) throws(RepositoryError) -> (recipient: AgeRecipient, kind: SlotRecord.Kind, label: String) {
        switch reader {
        case .recipient(let text): return (try recipient(text), .recipient, text)
        case .passphrase(let passphrase, let label, let workFactor):
            guard workFactor >= leastWorkFactor else {
                throw RepositoryError(
                    .invalidArgument, "a work factor of \(workFactor) is too small: 17 is the least")
            }
            do throws(CryptoError) {
                return (try .passphrase(passphrase, workFactor: workFactor), .passphrase, label)
            } catch {
                throw RepositoryError(.invalidArgument, error.message, hint: error.hint ?? "", cause: error)
            }
        }
    }

    private static func genesis(
        owner: Ed25519.PrivateKey, epoch: AgeIdentity, secret: WriterSecret
    ) throws(RepositoryError) -> Genesis {
        guard let recipient = epoch.recipient?.text else {
            throw RepositoryError(.internalFault, "the epoch's identity has no recipient")
        }
        // The commitments do not depend on the repository's id, which does not exist yet.
        let listKey = try ListKey(secret.listKey, repository: Digest.of([]), domain: domainName)
        return Genesis(
            owner: Hexadecimal.text(owner.publicKey.bytes), nonce: Hexadecimal.text(try randomBytes(16)),
            domain: DomainRecord(
                name: domainName, kind: "retained", idKeyCommitment: try IDKey(secret.idKey).commitment,
                epoch: EpochRecord(
                    number: epochNumber, recipient: recipient, listKeyCommitment: try listKey.commitment)))
    }

    static func newSigningKey() throws(RepositoryError) -> Ed25519.PrivateKey {
        do throws(CryptoError) {
            return try Ed25519.PrivateKey()
        } catch {
            throw RepositoryError(.internalFault, "no signing key could be made: \(error.message)", cause: error)
        }
    }

    private static func newIdentity() throws(RepositoryError) -> AgeIdentity {
        do throws(CryptoError) {
            return try AgeIdentity.generate()
        } catch {
            throw RepositoryError(.internalFault, "no identity could be made: \(error.message)", cause: error)
        }
    }
}
