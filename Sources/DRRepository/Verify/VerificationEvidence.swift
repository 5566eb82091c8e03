package import DRCrypto

/// A verification that a host signed, in a file that stands alone: lines of JSON, each a DSSE envelope. The first holds
/// the statement; the others are the owner's chain as it lies in `config/`, from the genesis on, which says whose key
/// signed the first. So whoever knows the repository's id needs nothing else.
package struct VerificationEvidence: Sendable {
    package let statement: VerificationStatement
    /// What the owner calls the host that signed.
    package let host: String
    /// Whether the owner gave that host the role `verifier`: others sign what they saw of their own backups.
    package let isVerifier: Bool
    /// The id that follows from the chain in the file.
    package let repository: Digest

    private static let name = "the evidence"

    /// Signs a statement.
    /// - Returns: the file.
    /// - Throws: `missingKey` where the identity signs nothing, or its host is not enrolled; `wrongKey` for a revoked one.
    package static func sealed(
        _ statement: VerificationStatement, of repository: Repository, by identity: Identity
    ) throws(RepositoryError) -> [UInt8] {
        let key = try signingKey(of: identity, in: repository)
        let envelope = try SignedStatement.seal(statement, as: .inToto, signedBy: key)
        let lines = [envelope] + (try repository.config.entries(in: repository.storage))
        return Array(lines.joined(separator: [UInt8(ascii: "\n")])) + [UInt8(ascii: "\n")]
    }

    /// Whether an identity can sign evidence of a repository, known before the work.
    /// - Throws: as `sealed`.
    package static func check(_ identity: Identity?, canSignFor repository: Repository) throws(RepositoryError) {
        guard let identity else {
            throw RepositoryError(
                .missingKey, "evidence is signed, and nothing was given to sign it with",
                hint: "give --record-as FILE, the identity of a verifier")
        }
        _ = try signingKey(of: identity, in: repository)
    }

    private static func signingKey(
        of identity: Identity, in repository: Repository
    ) throws(RepositoryError) -> Ed25519.PrivateKey {
        guard let key = identity.signingKey,
            repository.keys(having: HostRole.logging).contains(where: { $0.bytes == key.publicKey.bytes })
        else {
            throw RepositoryError(
                .missingKey, "this identity signs nothing in this repository",
                hint: "give --record-as FILE, the identity of a verifier")
        }
        try repository.refuseRevoked(SignerID(of: key.publicKey))
        return key
    }

    /// Opens a file and checks all that it says of itself.
    /// - Parameters:
    ///   - pin: the repository's id, from elsewhere.
    ///   - now: the repository as it is today, whose chain may say more: then that counts too.
    /// - Throws: `damaged` for what is no evidence; `notAuthentic` where a signature, the chain or the id is not right, or
    ///   the host was revoked and nothing shows that it signed before.
    package init(
        opening bytes: [UInt8], pinned pin: Digest?, now: Repository? = nil
    ) throws(RepositoryError) {
        let lines = bytes.split(separator: UInt8(ascii: "\n")).map { Array($0) }
        guard bytes.last == UInt8(ascii: "\n"), lines.count > 1 else {
            throw RepositoryError(
                .damaged, "this is no evidence of a verification", hint: "`drctl verify --evidence FILE` writes it")
        }
        let chain = try ConfigChain(entries: Array(lines.dropFirst()), pinned: pin ?? now?.id, place: Self.name)
        let keys = chain.hosts.filter { !Set($0.roles).isDisjoint(with: HostRole.logging.map(\.rawValue)) }
            .compactMap(\.publicKey)
        let opened = try SignedStatement.open(
            lines[0], as: .inToto, VerificationStatement.self, trusting: keys, name: Self.name)
        let (statement, signer) = (opened.value, opened.signer)
        guard statement._type == VerificationStatement.type,
            statement.predicateType == VerificationStatement.predicateType
        else {
            throw RepositoryError(
                .unsupportedFormat, "the evidence is of type \(statement.predicateType)", hint: "use a newer drctl")
        }
        guard statement.predicate.repository == chain.repository else {
            throw RepositoryError(.notAuthentic, "the evidence is of repository \(statement.predicate.repository)")
        }
        let record = statement.predicate.record
        try Self.refuseRevoked(signer, record, chain)
        if let now {
            guard now.config.payloads[chain.head.number] == chain.head.payload else {
                throw RepositoryError(.notAuthentic, "the owner's chain in the evidence is not the repository's")
            }
            try Self.refuseRevoked(signer, record, now.config)
            if let record, !(try Ledger(reading: now).holds(record)) {
                throw RepositoryError(
                    .rolledBack, "entry \(record.counter) of the log, which records the verification, is gone",
                    hint: "the storage was rolled back, or somebody removed log entries")
            }
        }
        let host = chain.hosts.first { $0.signer == signer }
        self.statement = statement
        self.host = host?.name ?? ""
        isVerifier = host?.roles.contains(HostRole.verifier.rawValue) ?? false
        repository = chain.repository
    }

    /// What a revoked host signed counts where its log, as far as it is trusted, says so.
    private static func refuseRevoked(
        _ signer: SignerID, _ record: LogEntry.SeenHead?, _ chain: ConfigChain
    ) throws(RepositoryError) {
        guard let revocation = chain.revocation(of: signer) else { return }
        if let record, record.signer == signer, record.counter <= revocation.counter { return }
        throw RepositoryError(
            .notAuthentic,
            "host \(revocation.name), which signed the evidence, is revoked, and nothing shows that it signed before",
            hint: "verify again with another verifier")
    }
}
