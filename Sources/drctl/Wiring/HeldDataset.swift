import DRCrypto
import DRRepository
import DRSystem
import SystemPackage

/// A dataset that this process alone writes to on this host, as long as the value lives.
struct HeldDataset: ~Copyable {
    /// The folder of the state directory that belongs to the dataset.
    let place: FilePath
    private let lock: FileLock

    fileprivate init(at place: FilePath, _ lock: consuming FileLock) {
        self.place = place
        self.lock = lock
    }
}

extension RepositoryOptions {
    /// - Throws: `backup.running` where another process holds the dataset.
    func hold(dataset: String, of repository: Repository) throws -> HeldDataset {
        let isFirst = repository.domainName == NewRepository.domainName
        let name = isFirst ? dataset : "\(repository.domainName)\0\(dataset)"
        let place = try stateFolder(of: repository).appending(String(Digest.of(name).hex.prefix(32)))
        try DurableFile.makeDirectory(at: place, mode: 0o700)
        guard let lock = try FileLock.tryAcquire(at: place.appending("lock")) else {
            throw Failure(
                exit: .heldByAnother, code: "backup.running",
                message: "another backup of dataset \(displayEscaped(dataset)) is running on this host",
                hint: "wait until it has ended")
        }
        return HeldDataset(at: place, lock)
    }
}
