package import DRCrypto

/// What the logs say of removal, folded over all of them. No order between logs is assumed: what is deleted is deleted
/// whoever's entry is read first.
package struct RemovalRecords: Sendable {
    /// A condemnation that was neither taken back nor carried out.
    package struct Condemnation: Hashable, Sendable {
        package let name: Digest
        package let by: SignerID
        package let counter: UInt64
        /// When the entry was written, by its signer's clock; for the grace period, never for safety.
        package let writtenNanoseconds: Int64
    }

    /// A deletion as far as it bears on what others published: the condemnation it carried out, and how far its
    /// signer had seen the others' logs when it found that nothing needed the file.
    private struct Deletion {
        let by: SignerID
        let counter: UInt64
        let condemnedAt: UInt64
        let heads: [SignerID: UInt64]
    }

    /// Open condemnations, by the name of what they condemn.
    package private(set) var condemned: [Digest: [Condemnation]] = [:]
    /// How many condemnations there ever were; it only grows.
    private(set) var condemnationCount = 0
    /// How much was deleted or removed; it only grows.
    package var count: Int { deleted.count + indexesDeleted.count + removed.count }
    /// What is deleted, or about to be.
    package private(set) var deleted = Set<Digest>()
    /// Index objects that are deleted, or about to be.
    package private(set) var indexesDeleted = Set<Digest>()
    /// Snapshots that were removed, and why.
    package private(set) var removed: [Digest: String] = [:]
    /// Snapshots that may not be removed, and why.
    package private(set) var pinned: [Digest: [String]] = [:]
    /// Acts that their signers may not do, or that fit no earlier one.
    private(set) var faults: [RepositoryError] = []
    private var deletions: [Deletion] = []

    /// - Parameter logs: of one domain.
    init(_ logs: [SignerLog], of repository: Repository) {
        var pins: [(snapshot: Digest, reason: String, by: SignerID, counter: UInt64)] = []
        var releases: [(snapshot: Digest, by: SignerID, counter: UInt64, heads: [SignerID: UInt64])] = []
        for log in logs where log.entries.contains(where: { $0.prune != nil || $0.holds != nil }) {
            guard repository.signer(log.signer, has: .pruner) else {
                faults.append(
                    RepositoryError(
                        .notAuthentic,
                        "\(repository.hostName(of: log.signer)) removed or pinned something, and is no pruner",
                        hint: "nothing of that was believed; only the owner makes a host a pruner"))
                continue
            }
            fold(log, host: repository.hostName(of: log.signer))
            for entry in log.entries {
                for pin in entry.holds?.pinned ?? [] {
                    pins.append((pin.snapshot, pin.reason, log.signer, entry.counter))
                }
                for release in entry.holds?.released ?? [] {
                    releases.append((release.snapshot, log.signer, entry.counter, Self.heads(entry)))
                }
            }
        }
        for pin in pins {
            let isReleased = releases.contains { release in
                release.snapshot == pin.snapshot
                    && (release.by == pin.by
                        ? release.counter > pin.counter : release.heads[pin.by, default: 0] >= pin.counter)
            }
            if !isReleased { pinned[pin.snapshot, default: []].append(pin.reason) }
        }
    }

    /// Takes up what was removed in another domain.
    mutating func formUnion(_ other: RemovalRecords) {
        condemned.merge(other.condemned) { $0 + $1 }
        condemnationCount += other.condemnationCount
        deleted.formUnion(other.deleted)
        indexesDeleted.formUnion(other.indexesDeleted)
        removed.merge(other.removed) { first, _ in first }
        pinned.merge(other.pinned) { $0 + $1 }
        deletions += other.deletions
    }

    private mutating func fold(_ log: SignerLog, host: String) {
        // By entry and name. A log is in order, so a deletion comes after its condemnation, and after a reprieve none.
        var open: [UInt64: [Digest: Condemnation]] = [:]
        for entry in log.entries {
            guard let prune = entry.prune else { continue }
            condemnationCount += prune.condemned.count
            for name in prune.condemned {
                open[entry.counter, default: [:]][name] = Condemnation(
                    name: name, by: log.signer, counter: entry.counter, writtenNanoseconds: entry.writtenNanoseconds)
            }
            for reprieve in prune.reprieved { open[reprieve.counter]?[reprieve.name] = nil }
            for deletion in prune.deleted {
                guard open[deletion.counter]?.removeValue(forKey: deletion.name) != nil else {
                    faults.append(
                        RepositoryError(
                            .notAuthentic,
                            "\(host) deleted \(deletion.name.hex.prefix(16)), which its log does not condemn",
                            hint: "the deletion was not believed; what is gone counts as lost"))
                    continue
                }
                deleted.insert(deletion.name)
                deletions.append(
                    Deletion(
                        by: log.signer, counter: entry.counter, condemnedAt: deletion.counter,
                        heads: Self.heads(entry)))
            }
            indexesDeleted.formUnion(prune.indexesDeleted)
            for removal in prune.snapshotsRemoved { removed[removal.snapshot] = removal.reason }
        }
        for condemnation in open.values.joined().map(\.value) {
            condemned[condemnation.name, default: []].append(condemnation)
        }
    }

    /// Whether nobody may refer to a pack any longer.
    package func isDoomed(_ pack: Digest) -> Bool { condemned[pack] != nil || deleted.contains(pack) }

    /// Whether a snapshot's publication may refer to something that is gone: something was deleted by one who had not
    /// seen the publication, after a condemnation that the publisher had not seen. Nobody was told that such a backup
    /// succeeded: its writer was stopped for longer than the grace period.
    func isVoid(_ publication: LogEntry) -> Bool {
        let seen = Self.heads(publication)
        return deletions.contains { deletion in
            if deletion.by == publication.signer {
                return false  // One log is in order: either saw the other.
            }
            return seen[deletion.by, default: 0] < deletion.condemnedAt
                && deletion.heads[publication.signer, default: 0] < publication.counter
        }
    }

    private static func heads(_ entry: LogEntry) -> [SignerID: UInt64] {
        Dictionary(entry.heads.map { ($0.signer, $0.counter) }) { max($0, $1) }
    }
}
