package import DRCrypto
package import DRSystem

extension Repository {
    /// What became of the files that open a domain.
    package struct Destruction: Sendable {
        /// Key files that are gone from this storage.
        package var removed = 0
        /// Key files that could not be removed, and why: the domain can still be opened with them.
        package var left: [RepositoryError] = []
    }

    /// Gives up the domain's keys, so that nothing in it can be read any more: says so in the owner's chain, then removes
    /// every slot, host's file and writer secret. Only this storage is reached: copies of the key files elsewhere, and
    /// what readers took out of them, still open what they opened. Run again, it goes on.
    /// - Throws: `wrongKey` for another owner; `storageFailed` where key files cannot even be listed.
    package func destroyingDomain(
        reason: String?, ownerFile: SecretBytes, time: any TimeSource
    ) throws(RepositoryError) -> (repository: Repository, destruction: Destruction) {
        let owner = try owner(ownerFile)
        guard knowsItsSlots else {
            throw RepositoryError(
                .invalidArgument, "what opens domain \(domainName) lies in a place of its own; nothing was destroyed",
                hint: "name that with --slots or DRCTL_SLOTS")
        }
        var repository = self
        if config.destruction == nil {
            repository = try adding(
                .domainDestroyed(DomainDestruction(domain: domain.name, reason: reason)), owner, time)
        }
        var done = Destruction()
        let epochs = StoragePath("domains/\(domain.name)/epochs")
        for epoch in try storage.list(epochs) where epoch.isFolder {
            for file in try storage.list(StoragePath("\(epochs)/\(epoch.name)")) {
                do throws(RepositoryError) {
                    try storage.remove(StoragePath("\(epochs)/\(epoch.name)/\(file.name)"))
                    done.removed += 1
                } catch {
                    done.left.append(error)
                }
            }
        }
        return (repository, done)
    }
}
