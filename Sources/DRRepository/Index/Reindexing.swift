internal import DRCrypto
package import DRSystem

/// What a reindexing did.
package struct ReindexResult: Sendable {
    /// Index objects that the logs name and that do not open; what is wrong with each.
    package var lost: [RepositoryError] = []
    /// Packs that no index object named any longer, and that one names now.
    package var packs = 0
    package var objects = 0
    /// Packs that could not be indexed, and why.
    package var problems: [RepositoryError] = []
}

extension Repository {
    /// Makes new index objects for packs whose index objects are lost or damaged, from the packs' own directories, and
    /// says in the pruner's log that they take the place of those. Opens no content. Durable on return.
    ///
    /// A directory is believed after its whole pack had the SHA-256 by which its writer's log names it, so that nobody
    /// can slip in what the writer did not write.
    /// - Parameters:
    ///   - keys: with the signing key of a host that has the role `pruner`: only a pruner says where others' objects lie.
    ///   - isTrial: finds out what there is to do, and does nothing.
    /// - Throws: `missingKey` for any other identity; faults of the logs; `heldByAnother`, `noSpace`, `storageFailed`.
    package func reindex(
        keys: RepositoryKeys, isTrial: Bool = false, time: any TimeSource
    ) throws(RepositoryError) -> ReindexResult {
        try Reindexing(repository: self, keys: keys, log: prunerLog(keys, time: time)).perform(isTrial: isTrial)
    }
}

/// One reindexing under way.
struct Reindexing {
    private static let attempts = 16

    let repository: Repository
    let keys: RepositoryKeys
    let log: LogWriter

    func perform(isTrial: Bool) throws(RepositoryError) -> ReindexResult {
        let ledger = try Ledger(reading: repository)
        if let fault = ledger.faults.first { throw fault }
        var result = ReindexResult()
        var lost: [Digest] = []
        var named = Set<Digest>()
        for expected in ledger.indexes {
            do throws(RepositoryError) {
                for pack in try ObjectIndex.read(expected, repository, keys.listKey) { named.insert(pack.name) }
            } catch {
                // What could not be read may be there: nothing takes its place.
                guard error.code != .storageFailed else { throw error }
                lost.append(expected.name)
                result.lost.append(error)
            }
        }
        var indexed: [IndexedPack] = []
        for expected in ledger.packs where !named.contains(expected.name) {
            do throws(RepositoryError) {
                indexed.append(try pack(expected))
                named.insert(expected.name)
            } catch {
                guard error.code != .storageFailed else { throw error }
                result.problems.append(error)
            }
        }
        result.packs = indexed.count
        result.objects = indexed.reduce(0) { $0 + $1.objects.count }
        if !isTrial, !lost.isEmpty || !indexed.isEmpty { try publish(indexed, insteadOf: lost) }
        return result
    }

    /// What a pack's own directory says.
    private func pack(_ expected: Ledger.Expected) throws(RepositoryError) -> IndexedPack {
        let check = PackVerifier(storage: repository.storage, keys: nil)
            .checkStored(expected, at: .pack(expected.name))
        if let finding = check.findings.first { throw finding.error }
        return try IndexedPack(directoryOf: expected, in: repository, keys.listKey) { keys.vouches(for: $0) }
    }

    private func publish(_ packs: [IndexedPack], insteadOf lost: [Digest]) throws(RepositoryError) {
        let run = try RunID()
        let context = RunContext(
            repository: repository.id, domain: repository.domain.name, epoch: try repository.config.newest.number,
            run: run, host: log.signer)
        let indexes = try IndexObject.store(
            packs, context: context, listKey: keys.listKey, signedBy: log.key, in: repository.storage)
        var replaced = LogEntry.Prune()
        replaced.indexesDeleted = lost
        for _ in 0..<Self.attempts {
            let stored = try log.append("reindex", run: run, after: try Ledger(reading: repository)) { entry in
                entry.indexesAdded = indexes
                entry.prune = replaced
            }
            guard stored != nil else { continue }
            for name in lost { try repository.storage.remove(.index(name)) }
            return
        }
        throw RepositoryError(
            .heldByAnother, "others write with the same identity", hint: "let them end, and run it again")
    }
}

extension IndexedPack {
    /// What a pack's own directory says, where no index does.
    /// - Parameter vouches: whether an entry's id is that of what it describes; readers find out when they open it.
    init(
        directoryOf expected: Ledger.Expected, in repository: Repository, _ listKey: ListKey,
        vouches: (PackEntry) -> Bool = { _ in true }
    ) throws(RepositoryError) {
        func unusable(_ reason: String) -> RepositoryError {
            RepositoryError(
                .damaged, "pack \(expected.name) cannot be indexed: \(reason)",
                hint: "\(repository.hostName(of: expected.signer)) stored it: find out what wrote it")
        }
        let head = try PackHead(reading: expected.name, from: repository.storage)
        guard let host = head.origins.first?.host, head.origins.allSatisfy({ $0.host == host }) else {
            throw unusable("it holds objects of several hosts")
        }
        guard host == expected.signer || repository.signer(expected.signer, has: .pruner) else {
            throw unusable("it holds objects of another host than the one that stored it")
        }
        var objects: [Object] = []
        var offset = PackLayout.magic.count
        for entry in try head.entries(listKey).sorted(by: { $0.offsetBytes < $1.offsetBytes }) {
            guard vouches(entry), Int(entry.offsetBytes) == offset else {
                throw unusable("its directory is not what a writer makes")
            }
            offset += Int(entry.storedBytes)
            objects.append(
                Object(link: entry.link, storedBytes: entry.storedBytes, plaintextBytes: entry.plaintextBytes))
        }
        self.init(name: expected.name, sizeBytes: head.sizeBytes, host: host, objects: objects)
    }
}
