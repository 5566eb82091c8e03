internal import DRCrypto
package import DRSystem
internal import Synchronization

/// What was sealed anew, and what is left.
package struct ResealResult: Sendable {
    /// Packs whose objects are sealed to the newest epoch now. They are condemned, and deleted by a prune after the
    /// grace period.
    package internal(set) var resealed = PruneResult.Amount()
    package internal(set) var resealedInto = PruneResult.Amount()
    /// Packs that hold objects of compromised epochs still: they are too young, were not reached, or do not open.
    package internal(set) var left = PruneResult.Amount()
    /// Why packs could not be sealed anew.
    package internal(set) var problems: [RepositoryError] = []
}

extension Repository {
    /// Opens what is sealed to compromised epochs, as far as a snapshot needs it, and seals it to the newest. Names stay
    /// what they are, so snapshots and deduplication do. Each batch is durable, and in the log, before the next begins: a
    /// rerun takes up what is left.
    /// - Parameters:
    ///   - reader: opens the content.
    ///   - pruner: of a host with the role `pruner`, which alone may move what others sealed.
    ///   - graceNanoseconds: younger packs are left alone: a backup that runs may count on them.
    /// - Throws: `missingKey`; what keeps a prune from being decided; `noSpace`, `storageFailed`, `cancelled`.
    package func resealing(
        reader: RepositoryKeys, pruner: RepositoryKeys, graceNanoseconds: Int64 = PruneRequest().graceNanoseconds,
        time: any TimeSource, isCancelled: @escaping @Sendable () -> Bool = { false },
        progress: @escaping @Sendable (_ bytes: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(RepositoryError) -> ResealResult {
        var run = try ResealRun(self, reader: reader, pruner: pruner, time: time)
        try run.perform(grace: graceNanoseconds, isCancelled: isCancelled, progress: progress)
        return run.result
    }
}

/// One resealing under way.
private struct ResealRun {
    /// Packs after which the log says what was done.
    private static let batch = 16

    private let repository: Repository
    private let keys: RepositoryKeys
    private let keyring: RunKeyring
    private let log: LogWriter
    private let runID: RunID
    private let time: any TimeSource
    private let opener: PackOpener
    private(set) var result = ResealResult()

    init(
        _ repository: Repository, reader: RepositoryKeys, pruner: RepositoryKeys, time: any TimeSource
    ) throws(RepositoryError) {
        log = try repository.prunerLog(pruner, time: time)
        keyring = try repository.keyring(reader)
        keys = reader
        runID = try RunID()
        opener = try PackOpener()
        self.repository = repository
        self.time = time
    }

    mutating func perform(
        grace: Int64, isCancelled: () -> Bool, progress: (_ bytes: Int, _ total: Int) -> Void
    ) throws(RepositoryError) {
        var request = PruneRequest()
        request.graceNanoseconds = grace
        let view = try PruneView(
            repository, ledger: try Ledger(reading: repository), keys: keys, request: request, time: time)
        let compromised = Set(
            repository.config.epochs.filter { repository.config.state(of: $0) == .compromised }.map(\.record.number))
        let (due, young) = try packs(of: view, sealedTo: compromised)
        for pack in young { result.left.add(view.packs[pack]?.sizeBytes ?? 0) }
        let total = due.values.joined().reduce(0) { $0 + (view.packs[$1]?.sizeBytes ?? 0) }
        for (host, packs) in due.sorted(by: { $0.key < $1.key }) {
            for start in stride(from: 0, to: packs.count, by: Self.batch) {
                guard !isCancelled() else {
                    throw RepositoryError(.cancelled, "interrupted", hint: "run it again: it goes on where it ended")
                }
                try reseal(Array(packs[start...].prefix(Self.batch)), of: host, view)
                progress(result.resealed.bytes, total)
            }
        }
    }

    /// Needed packs with an object of one of these epochs, by host: those that are old enough, and the others.
    private func packs(
        of view: PruneView, sealedTo epochs: Set<UInt32>
    ) throws(RepositoryError) -> (due: [SignerID: [Digest]], young: [Digest]) {
        let storage = repository.storage
        let needed = view.index.packs.filter {
            view.needs.bytes[$0.name] != nil && !view.ledger.removals.isDoomed($0.name)
        }
        let heads = ParallelWork.map(needed) { pack throws(RepositoryError) in
            try PackHead(reading: pack.name, from: storage).origins.contains { epochs.contains($0.epoch) }
        }
        var due: [SignerID: [Digest]] = [:]
        var young: [Digest] = []
        for (pack, isSealed) in zip(needed, heads) where try isSealed.get() {
            let received = view.packs[pack.name]?.receivedNanoseconds ?? view.now
            if view.isOver(view.grace, since: received) {
                due[pack.host, default: []].append(pack.name)
            } else {
                young.append(pack.name)
            }
        }
        return (due.mapValues { $0.sorted() }, young)
    }

    private mutating func reseal(
        _ packs: [Digest], of host: SignerID, _ view: PruneView
    ) throws(RepositoryError) {
        guard let reach = view.reach[host] else { return }
        let condemned = Set(view.ledger.removals.condemned.keys)
        let finished = Mutex<[FinishedPack]>([])
        let pipeline = try repository.pipeline(for: host, run: runID, keys: keys) { pack in
            finished.withLock { $0.append(pack) }
        }
        var emptied: [Digest] = []
        do throws(RepositoryError) {
            for pack in packs {
                let objects: [NewObject]
                do throws(RepositoryError) {
                    objects = try open(pack) { reach.isNeeded($0.link.id, from: pack, condemned: condemned) }
                } catch {
                    guard error.code == .damaged || error.code == .missingPack || error.code == .missingKey else {
                        throw error
                    }
                    result.problems.append(error)
                    result.left.add(view.packs[pack]?.sizeBytes ?? 0)
                    continue
                }
                for object in objects { try pipeline.put(object) }
                emptied.append(pack)
            }
            try pipeline.finish()
        } catch {
            pipeline.cancel(error)
            throw error
        }
        let moved = finished.withLock(\.self)
        try PackReplacement(repository: repository, listKey: keys.listKey, log: log, run: runID).publish(
            "reseal", moved.map { IndexedPack($0, host: host) }, emptied: emptied)
        for pack in moved { result.resealedInto.add(pack.sizeBytes) }
        for pack in emptied { result.resealed.add(view.packs[pack]?.sizeBytes ?? 0) }
    }

    /// The objects of a pack that are wanted, each checked against its id: nothing is sealed anew that is not what it is
    /// called.
    private func open(_ name: Digest, _ isWanted: (PackEntry) -> Bool) throws(RepositoryError) -> [NewObject] {
        guard let bytes = try repository.storage.readAll(.pack(name), limitBytes: PackLayout.maximumPackBytes) else {
            throw PackHead.missing(name)
        }
        let head = try PackHead(name: name, sizeBytes: bytes.count, tail: bytes.span)
        var objects: [NewObject] = []
        for entry in try head.entries(keys.listKey) where isWanted(entry) {
            let origin = head.origins[Int(entry.origin)]
            let start = Int(entry.offsetBytes)
            let body = try opener.open(
                bytes.span.extracting(start..<(start + Int(entry.storedBytes))), entry: entry, salt: origin.salt,
                key: try keyring.packKey(origin, pack: name), idKey: try keys.idKey
            ) { $0.copied() }
            if let digest = entry.bodyDigest {
                objects.append(
                    NewObject(
                        entry.link.kind, name: NodeName(id: entry.link.id, bodyDigest: digest), body: body,
                        links: entry.links))
            } else {
                objects.append(NewObject(chunk: body, id: entry.link.id))
            }
        }
        return objects
    }
}
