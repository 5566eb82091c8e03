package import DRCrypto
package import DRSystem

/// A repository that is about to be made: its keys are drawn, nothing is stored. Whoever keeps the key files writes
/// them durably first, then calls `store`: a repository whose keys were lost is no use to anybody.
package struct NewRepository: Sendable {
    /// Who is to be able to read, apart from the identity that is made.
    package enum Reader: Sendable {
        /// `age1…`, from `age-keygen` for example.
        /// - Parameter label: what people call it; nil for the recipient itself.
        case recipient(String, label: String? = nil)
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
    private let host: NewHost
    private let epoch: NewEpoch
    private let now: Int64

    /// The domain that every repository has.
    package static let domainName = "default"

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
        let idKey = try randomSecret(IDKey.byteCount)
        genesis = Genesis(
            owner: Hexadecimal.text(owner.publicKey.bytes), nonce: Hexadecimal.text(try randomBytes(16)),
            domain: DomainRecord(
                name: Self.domainName, kind: .retained, idKeyCommitment: try IDKey(idKey).commitment))
        // The id is the digest of exactly the bytes that will be signed.
        id = Digest.of(
            try JSON.encode(ConfigEntry(number: 1, after: nil, writtenNanoseconds: now, .genesis(genesis))))
        let place = KeyPlace(repository: id, domain: Self.domainName, epoch: 1)
        let own = makesIdentity ? try newIdentity() : nil
        let all = (own.map { [Reader.recipient($0.recipient)] } ?? []) + readers
        var seen = Set<String>()
        for case .recipient(let text, _) in all where !seen.insert(text).inserted {
            throw RepositoryError(.invalidArgument, "\(text) was given twice")
        }
        var slotReaders: [SlotReader] = []
        for reader in all { slotReaders.append(try SlotReader(reader, in: place)) }
        epoch = try NewEpoch(place, idKey: idKey, readers: slotReaders)
        host = try NewHost(name, roles: [.writer], secret: epoch.secret, of: place)
        identityFile =
            if let own {
                try IdentityFile.reader(own.identity, repository: id, host: name, signingKey: host.signingKey)
            } else { nil }
        ownerFile = try IdentityFile.owner(owner, repository: id)
        writerFile = host.identityFile
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
        try epoch.store(in: storage)
        try host.secretFile?.store(in: storage)
        var config = try ConfigChain.create(genesis, owner: owner, now: now, in: storage)
        guard config.repository == id else {
            throw RepositoryError(.internalFault, "the genesis got another id than its key files name")
        }
        try config.add(.epochAdded(epoch.record), owner: owner, now: now, to: storage)
        try config.add(.hostAdded(host.record), owner: owner, now: now, to: storage)
        return Repository(storage: storage, config: config)
    }

    static func newSigningKey() throws(RepositoryError) -> Ed25519.PrivateKey {
        do throws(CryptoError) {
            return try Ed25519.PrivateKey()
        } catch {
            throw RepositoryError(.internalFault, "no signing key could be made: \(error.message)", cause: error)
        }
    }
}
