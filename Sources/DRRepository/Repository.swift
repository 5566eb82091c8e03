package import DRCrypto

/// A repository that was opened: its owner's chain is verified; no key is needed for that.
package struct Repository: Sendable {
    package let storage: any Storage
    package let config: ConfigChain
    /// Whether the caller knew the id from elsewhere. Without that, everything below is only as authentic as the
    /// storage: a whole other repository could lie there.
    package let isPinned: Bool

    /// Whether it is about all domains together, as far as that needs no key: nobody said which.
    package private(set) var isAboutAllDomains: Bool

    /// SHA-256 of the genesis.
    package var id: Digest { config.repository }
    /// What the domain is called that this is about.
    package var domainName: String { domain.name }
    var domain: DomainRecord { config.domain.record }

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
        isAboutAllDomains = config.domains.count > 1
    }

    init(storage: any Storage, config: ConfigChain) {
        self.storage = storage
        self.config = config
        // Whoever just made it knows its id.
        isPinned = true
        isAboutAllDomains = false
    }

    /// The same repository, as far as one of its domains goes.
    /// - Throws: `invalidArgument` listing the domains, where there is none of this name.
    package func choosing(domain name: String) throws(RepositoryError) -> Repository {
        guard let config = config.choosing(name) else {
            throw RepositoryError(
                .invalidArgument, "the repository has no domain \(name)",
                hint: "it has \(config.domains.map(\.name).joined(separator: ", "))")
        }
        return Repository(storage: storage, config: config, isPinned: isPinned, isAboutAllDomains: false)
    }

    /// The same repository, with the place where the files lie that open shreddable domains.
    package func keepingSlots(in slots: any Storage) -> Repository { keepingSlots(in: slots, of: shreddableDomains) }

    var shreddableDomains: [String] { config.domains.filter { $0.kind == .shreddable }.map(\.name) }

    func keepingSlots(in slots: any Storage, of domains: [String]) -> Repository {
        Repository(
            storage: SplitStorage(storage, slots: slots, domains: domains), config: config, isPinned: isPinned,
            isAboutAllDomains: isAboutAllDomains)
    }

    /// Whether the files that open the domain can be reached.
    var knowsItsSlots: Bool { domain.kind == .retained || storage is SplitStorage }

    private init(storage: any Storage, config: ConfigChain, isPinned: Bool, isAboutAllDomains: Bool) {
        self.storage = storage
        self.config = config
        self.isPinned = isPinned
        self.isAboutAllDomains = isAboutAllDomains
    }

    /// The repository as far as each domain goes that this is about.
    package var eachDomain: [Repository] {
        get throws(RepositoryError) {
            var all: [Repository] = []
            for name in domainNames { all.append(try choosing(domain: name)) }
            return all
        }
    }

    /// Whether what a signer adds and removes is of what this is about.
    func isAbout(_ signer: SignerID) -> Bool {
        isAboutAllDomains || config.hosts.contains { $0.signer == signer && $0.domain == domainName }
    }

    /// The domains that this is about.
    var domainNames: [String] { isAboutAllDomains ? config.domains.map(\.name) : [domainName] }

    /// The domain of a signer; nil for one that was never enrolled.
    func domainName(of signer: SignerID) -> String? { config.hosts.first { $0.signer == signer }?.domain }

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
