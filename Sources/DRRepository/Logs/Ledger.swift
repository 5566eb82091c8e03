package import DRCrypto

/// All signers' logs together: what the repository should hold.
package struct Ledger: Sendable {
    /// A file that a log says is there.
    package struct Expected: Hashable, Sendable {
        package let name: Digest
        package let bytes: Int
        package let signer: SignerID
    }

    package let logs: [SignerLog]
    package private(set) var packs: [Expected] = []
    package private(set) var indexes: [Expected] = []
    package private(set) var snapshots: [Expected] = []
    /// Faults of the logs, and logs that no host of the owner's signed.
    package private(set) var faults: [RepositoryError] = []

    /// Reads every log.
    /// - Throws: only where a listing fails; everything else is a fault.
    package init(reading repository: Repository) throws(RepositoryError) {
        let present = try repository.storage.list(StorageFolder.logs.path).filter(\.isFolder)
        var logs: [SignerLog] = []
        for folder in present {
            guard let digest = Digest(hex: folder.name) else { continue }
            let signer = SignerID(digest)
            guard repository.keys(having: HostRole.logging).contains(where: { SignerID(of: $0) == signer }) else {
                faults.append(
                    RepositoryError(
                        .notAuthentic, "logs/\(signer) is of no host that the owner enrolled",
                        hint: "nothing in it was believed"))
                continue
            }
            logs.append(try SignerLog(reading: signer, of: repository))
        }
        self.logs = logs
        faults += logs.flatMap(\.faults)
        fold()
        compareHeads(repository)
    }

    package var heads: [LogEntry.SeenHead] { logs.compactMap(\.head).sorted { $0.signer < $1.signer } }

    private mutating func fold() {
        var seen = Set<Expected>()
        for log in logs {
            for entry in log.entries {
                func expected(_ added: [LogEntry.Added]) -> [Expected] {
                    added.map { Expected(name: $0.name, bytes: $0.bytes, signer: log.signer) }
                        .filter { seen.insert($0).inserted }
                }
                packs += expected(entry.packsAdded)
                indexes += expected(entry.indexesAdded)
                snapshots += expected(entry.snapshotsAdded)
            }
        }
    }

    /// What one signer saw of another's log must still be there.
    private mutating func compareHeads(_ repository: Repository) {
        for log in logs {
            for head in log.entries.flatMap(\.heads) where !holds(head) {
                faults.append(
                    RepositoryError(
                        .rolledBack,
                        "\(repository.hostName(of: log.signer)) saw entry \(head.counter) of the log of "
                            + "\(repository.hostName(of: head.signer)), which is gone or another",
                        hint: "the storage was rolled back, or somebody removed log entries"))
            }
        }
    }

    /// Whether the logs still hold an entry that was seen before.
    package func holds(_ head: LogEntry.SeenHead) -> Bool {
        guard let log = logs.first(where: { $0.signer == head.signer }),
            let index = log.entries.firstIndex(where: { $0.counter == head.counter })
        else { return false }
        return log.digests[index] == head.entry
    }
}
