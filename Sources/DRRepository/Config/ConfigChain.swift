package import DRCrypto

/// The owner's chain, read and verified: who the repository is, its keys' public halves, its slots and hosts.
package struct ConfigChain: Sendable {
    /// SHA-256 of the genesis payload.
    package let repository: Digest
    package let owner: Ed25519.PublicKey
    let genesis: Genesis
    /// What the entries say together.
    private(set) var state: ConfigState
    /// Which of the domains this is about: an index of theirs.
    private(set) var chosenDomain = 0
    /// Number and payload digest of the newest entry.
    package private(set) var head: ChainHead
    /// Payload digests by number, for comparison with what was seen before.
    private(set) var payloads: [UInt64: Digest] = [:]

    private static let maximumEntryBytes = 1 << 20

    /// Reads and verifies all of `config/`.
    /// - Parameter pin: the id that the caller knows from elsewhere.
    /// - Throws: `noRepository` where there is no genesis; `notAuthentic` for another repository than the pinned one,
    ///   a signature that is not the owner's, or a broken chain; `damaged`; `storageFailed`.
    package init(reading storage: any Storage, pinned pin: Digest?) throws(RepositoryError) {
        let names = try storage.list(StorageFolder.config.path).filter { !$0.isFolder }
        let numbers = names.compactMap { StoragePath.number($0.name) }.sorted()
        guard let last = numbers.last else {
            throw RepositoryError(
                .noRepository, "there is no repository in \(storage.name)",
                hint: "check the address, or make one with `drctl repo init`")
        }
        guard numbers == Array(1...last) else {
            throw RepositoryError(
                .notAuthentic, "the owner's chain has a gap: \(numbers.count) entries up to number \(last)")
        }
        var entries: [[UInt8]] = []
        for number in numbers { entries.append(try Self.readEntry(number, storage)) }
        try self.init(entries: entries, pinned: pin, place: storage.name)
    }

    /// Verifies a chain from its entries, the genesis first.
    /// - Parameter place: what errors call the place where it was found.
    /// - Throws: as the reading of a chain.
    init(entries: [[UInt8]], pinned pin: Digest?, place: String) throws(RepositoryError) {
        guard let genesis = entries.first else { throw RepositoryError(.damaged, "\(place) holds no owner's chain") }
        try self.init(genesis: genesis, pinned: pin, place: place)
        for (index, entry) in entries.enumerated().dropFirst() { try append(UInt64(index) + 1, entry) }
    }

    /// What a genesis says before anybody vouches for it.
    private struct Claim: Decodable {
        struct Genesis: Decodable {
            let owner: String
        }

        let genesis: Genesis
    }

    private init(genesis bytes: [UInt8], pinned pin: Digest?, place: String) throws(RepositoryError) {
        // The owner's key is inside: what makes it the right one is the id, which the caller knows.
        let unverified = try JSON.decode(
            Claim.self, from: try SignedStatement.unverifiedPayload(bytes, name: "the genesis"), name: "the genesis")
        guard let key = Hexadecimal.bytes(unverified.genesis.owner), let owner = Ed25519.PublicKey(key) else {
            throw RepositoryError(.damaged, "the genesis names no owner")
        }
        let opened = try SignedStatement.open(
            bytes, as: .config, ConfigEntry.self, trusting: [owner], name: "the genesis")
        guard case .genesis(let genesis)? = opened.value.act else {
            throw RepositoryError(.damaged, "the first entry of the owner's chain is no genesis")
        }
        let id = Digest.of(opened.payload)
        if let pin, pin != id {
            throw RepositoryError(
                .notAuthentic, "\(place) holds repository \(id), not \(pin)",
                hint: "check the address; if it is right, somebody put another repository in its place")
        }
        guard opened.value.schema == ConfigEntry.schema else {
            throw RepositoryError(
                .unsupportedFormat, "the repository has format \(opened.value.schema)", hint: "use a newer drctl")
        }
        repository = id
        self.owner = owner
        self.genesis = genesis
        state = ConfigState(genesis, writtenNanoseconds: opened.value.writtenNanoseconds)
        head = ChainHead(number: 1, payload: id)
        payloads = [1: id]
    }

    private mutating func append(_ number: UInt64, _ bytes: [UInt8]) throws(RepositoryError) {
        let name = "entry \(number) of the owner's chain"
        let opened = try SignedStatement.open(bytes, as: .config, ConfigEntry.self, trusting: [owner], name: name)
        let entry = opened.value
        guard
            entry.schema == ConfigEntry.schema, entry.number == number, entry.previous == head.payload,
            entry.repository == repository
        else { throw RepositoryError(.notAuthentic, "\(name) does not follow the one before it") }
        guard let act = entry.act else {
            throw RepositoryError(
                .unsupportedFormat, "\(name) says something that this drctl does not know", hint: "use a newer drctl")
        }
        try state.apply(act, number: number, writtenNanoseconds: entry.writtenNanoseconds)
        head = ChainHead(number: number, payload: Digest.of(opened.payload))
        payloads[number] = head.payload
    }

    /// Writes the genesis of a new repository.
    /// - Returns: the chain, with nothing but the genesis in it.
    static func create(
        _ genesis: Genesis, owner: Ed25519.PrivateKey, now: Int64, in storage: any Storage
    ) throws(RepositoryError) -> ConfigChain {
        let entry = ConfigEntry(number: 1, after: nil, writtenNanoseconds: now, .genesis(genesis))
        let bytes = try SignedStatement.seal(entry, as: .config, signedBy: owner)
        try storage.put(bytes, at: .config(1))
        return try ConfigChain(genesis: bytes, pinned: nil, place: storage.name)
    }

    /// Signs and stores what the owner says, then takes it up. Durable on return.
    /// - Throws: `wrongKey` when the key is not the owner's; `heldByAnother` when somebody else added something;
    ///   `internalFault` for what cannot follow: nothing was stored then.
    mutating func add(
        _ act: ConfigAct, owner key: Ed25519.PrivateKey, now: Int64, to storage: any Storage
    ) throws(RepositoryError) {
        guard key.publicKey == owner else {
            throw RepositoryError(
                .wrongKey, "this is not the owner's key of repository \(repository)",
                hint: "use the owner key file that `repo init` wrote")
        }
        let number = head.number + 1
        // What does not fit would keep everybody from opening the repository once it is stored.
        var next = state
        do throws(RepositoryError) {
            try next.apply(act, number: number, writtenNanoseconds: now)
        } catch {
            throw RepositoryError(
                .internalFault, "what was to be said does not fit the owner's chain; nothing was stored", cause: error)
        }
        let entry = ConfigEntry(
            number: number, after: (head.payload, repository), writtenNanoseconds: now, act)
        let bytes = try SignedStatement.seal(entry, as: .config, signedBy: key)
        do throws(RepositoryError) {
            try storage.put(bytes, at: .config(number))
        } catch {
            guard error.code == .alreadyStored else { throw error }
            throw RepositoryError(
                .heldByAnother, "somebody else changed the repository's config at the same time",
                hint: "run the command again", cause: error)
        }
        try append(number, bytes)
    }

    /// The same chain, about another of its domains.
    /// - Returns: nil where there is none of this name.
    func choosing(_ name: String) -> ConfigChain? {
        guard let index = domains.firstIndex(where: { $0.name == name }) else { return nil }
        var chain = self
        chain.chosenDomain = index
        return chain
    }

    /// The files of `config/`, byte for byte, the genesis first.
    func entries(in storage: any Storage) throws(RepositoryError) -> [[UInt8]] {
        var entries: [[UInt8]] = []
        for number in 1...head.number { entries.append(try Self.readEntry(number, storage)) }
        return entries
    }

    private static func readEntry(_ number: UInt64, _ storage: any Storage) throws(RepositoryError) -> [UInt8] {
        guard let bytes = try storage.readAll(.config(number), limitBytes: maximumEntryBytes) else {
            throw RepositoryError(.notAuthentic, "entry \(number) of the owner's chain is gone")
        }
        return bytes
    }
}

/// Where a chain of signed statements ends.
package struct ChainHead: Codable, Hashable, Sendable {
    package let number: UInt64
    /// SHA-256 of the newest statement's payload.
    package let payload: Digest
}
