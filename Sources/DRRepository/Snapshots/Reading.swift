internal import DRCrypto
internal import Synchronization

extension Repository {
    /// What opens the repository's objects, over every index that the logs name.
    /// - Parameter local: where the host keeps a file of them; nil reads all index objects into memory.
    /// - Returns: the source, and what is wrong with index objects that could not be used.
    /// - Throws: `missingKey` with a writer's keys.
    package func reader(
        _ keys: RepositoryKeys, ledger: Ledger, local: LocalIndex? = nil
    ) throws(RepositoryError) -> (source: PackReader, faults: [RepositoryError]) {
        let idKey = try keys.idKey
        let (places, faults) = ObjectPlaces.load(
            self, ledger: ledger, listKey: keys.listKey, idKey: idKey, scope: .everybody, local: local)
        let seen = Mutex(ledger)
        let listKey = keys.listKey
        let source = PackReader(
            storage: storage, places: places, listKey: keys.listKey, idKey: idKey, keyring: try keyring(keys)
        ) { () throws(RepositoryError) in
            try seen.withLock { seen throws(RepositoryError) in
                let now = try seen.refreshed(self)
                guard now.heads != seen.heads else { return nil }
                let removed = now.removals.removed.keys.first { seen.removals.removed[$0] == nil }
                seen = now
                return PackReader.Reloaded(
                    places: ObjectPlaces.load(
                        self, ledger: now, listKey: listKey, idKey: idKey, scope: .everybody, local: local
                    ).places,
                    removed: removed)
            }
        }
        return (source, faults)
    }

    /// - Throws: `missingKey` with a writer's keys.
    func keyring(_ keys: RepositoryKeys) throws(RepositoryError) -> RunKeyring {
        guard keys.opensContent else {
            throw RepositoryError(
                .missingKey, "a writer identity opens no content",
                hint: "use the identity of a reader (an age identity or a passphrase)")
        }
        return RunKeyring(repository: id, domain: domain.name, epochs: keys.epochs)
    }

    /// The snapshots that the logs name.
    package func snapshots(_ keys: RepositoryKeys, ledger: Ledger) -> SnapshotCatalog {
        SnapshotCatalog(reading: self, ledger: ledger, listKey: keys.listKey)
    }
}
