package import DRCrypto

/// All signers' logs together: what the repository should hold, of the domain that it was opened for.
package struct Ledger: Sendable {
    /// A file that a log says is there.
    package struct Expected: Hashable, Sendable {
        package let name: Digest
        package let bytes: Int
        package let signer: SignerID
    }

    private static let mostCatchUps = 4

    /// Of every domain: together they say what was seen.
    package private(set) var logs: [SignerLog] = []
    package private(set) var packs: [Expected] = []
    package private(set) var indexes: [Expected] = []
    package private(set) var snapshots: [Expected] = []
    /// What is condemned, deleted, removed and pinned.
    package private(set) var removals: RemovalRecords
    /// Snapshots whose writer was stopped before it knew whether they are whole: they do not count.
    package private(set) var voidSnapshots = Set<Digest>()
    /// Files that logs of other domains name, or named.
    package private(set) var filesOfOtherDomains = Set<Digest>()
    /// Faults of the logs, and logs that no host of the owner's signed.
    package private(set) var faults: [RepositoryError] = []

    /// Reads every log.
    /// - Throws: only where a listing fails; everything else is a fault.
    package init(reading repository: Repository) throws(RepositoryError) {
        try self.init(reading: repository, known: [])
    }

    /// What the logs say now: entries that are known already are not read again.
    /// - Throws: only where a listing fails.
    package func refreshed(_ repository: Repository) throws(RepositoryError) -> Ledger {
        try Ledger(reading: repository, known: logs)
    }

    private init(reading repository: Repository, known: [SignerLog]) throws(RepositoryError) {
        let present = try repository.storage.list(StorageFolder.logs.path).filter(\.isFolder)
        let signers = Set(repository.keys(having: HostRole.logging).map { SignerID(of: $0) })
        var faults: [RepositoryError] = []
        var logs: [SignerLog] = []
        for folder in present {
            guard let digest = Digest(hex: folder.name) else { continue }
            let signer = SignerID(digest)
            guard signers.contains(signer) else {
                faults.append(
                    RepositoryError(
                        .notAuthentic, "logs/\(signer) is of no host that the owner enrolled",
                        hint: "nothing in it was believed"))
                continue
            }
            let before = known.first { $0.signer == signer }
            logs.append(try SignerLog(reading: signer, of: repository, after: before))
        }
        try Self.catchUp(&logs, repository)
        self.logs = logs + known.filter { gone in !logs.contains { $0.signer == gone.signer } }
        removals = RemovalRecords([], of: repository)
        self.faults = faults + self.logs.flatMap(\.faults)
        // What is done in one domain bears on nothing in another.
        for domain in repository.domainNames {
            let logs = self.logs.filter { repository.domainName(of: $0.signer) == domain }
            let removals = RemovalRecords(logs, of: repository)
            self.faults += removals.faults
            fold(logs, removals)
            self.removals.formUnion(removals)
        }
        for log in self.logs where !repository.isAbout(log.signer) {
            for entry in log.entries {
                filesOfOtherDomains.formUnion(
                    (entry.packsAdded + entry.indexesAdded + entry.snapshotsAdded).map(\.name))
            }
        }
        compareHeads(repository)
    }

    package var heads: [LogEntry.SeenHead] { logs.compactMap(\.head).sorted { $0.signer < $1.signer } }

    /// Logs grow while they are read one after the other: what a later one saw of an earlier one is read now.
    private static func catchUp(_ logs: inout [SignerLog], _ repository: Repository) throws(RepositoryError) {
        for _ in 0..<mostCatchUps {
            var seen: [SignerID: UInt64] = [:]
            for head in logs.compactMap(\.entries.last).flatMap(\.heads) {
                seen[head.signer] = max(seen[head.signer, default: 0], head.counter)
            }
            let behind = logs.indices.filter { (logs[$0].head?.counter ?? 0) < seen[logs[$0].signer, default: 0] }
            guard !behind.isEmpty else { return }
            for index in behind {
                logs[index] = try SignerLog(reading: logs[index].signer, of: repository, after: logs[index])
            }
        }
    }

    private mutating func fold(_ logs: [SignerLog], _ removals: RemovalRecords) {
        var seen = Set<Expected>()
        for log in logs {
            for entry in log.entries {
                func expected(_ added: [LogEntry.Added], without gone: (Digest) -> Bool) -> [Expected] {
                    added.filter { !gone($0.name) }
                        .map { Expected(name: $0.name, bytes: $0.bytes, signer: log.signer) }
                        .filter { seen.insert($0).inserted }
                }
                packs += expected(entry.packsAdded) { removals.deleted.contains($0) }
                indexes += expected(entry.indexesAdded) {
                    removals.deleted.contains($0) || removals.indexesDeleted.contains($0)
                }
                let isVoid = !entry.snapshotsAdded.isEmpty && removals.isVoid(entry)
                if isVoid { voidSnapshots.formUnion(entry.snapshotsAdded.map(\.name)) }
                snapshots += expected(entry.snapshotsAdded) {
                    isVoid || removals.removed[$0] != nil || removals.deleted.contains($0)
                }
            }
        }
        // One publication that holds is enough.
        voidSnapshots.subtract(snapshots.map(\.name))
        voidSnapshots.subtract(removals.removed.keys)
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
        logs.first { $0.signer == head.signer }?.digest(of: head.counter) == head.entry
    }
}
