internal import DRCrypto
internal import DRSystem
package import SystemPackage

/// What one verification read and found as it was written.
package struct ReadRecord: Codable, Hashable, Sendable {
    /// When it began, in nanoseconds since 1970: what was read was so at that time or later.
    package let startedNanoseconds: Int64
    package let packs: [PackRange]
}

/// When each pack was last read whole.
struct ReadHistory {
    /// In nanoseconds since 1970.
    private(set) var lastRead: [Digest: Int64] = [:]

    /// What hosts with the role `verifier` said in their logs: nobody else's word counts.
    init(_ ledger: Ledger, of repository: Repository) {
        let numbers = PackNumbers(ledger)
        for log in ledger.logs where repository.signer(log.signer, has: .verifier) {
            for verified in log.entries.compactMap(\.verified) where verified.readBytes {
                add(ReadRecord(startedNanoseconds: verified.startedNanoseconds, packs: verified.packs), numbers)
            }
        }
    }

    /// Snapshots of which verifiers have read every byte: those that one named, and those before whose publication the
    /// host, and any pruner, added no pack that is there now and was not read. So a verifier needs no keys.
    func verifiedSnapshots(_ ledger: Ledger, of repository: Repository) -> Set<Digest> {
        var verified = Set(
            ledger.logs.filter { repository.signer($0.signer, has: .verifier) }.flatMap(\.entries)
                .flatMap { $0.verified?.snapshots ?? [] })
        let isRead = { (entry: LogEntry) in
            entry.packsAdded.allSatisfy { lastRead[$0.name] != nil || ledger.removals.deleted.contains($0.name) }
        }
        let logs = ledger.logs.filter { repository.isAbout($0.signer) }
        let moved = logs.filter { repository.signer($0.signer, has: .pruner) }.flatMap(\.entries)
        guard ledger.logs.allSatisfy(\.faults.isEmpty), moved.allSatisfy(isRead) else { return verified }
        for log in logs {
            for entry in log.entries.prefix(while: isRead) { verified.formUnion(entry.snapshotsAdded.map(\.name)) }
        }
        return verified
    }

    mutating func add(_ record: ReadRecord, _ numbers: PackNumbers) {
        for pack in record.packs.flatMap({ numbers.packs(in: $0) }) {
            lastRead[pack] = max(lastRead[pack] ?? .min, record.startedNanoseconds)
        }
    }
}

extension LogEntry.Verified {
    /// Whether every byte of the packs was read.
    fileprivate var readBytes: Bool { VerificationLevel(rawValue: level)?.readsBytes ?? false }
}

/// How much of what is stored verifiers have read, and how long ago.
package struct ReadCoverage: Hashable, Sendable {
    package internal(set) var packsStored = 0
    package internal(set) var bytesStored = 0
    /// Of those, read and found good by a verifier, whenever that was.
    package internal(set) var packsRead = 0
    package internal(set) var bytesRead = 0
    /// How long the byte that waits longest has waited: since it was last read, or since it was stored if it never was.
    /// Nil where nothing is stored, or where no age is known.
    package internal(set) var oldestUnreadNanoseconds: Int64?
    /// Packs whose times are in the future: their ages are not known.
    package internal(set) var packsOfUnknownAge = 0

    /// Whether every byte was read, or stored, no longer ago than this.
    package func isWithin(_ limitNanoseconds: Int64) -> Bool {
        packsOfUnknownAge == 0 && (oldestUnreadNanoseconds ?? 0) <= limitNanoseconds
    }

    /// Two clocks may differ by this much.
    private static let mostSkewNanoseconds: Int64 = 60_000_000_000

    init() {}

    /// - Parameters:
    ///   - stored: when each pack was stored, at the latest.
    init(of packs: [Ledger.Expected], _ history: ReadHistory, stored: [Digest: Int64], now: Int64) {
        for pack in packs {
            packsStored += 1
            bytesStored += pack.bytes
            let read = history.lastRead[pack.name]
            if read != nil {
                packsRead += 1
                bytesRead += pack.bytes
            }
            let (age, overflows) = now.subtractingReportingOverflow(read ?? stored[pack.name] ?? .max)
            guard !overflows, age >= -Self.mostSkewNanoseconds else {
                packsOfUnknownAge += 1
                continue
            }
            oldestUnreadNanoseconds = max(oldestUnreadNanoseconds ?? 0, age)
        }
    }
}

/// What this host read without a name under which it could say so: it decides what is read next, and counts as
/// nothing else. One JSON array of `ReadRecord`, outside the repository.
package struct ReadRecordFile: Sendable {
    private static let mostBytes = 16 << 20
    private static let mostRecords = 400

    package let path: FilePath

    package init(at path: FilePath) { self.path = path }

    /// - Returns: nothing where the file is not there or not readable: then more is read again than had to be.
    package func read() -> [ReadRecord] {
        guard let bytes = try? DurableFile.read(at: path, limit: Self.mostBytes) else { return [] }
        return (try? JSON.decode([ReadRecord].self, from: bytes, name: "what this host read")) ?? []
    }

    /// Adds a record; the oldest go. Durable on return.
    /// - Throws: `storageFailed`.
    package func add(_ record: ReadRecord) throws(RepositoryError) {
        let bytes = try JSON.encode(Array((read() + [record]).suffix(Self.mostRecords)))
        do throws(SystemError) {
            try DurableFile.makeDirectory(at: path.removingLastComponent(), mode: 0o700)
            try DurableFile.replace(at: path, with: bytes, mode: 0o600)
        } catch {
            throw RepositoryError(
                .storageFailed, "what this host read could not be kept: \(error.message)", hint: error.hint ?? "",
                cause: error)
        }
    }
}
