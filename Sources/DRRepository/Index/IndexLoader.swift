internal import DRCrypto

extension ObjectIndex {
    /// Which entries count.
    package enum Scope: Sendable {
        /// Every enrolled signer's: for readers, who check each object's id anyway.
        case everybody
        /// Only what this signer sealed, in its own packs and in those that a pruner moved it to: a writer refers to
        /// nothing that another sealed under a valid id.
        case signer(SignerID)
    }

    /// Loads the index objects that the logs name, several at a time.
    /// - Parameter present: what lies in `packs/`, by name; objects of packs that are not there in full length are left
    ///   out. nil takes all.
    /// - Returns: the index, and what is wrong with objects that could not be used.
    package static func load(
        _ repository: Repository, ledger: Ledger, listKey: ListKey, scope: Scope,
        present: [String: Int]? = nil
    ) -> (index: ObjectIndex, faults: [RepositoryError]) {
        load(
            repository, wanted(repository, ledger, scope), ledger: ledger, listKey: listKey, scope: scope,
            present: present)
    }

    /// The index objects that count for a scope.
    static func wanted(_ repository: Repository, _ ledger: Ledger, _ scope: Scope) -> [Ledger.Expected] {
        ledger.indexes.filter { expected in
            if case .signer(let signer) = scope {
                expected.signer == signer || repository.signer(expected.signer, has: .pruner)
            } else {
                true
            }
        }
    }

    /// Loads these index objects, as `load(_:ledger:listKey:scope:present:)` does.
    static func load(
        _ repository: Repository, _ wanted: [Ledger.Expected], ledger: Ledger, listKey: ListKey, scope: Scope,
        present: [String: Int]?
    ) -> (index: ObjectIndex, faults: [RepositoryError]) {
        let loaded = ParallelWork.map(wanted) { expected throws(RepositoryError) in
            try read(expected, repository, listKey)
        }
        var index = ObjectIndex()
        var faults: [RepositoryError] = []
        for result in loaded {
            switch result {
            case .success(let packs):
                for pack in packs where !ledger.removals.deleted.contains(pack.name) {
                    if let present, present[pack.name.hex] != pack.sizeBytes { continue }
                    if case .signer(let signer) = scope, pack.host != signer { continue }
                    index.add(pack)
                }
            case .failure(let error): faults.append(error)
            }
        }
        return (index, faults)
    }

    /// Reads an index object.
    static func read(
        _ expected: Ledger.Expected, _ repository: Repository, _ listKey: ListKey
    ) throws(RepositoryError) -> [IndexedPack] {
        let path = StoragePath.index(expected.name)
        guard let bytes = try repository.storage.readAll(path, limitBytes: IndexObject.maximumBytes) else {
            throw RepositoryError(
                .missingObject, "index \(expected.name), which a log names, is gone",
                hint: "a pruner makes it again from the packs: `drctl repo reindex`")
        }
        let keys = repository.keys(having: HostRole.storing).filter { SignerID(of: $0) == expected.signer }
        let packs = try IndexObject.open(
            bytes, name: expected.name, repository: repository.id, listKey: listKey, trusting: keys
        ).packs
        // Only a pruner moves what others sealed.
        guard
            packs.allSatisfy({ $0.host == expected.signer }) || repository.signer(expected.signer, has: .pruner)
        else {
            throw RepositoryError(
                .notAuthentic,
                "index \(expected.name) of \(repository.hostName(of: expected.signer)) names packs of other hosts")
        }
        return packs
    }
}
