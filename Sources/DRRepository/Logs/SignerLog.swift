package import DRCrypto

/// A signer's log as storage shows it: the entries that verify, and everything that is wrong with it.
package struct SignerLog: Sendable {
    package let signer: SignerID
    /// Those whose signature verifies, by counter.
    package private(set) var entries: [LogEntry] = []
    /// SHA-256 of each entry's file, beside `entries`.
    package private(set) var digests: [Digest] = []
    /// Gaps, forgeries, broken links, entries that could not be read.
    package private(set) var faults: [RepositoryError] = []

    private static let maximumEntryBytes = 16 << 20

    /// Reads a log. Faults are collected; nothing is thrown but a failed listing.
    /// - Parameter known: what was read of it before; of that nothing is read again, unless it had faults.
    package init(
        reading signer: SignerID, of repository: Repository, after known: SignerLog? = nil
    ) throws(RepositoryError) {
        self.signer = signer
        let keys = repository.keys(having: HostRole.logging).filter { SignerID(of: $0) == signer }
        let revocation = repository.config.revocation(of: signer)
        let names = try repository.storage.list(StoragePath("logs/\(signer)"))
        var expected: UInt64 = 1
        var previous: Digest?
        if let known, known.faults.isEmpty {
            entries = known.entries
            digests = known.digests
            expected = UInt64(known.entries.count) + 1
            previous = known.digests.last
        }
        let first = expected
        let counters = names.compactMap { StoragePath.number($0.name) }.filter { $0 >= first }.sorted()
        // Signatures cost the most, and each stands for itself; whether one entry follows another is seen in order.
        let opened = ParallelWork.map(counters) { counter throws(RepositoryError) in
            try Self.read(.log(signer, counter), repository, keys)
        }
        for (counter, result) in zip(counters, opened) {
            if counter != expected {
                faults.append(
                    RepositoryError(
                        .notAuthentic,
                        "the log of \(repository.hostName(of: signer)) lacks entries \(expected) to \(counter - 1)",
                        hint: "somebody removed them, or a copy of the repository is incomplete"))
                previous = nil
            }
            do throws(RepositoryError) {
                let path = StoragePath.log(signer, counter)
                let (entry, digest) = try result.get()
                let isLinked = counter == expected ? entry.previous == previous : true
                guard entry.counter == counter, entry.signer == signer, isLinked else {
                    throw RepositoryError(.notAuthentic, "\(path) does not follow the entry before it")
                }
                try Self.check(entry, digest, revocation, path)
                previous = digest
                entries.append(entry)
                digests.append(digest)
            } catch {
                faults.append(error)
                previous = nil
            }
            expected = counter + 1
        }
        if let revocation, expected <= revocation.counter {
            faults.append(
                RepositoryError(
                    .rolledBack,
                    "the log of \(revocation.name) lacks entries \(expected) to \(revocation.counter), which were there "
                        + "when the host was revoked",
                    hint: "the storage was rolled back, or somebody removed log entries"))
        }
    }

    /// A revoked host's entries count up to the one that the owner named, and that one is as the owner saw it.
    private static func check(
        _ entry: LogEntry, _ digest: Digest, _ revocation: HostRevocation?, _ path: StoragePath
    ) throws(RepositoryError) {
        guard let revocation else { return }
        if entry.counter > revocation.counter {
            throw RepositoryError(
                .notAuthentic,
                "\(path) was signed with the key of \(revocation.name), which is revoked from entry "
                    + "\(revocation.counter + 1) on",
                hint: "nothing in it was believed")
        }
        if entry.counter == revocation.counter, digest != revocation.entry {
            throw RepositoryError(
                .notAuthentic, "\(path) is another than the owner saw when \(revocation.name) was revoked")
        }
    }

    /// How far the log goes; nil for an empty one.
    package var head: LogEntry.SeenHead? {
        guard let entry = entries.last, let digest = digests.last else { return nil }
        return LogEntry.SeenHead(signer: signer, counter: entry.counter, entry: digest)
    }

    /// The digest of the entry of a number, where the log has it.
    package func digest(of counter: UInt64) -> Digest? {
        // Entries count from 1 on, except in a log with gaps.
        let likely = Int(clamping: counter) - 1
        if entries.indices.contains(likely), entries[likely].counter == counter { return digests[likely] }
        return entries.firstIndex { $0.counter == counter }.map { digests[$0] }
    }

    /// Reads an entry's file, checks who signed it, and takes its SHA-256.
    private static func read(
        _ path: StoragePath, _ repository: Repository, _ keys: [Ed25519.PublicKey]
    ) throws(RepositoryError) -> (entry: LogEntry, digest: Digest) {
        guard let bytes = try repository.storage.readAll(path, limitBytes: maximumEntryBytes) else {
            throw RepositoryError(.notAuthentic, "\(path) went while the log was read")
        }
        let entry = try SignedStatement.open(
            bytes, as: .log, LogEntry.self, trusting: keys, name: path.text
        ).value
        guard entry.schema == LogEntry.schema else {
            throw RepositoryError(.unsupportedFormat, "\(path) has format \(entry.schema)", hint: "use a newer drctl")
        }
        guard entry.repository == repository.id else {
            throw RepositoryError(.notAuthentic, "\(path) belongs to another repository")
        }
        return (entry, Digest.of(bytes))
    }
}
