internal import DRCrypto
internal import DRSystem
package import SystemPackage

/// A host's own copy of what a repository's index objects say: sorted, in a file, derived, and made anew whenever it does
/// not fit.
///
/// It is used where a repository holds so much that its index had better not be in memory. A verification does not use
/// it: it reads what the repository has.
package struct LocalIndex: Sendable {
    /// Below this many objects in memory no file is made.
    package static let fewObjects = 65_536

    private let folder: FilePath
    private let fewObjects: Int

    /// - Parameters:
    ///   - folder: of this user's; it need not be there.
    ///   - fewObjects: how many objects are kept in memory before a file is made of them.
    package init(in folder: FilePath, fewObjects: Int = LocalIndex.fewObjects) {
        self.folder = folder
        self.fewObjects = fewObjects
    }

    /// The file for a repository's objects of a scope. Whose signatures count is part of what it is bound to: where the
    /// owner revokes a host, it is made anew.
    func place(_ repository: Repository, _ idKey: IDKey, _ scope: ObjectIndex.Scope) -> SortedIndexPlace {
        var binding = repository.id.bytes
        for role in [HostRole.writer, .pruner] {
            binding.append(0)
            for key in repository.keys(having: [role]).map({ SignerID(of: $0).digest }).sorted() {
                binding += key.bytes
            }
        }
        let name: String
        switch scope {
        case .everybody: name = "objects.index"
        case .signer(let signer):
            name = "own-objects.index"
            binding += [1] + signer.digest.bytes
        }
        return SortedIndexPlace(
            path: folder.appending(name), seed: idKey.seed(for: "local index"), binding: Digest.of(binding))
    }

    /// Opens the file, brought up to date where much is new.
    /// - Parameter wanted: the index objects that count.
    /// - Returns: the file, or nil where there need be none; and what is wrong with index objects.
    func upToDate(
        _ place: SortedIndexPlace, wanted: [Ledger.Expected], without isGone: @escaping (Digest) -> Bool,
        read: @escaping @Sendable (Ledger.Expected) throws(RepositoryError) -> [IndexedPack]
    ) -> (file: SortedIndex?, covered: Set<Digest>, faults: [RepositoryError]) {
        var file = SortedIndex(place)
        var covered = (try? file?.covered()) ?? []
        // An index object that no log names any more took its packs with it: what is in the file is too much.
        if file == nil || !covered.isSubset(of: wanted.map(\.name)) {
            file = nil
            covered = []
        }
        let missing = wanted.filter { !covered.contains($0.name) }
        let news = missing.reduce(0) { $0 + $1.bytes / IndexedPack.objectBytes + Self.openingCost }
        guard news > max(fewObjects, (file?.objectCount ?? 0) / 8) else { return (file, covered, []) }
        var faults: [RepositoryError] = []
        do {
            try DurableFile.makeDirectory(at: folder, mode: 0o700)
            let builder = SortedIndexBuilder(place)
            if let file { try builder.add(file, without: isGone) }
            for start in stride(from: 0, to: missing.count, by: Self.objectsAtOnce) {
                let group = Array(missing[start..<min(missing.count, start + Self.objectsAtOnce)])
                for (expected, result) in zip(group, ParallelWork.map(group, read)) {
                    switch result {
                    case .success(let packs):
                        covered.insert(expected.name)
                        for pack in packs where !isGone(pack.name) { try builder.add(pack) }
                    case .failure(let error): faults.append(error)
                    }
                }
            }
            try builder.finish(covered: covered)
            return (SortedIndex(place), covered, faults)
        } catch {
            // A state directory that is full or read-only costs memory, not correctness.
            return (nil, [], [])
        }
    }

    /// What it costs to open an index object however small it is, in objects that are merged into a file meanwhile: a
    /// signature takes about 0.1 ms. Many small backups are a reason for a file too.
    private static let openingCost = 128

    /// Index objects in memory at a time; each names at most 256 packs.
    private static let objectsAtOnce = 2
}

extension ObjectPlaces {
    /// Where objects of a scope lie, by the index objects that the logs name.
    /// - Parameters:
    ///   - present: what lies in `packs/`, by name; objects of packs that are not there in full length are left out.
    ///     nil takes all.
    ///   - local: where the host keeps a file of them; nil reads all into memory.
    /// - Returns: the places, and what is wrong with index objects that could not be used; for readers the packs'
    ///   own directories take their place.
    static func load(
        _ repository: Repository, ledger: Ledger, listKey: ListKey, idKey: IDKey, scope: ObjectIndex.Scope,
        present: [String: Int]? = nil, local: LocalIndex?
    ) -> (places: ObjectPlaces, faults: [RepositoryError]) {
        let wanted = ObjectIndex.wanted(repository, ledger, scope)
        var file: SortedIndex?
        var covered = Set<Digest>()
        var faults: [RepositoryError] = []
        if let local {
            let signer: SignerID? = if case .signer(let signer) = scope { signer } else { nil }
            (file, covered, faults) = local.upToDate(
                local.place(repository, idKey, scope), wanted: wanted,
                without: { ledger.removals.deleted.contains($0) }
            ) { expected throws(RepositoryError) in
                let packs = try ObjectIndex.read(expected, repository, listKey)
                return if let signer { packs.filter { $0.host == signer } } else { packs }
            }
        }
        var gone = Set<UInt32>()
        if let base = file {
            do throws(RepositoryError) { gone = try Self.gone(base, ledger, present) } catch {
                (file, covered) = (nil, [])
            }
        }
        let failed = Set(faults.map(\.message))
        var recent = ObjectIndex.load(
            repository, wanted.filter { !covered.contains($0.name) }, ledger: ledger, listKey: listKey, scope: scope,
            present: present)
        faults += recent.faults.filter { !failed.contains($0.message) }
        if !faults.isEmpty, case .everybody = scope {
            let named = try? recent.index.packNames + Self.names(file)
            recent.index.addDirectories(
                of: ledger.packs, without: Set(named ?? []), in: repository, listKey)
        }
        return (ObjectPlaces(base: file, gone: gone, recent: recent.index), faults)
    }

    private static func names(_ base: SortedIndex?) throws(RepositoryError) -> [Digest] {
        var names: [Digest] = []
        try base?.forEachPackName { names.append($0) }
        return names
    }

    /// The numbers of the packs in a file that were deleted, or are not there in full length.
    private static func gone(
        _ base: SortedIndex, _ ledger: Ledger, _ present: [String: Int]?
    ) throws(RepositoryError) -> Set<UInt32> {
        var sizes: [Digest: Int] = [:]
        if present != nil {
            sizes = Dictionary(ledger.packs.map { ($0.name, $0.bytes) }) { first, _ in first }
        }
        var gone = Set<UInt32>()
        var number: UInt32 = 0
        try base.forEachPackName { name in
            if ledger.removals.deleted.contains(name) {
                gone.insert(number)
            } else if let present, present[name.hex] == nil || present[name.hex] != sizes[name] {
                gone.insert(number)
            }
            number += 1
        }
        return gone
    }
}

extension ObjectIndex {
    /// Where index objects are lost, the packs themselves say what is in them; whoever opens an object checks its id.
    /// What cannot be read of a pack is missed by whoever asks for it.
    fileprivate mutating func addDirectories(
        of packs: [Ledger.Expected], without named: Set<Digest>, in repository: Repository, _ listKey: ListKey
    ) {
        let missing = packs.filter { !named.contains($0.name) }
        let read = ParallelWork.map(missing) { expected throws(RepositoryError) in
            try IndexedPack(directoryOf: expected, in: repository, listKey)
        }
        for case .success(let pack) in read { add(pack) }
    }
}
