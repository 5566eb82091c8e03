package import DRCrypto
internal import DRSystem
internal import Synchronization

/// From objects to stored packs, in stages on threads of their own with bounded queues between them:
///
///     callers (read, chunk, hash) → objects → workers (compress, seal) → full packs → writer (read back, store)
///
/// Two packs are open at a time and each object goes into one of them at random, so that the order of a file's
/// chunks does not show. The first error of any stage ends all of them and is thrown to whoever calls next.
package final class PackPipeline: ObjectSink {
    /// Plaintext that waits to be sealed.
    private static let queuedBytes = 6 << 20
    /// Two packs are open while a third is read back and stored.
    private static let mostBuffers = 3

    /// What the pipeline works with.
    package struct Settings: Sendable {
        package let storage: any Storage
        package let naming: any ObjectNaming
        package let listKey: ListKey
        package let runKey: RunKey
        package let sealedRunKey: [UInt8]
        /// zstd's level.
        package var level = 3
        package var workers = 2
        /// See `PackLayout.targetObjectBytes`; tests make smaller packs.
        package var targetObjectBytes = PackLayout.targetObjectBytes
    }

    private struct Item: Sendable {
        let object: NewObject
        let fingerprint: PackFingerprint
    }

    private struct Progress {
        var runningWorkers = 0
        var isWriterRunning = true
        var storedBytes = 0
    }

    package let naming: any ObjectNaming
    private let settings: Settings
    private let known: ObjectPlaces
    private let stored: @Sendable (FinishedPack) throws(RepositoryError) -> Void
    private let accepted = Mutex<Set<ObjectID>>([])
    /// Packs of `known` that were told to hold something, by number.
    private let relied = Mutex<Set<UInt32>>([])
    private let objects = BoundedQueue<Item>(capacity: PackPipeline.queuedBytes)
    private let fullPacks = BoundedQueue<OpenPack>(capacity: 1)
    private let open = Mutex<[OpenPack]>([])
    private let buffers = PackBufferPool(most: PackPipeline.mostBuffers)
    private let progress: Monitor<Progress>

    /// Starts the stages.
    /// - Parameters:
    ///   - known: what this writer stored before and may refer to again.
    ///   - stored: told of each pack that is durable, on the writer's thread; what it throws ends the stages.
    package init(
        _ settings: Settings, known: ObjectPlaces,
        stored: @escaping @Sendable (FinishedPack) throws(RepositoryError) -> Void
    ) throws(RepositoryError) {
        self.settings = settings
        self.known = known
        self.stored = stored
        naming = settings.naming
        progress = Monitor(Progress(runningWorkers: settings.workers))
        // Two packs, so that which of them an object is in says nothing about what came before it.
        let first = [try makePack(), try makePack()]
        open.withLock { $0 = first }
        for _ in 0..<settings.workers { BlockingThread.detach { self.work() } }
        BlockingThread.detach { self.write() }
    }

    package func contains(_ id: ObjectID) -> Bool {
        isKnown(id) || accepted.withLock { $0.contains(id) }
    }

    /// The packs stored before whose objects this run refers to.
    /// - Throws: `damaged` where the local index cannot say.
    package func reliedPacks() throws(RepositoryError) -> Set<Digest> {
        var packs = Set<Digest>()
        for number in relied.withLock({ $0 }) { packs.insert(try known.pack(number: number)) }
        return packs
    }

    private func isKnown(_ id: ObjectID) -> Bool {
        guard let pack = known.packNumber(of: id) else { return false }
        relied.withLock { _ = $0.insert(pack) }
        return true
    }

    @discardableResult
    package func put(_ object: consuming NewObject) throws(RepositoryError) -> Bool {
        let object = object
        guard object.body.count <= PackLayout.maximumObjectBytes else {
            throw RepositoryError(.internalFault, "\(object.kind) of \(object.body.count) bytes is too long to store")
        }
        if let failure = objects.failure { throw failure }
        guard !isKnown(object.id), accepted.withLock({ $0.insert(object.id).inserted }) else { return false }
        let weight = object.body.count + 512
        try objects.push(
            Item(object: object, fingerprint: PackFingerprint(of: object.body.span)), weight: weight)
        return true
    }

    /// Bytes of the packs stored so far.
    package var storedBytes: Int { progress.withLock { $0.storedBytes } }

    /// Seals and stores what is queued and open, and ends the stages. No object may be put afterwards.
    /// - Throws: the first error of any stage.
    package func finish() throws(RepositoryError) {
        objects.close()
        _ = progress.waiting(until: { $0.runningWorkers == 0 }) { _ in }
        if let failure = objects.failure {
            cancel(failure)
            throw failure
        }
        let rest = open.withLock { packs in
            defer { packs = [] }
            return packs
        }
        for pack in rest where pack.close() { try fullPacks.push(pack) }
        fullPacks.close()
        _ = progress.waiting(until: { !$0.isWriterRunning }) { _ in }
        buffers.empty()
        if let failure = fullPacks.failure ?? objects.failure { throw failure }
    }

    /// Ends the stages without storing what is not stored yet; returns when they have ended.
    package func cancel(_ reason: RepositoryError) {
        fail(reason)
        _ = progress.waiting(until: { $0.runningWorkers == 0 && !$0.isWriterRunning }) { _ in }
    }

    private func fail(_ error: RepositoryError) {
        objects.fail(error)
        fullPacks.fail(error)
        buffers.fail(error)
    }

    private func makePack() throws(RepositoryError) -> OpenPack {
        try OpenPack(
            settings.runKey, sealedRunKey: settings.sealedRunKey, buffer: try buffers.take(),
            targetObjectBytes: settings.targetObjectBytes)
    }

    /// One of the open packs, at random; one that is full is replaced first.
    private func choose(replacing full: OpenPack?) throws(RepositoryError) -> OpenPack {
        if let full {
            let fresh = try makePack()
            open.withLock { packs in
                if let index = packs.firstIndex(where: { $0 === full }) {
                    packs[index] = fresh
                } else {
                    // Another worker has replaced it already.
                    buffers.giveBack(fresh.buffer)
                }
            }
        }
        return open.withLock { $0[Int.random(in: 0..<$0.count)] }
    }

    private func work() {
        do throws(RepositoryError) {
            var sealer = try ObjectSealer(level: settings.level)
            while let item = objects.pop() {
                let complete = try sealer.seal(item.object, fingerprint: item.fingerprint) {
                    full throws(RepositoryError) in try choose(replacing: full)
                }
                if let complete { try fullPacks.push(complete) }
            }
        } catch {
            fail(error)
        }
        progress.withLock { $0.runningWorkers -= 1 }
        progress.signalAll()
    }

    private func write() {
        do throws(RepositoryError) {
            var closer = try PackCloser(listKey: settings.listKey)
            while let pack = fullPacks.pop() {
                let finished = try closer.close(pack)
                try pack.buffer.read(0..<finished.sizeBytes) { bytes throws(RepositoryError) in
                    try settings.storage.put(bytes, at: .pack(finished.name))
                }
                buffers.giveBack(pack.buffer)
                progress.withLock { $0.storedBytes += finished.sizeBytes }
                try stored(finished)
            }
        } catch {
            fail(error)
        }
        progress.withLock { $0.isWriterRunning = false }
        progress.signalAll()
    }
}
