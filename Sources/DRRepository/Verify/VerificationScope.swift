package import DRCrypto

/// Which snapshots a verification is about. What none of its fields says is everything that is stored, also what no
/// snapshot needs.
package struct VerificationScope: Hashable, Sendable {
    /// Snapshots of this dataset.
    package var dataset: String?
    /// These snapshots; empty for any.
    package var snapshots: Set<Digest>
    /// Snapshots that began then or later, in nanoseconds since 1970.
    package var since: Int64?

    package init(dataset: String? = nil, snapshots: Set<Digest> = [], since: Int64? = nil) {
        self.dataset = dataset
        self.snapshots = snapshots
        self.since = since
    }

    /// Whether it is everything that is stored.
    package var isEverything: Bool { dataset == nil && snapshots.isEmpty && since == nil }

    func contains(_ snapshot: Snapshot) -> Bool {
        (dataset == nil || snapshot.manifest.dataset == dataset)
            && (snapshots.isEmpty || snapshots.contains(snapshot.id))
            && (since.map { snapshot.manifest.startedNanoseconds >= $0 } ?? true)
    }
}

/// Finds the packs that some snapshots need by the links in the packs' directories: only directories of packs that hold
/// trees are read, and no content.
struct ScopeWalk {
    private let repository: Repository
    private let index: ObjectIndex
    private let keys: RepositoryKeys
    /// Links of the trees in each pack that was looked into; nil where its directory does not open.
    private var directories: [Digest: [ObjectID: [ObjectLink]]?] = [:]
    private var reached: [Bool]
    private(set) var packs = Set<Digest>()
    private(set) var faults: [RepositoryError] = []

    init(_ repository: Repository, index: ObjectIndex, keys: RepositoryKeys) {
        self.repository = repository
        self.index = index
        self.keys = keys
        reached = [Bool](repeating: false, count: index.objectCount)
    }

    /// Adds the packs of a snapshot. Where a part of it cannot be followed, that is a fault.
    mutating func follow(_ snapshot: Snapshot) {
        var open = [snapshot.manifest.root]
        var missing = 0
        while let link = open.popLast() {
            guard let number = index.entryNumber(of: link.id) else {
                missing += 1
                continue
            }
            guard !reached[Int(number)] else { continue }
            reached[Int(number)] = true
            let places = index.locations(sharing: number, sealedBy: snapshot.signer)
            guard let pack = (places.first ?? index.location(of: link.id))?.pack else { continue }
            packs.insert(pack)
            guard link.kind != .chunk, let links = links(of: link, in: pack) else { continue }
            open += links
        }
        if missing > 0 {
            faults.append(
                RepositoryError(
                    .missingObject,
                    "snapshot \(snapshot.id.hex.prefix(16)) refers to \(missing) objects that no index names",
                    hint: "an index, a log or a pack is missing: compare with a copy of the repository"))
        }
    }

    private mutating func links(of link: ObjectLink, in pack: Digest) -> [ObjectLink]? {
        if directories[pack] == nil { directories[pack] = .some(read(pack)) }
        guard let directory = directories[pack] ?? nil else { return nil }
        if let links = directory[link.id] { return links }
        faults.append(
            RepositoryError(
                .damaged, "the directory of pack \(pack) does not name an object that an index says is there",
                hint: "verify at level structure, which names everything of that kind"))
        return nil
    }

    private mutating func read(_ pack: Digest) -> [ObjectID: [ObjectLink]]? {
        do throws(RepositoryError) {
            var links: [ObjectID: [ObjectLink]] = [:]
            for entry in try PackHead(reading: pack, from: repository.storage).entries(keys.listKey)
            where entry.link.kind != .chunk && keys.vouches(for: entry) { links[entry.link.id] = entry.links }
            return links
        } catch {
            faults.append(error)
            return nil
        }
    }
}

extension RepositoryKeys {
    /// Whether an entry's id is the one that its links and the digest of its body give. A lister, who cannot tell,
    /// believes the directory.
    func vouches(for entry: PackEntry) -> Bool {
        guard let idKey = try? idKey, entry.link.kind != .chunk else { return true }
        guard let digest = entry.bodyDigest else { return false }
        return idKey.id(entry.link.kind, bodyDigest: digest, links: entry.links) == entry.link.id
    }
}
