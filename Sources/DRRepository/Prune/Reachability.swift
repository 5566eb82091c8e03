internal import DRCrypto

/// What the live snapshots of one host reach, found by the links in the packs' directories: no content is opened.
///
/// Each host's snapshots count with what that host sealed: what another stores under the same id, right or wrong,
/// replaces nothing.
struct Reachability {
    /// Which packs are needed, and how much of each.
    struct Needs {
        /// Stored bytes of needed objects, by the pack they are taken from.
        var bytes: [Digest: Int] = [:]
        /// Condemned packs that are the only place of something needed.
        var onlyPlaces = Set<Digest>()
    }

    private let index: ObjectIndex
    private let links: LinkTable
    private let host: SignerID
    /// For each entry of the index that is the first of its object: whether it was reached.
    private var reached: [Bool]

    init(of host: SignerID, index: ObjectIndex, links: LinkTable) {
        self.host = host
        self.index = index
        self.links = links
        reached = [Bool](repeating: false, count: index.objectCount)
    }

    /// Marks everything that a snapshot of the host reaches.
    /// - Throws: `missingObject` where something that it reaches lies nowhere.
    mutating func mark(_ snapshot: Snapshot) throws(RepositoryError) {
        guard let root = index.entryNumber(of: snapshot.manifest.root.id) else { throw Self.broken(snapshot) }
        var open = [root]
        reached[Int(root)] = true
        while let next = open.popLast() {
            guard !index.locations(sharing: next, sealedBy: host).isEmpty, let targets = links.targets(of: next) else {
                throw Self.broken(snapshot)
            }
            for target in targets {
                guard target != LinkTable.unknown else { throw Self.broken(snapshot) }
                guard !reached[Int(target)] else { continue }
                reached[Int(target)] = true
                open.append(target)
            }
        }
    }

    /// Where what was reached is taken from: of several places, one in a pack that nobody condemned.
    func needs(condemned: Set<Digest>) -> Needs {
        var needs = Needs()
        for number in reached.indices where reached[number] {
            guard let place = place(of: UInt32(number), condemned) else { continue }
            needs.bytes[place.pack, default: 0] += place.storedBytes
            if condemned.contains(place.pack) { needs.onlyPlaces.insert(place.pack) }
        }
        return needs
    }

    /// Whether the object was reached, and this pack is where it is taken from.
    func isNeeded(_ object: ObjectID, from pack: Digest, condemned: Set<Digest>) -> Bool {
        guard let number = index.entryNumber(of: object), reached[Int(number)] else { return false }
        return place(of: number, condemned)?.pack == pack
    }

    private func place(of number: UInt32, _ condemned: Set<Digest>) -> PackLocation? {
        let places = index.locations(sharing: number, sealedBy: host)
        return places.first { !condemned.contains($0.pack) } ?? places.first
    }

    private static func broken(_ snapshot: Snapshot) -> RepositoryError {
        RepositoryError(
            .missingObject, "snapshot \(snapshot.id.hex.prefix(16)) refers to objects that no pack holds",
            hint: "nothing was deleted: find out with `drctl verify` what is lost, and remove the snapshot if it is")
    }
}

/// The links between all objects of a repository, as numbers of first entries in an index.
struct LinkTable {
    /// Stands for an object that the index does not know.
    static let unknown = UInt32.max

    private var links: [UInt32: [UInt32]] = [:]
    private var isChunk: [Bool]

    /// Reads the directory of every pack that the index knows. Of what a directory says of an object only that counts
    /// which its id vouches for: the id is a keyed digest over the links.
    /// - Throws: the first pack whose directory cannot be read: what is not known to be unneeded is not deleted.
    init(
        _ repository: Repository, index: ObjectIndex, listKey: ListKey, idKey: IDKey
    ) throws(RepositoryError) {
        isChunk = [Bool](repeating: false, count: index.objectCount)
        let storage = repository.storage
        let tables = ParallelWork.map(index.packNames) { pack throws(RepositoryError) in
            try PackHead(reading: pack, from: storage).entries(listKey).compactMap { entry -> (UInt32, [UInt32]?)? in
                guard let number = index.entryNumber(of: entry.link.id) else { return nil }
                guard entry.link.kind != .chunk else { return (number, nil) }
                guard let digest = entry.bodyDigest,
                    idKey.id(entry.link.kind, bodyDigest: digest, links: entry.links) == entry.link.id
                else { return nil }
                return (number, entry.links.map { index.entryNumber(of: $0.id) ?? Self.unknown })
            }
        }
        for table in tables {
            for (number, targets) in try table.get() {
                if let targets { links[number] = targets } else { isChunk[Int(number)] = true }
            }
        }
    }

    /// What an object links to; nil where no directory says so that its id vouches for.
    func targets(of number: UInt32) -> [UInt32]? { links[number] ?? (isChunk[Int(number)] ? [] : nil) }
}
