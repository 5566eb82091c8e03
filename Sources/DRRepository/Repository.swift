package import DRCrypto

/// A repository that was opened: its owner's chain is verified; no key is needed for that.
package struct Repository: Sendable {
    package let storage: any Storage
    package let config: ConfigChain
    /// Whether the caller knew the id from elsewhere. Without that, everything below is only as authentic as the
    /// storage: a whole other repository could lie there.
    package let isPinned: Bool

    /// SHA-256 of the genesis.
    package var id: Digest { config.repository }
    /// What the domain is called.
    package var domainName: String { domain.name }
    var domain: DomainRecord { config.genesis.domain }

    /// Reads and verifies the owner's chain.
    /// - Parameter pin: the id that the caller knows, from `--repo-id` or the identity file.
    /// - Throws: `noRepository`, also for one that was not made to its end; `notAuthentic` where another repository lies there, or the chain is forged;
    ///   `damaged`; `storageFailed`.
    package init(opening storage: any Storage, pinned pin: Digest?) throws(RepositoryError) {
        self.storage = storage
        guard try storage.size(of: .setup) == nil else {
            throw RepositoryError(
                .noRepository, "the repository in \(storage.name) was not made to its end",
                hint: "run the `drctl repo init` again that was interrupted")
        }
        config = try ConfigChain(reading: storage, pinned: pin)
        isPinned = pin != nil
    }

    init(storage: any Storage, config: ConfigChain) {
        self.storage = storage
        self.config = config
        // Whoever just made it knows its id.
        isPinned = true
    }

    /// Whether what is read here is the owner's, and what to say about it.
    package var authenticity: Verdict {
        isPinned
            ? .holds
            : .notEstablished("the repository's id was not given, so another repository could lie in its place")
    }

    /// The public keys of the hosts that have any of these roles, revoked ones too: what they signed before counts.
    func keys(having roles: Set<HostRole>) -> [Ed25519.PublicKey] {
        config.hosts.filter { host in roles.contains { host.roles.contains($0.rawValue) } }.compactMap(\.publicKey)
    }

    /// Whether a signer is a host with this role.
    func signer(_ signer: SignerID, has role: HostRole) -> Bool {
        keys(having: [role]).contains { SignerID(of: $0) == signer }
    }

    /// What people call a signer.
    package func hostName(of signer: SignerID) -> String {
        config.hosts.first { $0.publicKey.map { SignerID(of: $0) } == signer }?.name ?? "unknown host"
    }
}

/// What a host may do.
package enum HostRole: String, Sendable, CaseIterable {
    /// Adds packs, indexes and snapshots.
    case writer
    /// Its verifications count as coverage.
    case verifier
    /// Opens the listing; signs nothing.
    case lister
    /// Removes snapshots, condemns and deletes packs, moves sealed objects into new ones.
    case pruner

    /// Whether it needs the id key: lists are made with the list keys alone, and a verifier reads bytes.
    var holdsIDKey: Bool { self == .writer || self == .pruner }

    /// The roles whose keys may sign a log.
    static let logging: Set<HostRole> = [.writer, .verifier, .pruner]
    /// The roles whose keys may sign indexes and snapshots.
    static let storing: Set<HostRole> = [.writer, .pruner]
}

/// Every question asked about a repository has three answers.
package enum Verdict: Hashable, Sendable {
    case holds
    /// With the reason.
    case doesNotHold(String)
    /// Could not be found out; with the reason.
    case notEstablished(String)
}
