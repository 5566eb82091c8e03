internal import DRArchive
internal import DRSystem
internal import SystemPackage

/// Restores snapshots.
package struct Restore: Sendable {
    /// Further failures are counted, and no longer listed.
    package static let mostFailuresListed = 1000

    private let source: any ObjectSource

    /// Restores what `source` opens.
    package init(from source: any ObjectSource) { self.source = source }

    /// Restores a snapshot: directories first, then content out of order, pack by pack, on several threads; modes and
    /// times of directories at the end; then one sync of the file system. Blocks; run it on a thread of its own.
    ///
    /// The source has checked every byte's id before it is written. To compare what the disk then holds with the
    /// snapshot, run ``RestoreCheck``.
    ///
    /// - Returns: when everything that could be restored is on the device. What could not is in the result.
    /// - Throws: when nothing can be restored (the top of the tree is unreadable, the target cannot be used), the disk
    ///   is full, the final sync fails, or the restore is cancelled. The target then keeps its staging folder, and the
    ///   same call takes it up.
    package func run(
        _ request: RestoreRequest, isCancelled: @escaping @Sendable () -> Bool = { false },
        progress: @escaping @Sendable (RestoreProgress) -> Void = { _ in }
    ) throws(RepositoryError) -> RestoreResult {
        let reader = TreeReader(source: source)
        let root = try reader.root(request.root)
        let target = try RestoreTarget(request, avoiding: try Self.topNames(root, request, reader))
        let ledger = RestoreLedger()
        var planner = RestorePlanner(target: target, reader: reader, ledger: ledger)
        try planner.plan(root)
        var plan = planner.plan
        let batches = try plan.batches(from: source)
        let writer = RestoreWriter(plan: plan, target: target, ledger: ledger)
        try writer.writeEmptyFiles()
        let crew = RestoreCrew(
            batches: batches, source: source, writer: writer, isCancelled: isCancelled,
            progress: { progress(ledger.counts) })
        try crew.run(threads: request.threads)
        let finish = RestoreFinish(plan: plan, target: target, ledger: ledger)
        finish.linkNames(where: writer.isFinished)
        try finish.closeDirectories(where: writer.isFinished)
        progress(ledger.counts)
        return RestoreResult(
            counts: ledger.counts, failures: ledger.failures, conditions: ledger.conditions,
            wasResumed: target.wasResumed)
    }
}

extension Restore {
    /// The names that the snapshot puts into the target itself.
    private static func topNames(
        _ root: TreeRoot, _ request: RestoreRequest, _ reader: TreeReader
    ) throws(RepositoryError) -> Set<FileName> {
        var names = Set<FileName>()
        for source in root.sources {
            let components = TreeRoot.components(ofAbsolute: source.path) ?? []
            if let first = components.first, !request.layout.isContents(of: root) {
                names.insert(first)
            } else if case .directory(let link) = source.content {
                // What is lost of the list the planner reports.
                for entry in (try? reader.entries(of: link)) ?? [] { names.insert(entry.name) }
            }
        }
        return names
    }
}

/// The threads of a restore: each takes the next pack's batch until none is left.
final class RestoreCrew: Sendable {
    private struct State {
        var next = 0
        var running = 0
        var error: RepositoryError?
    }

    private let batches: [RestoreBatch]
    private let source: any ObjectSource
    private let writer: RestoreWriter
    private let isCancelled: @Sendable () -> Bool
    private let progress: @Sendable () -> Void
    private let state = Monitor(State())

    init(
        batches: [RestoreBatch], source: any ObjectSource, writer: RestoreWriter,
        isCancelled: @escaping @Sendable () -> Bool, progress: @escaping @Sendable () -> Void
    ) {
        self.batches = batches
        self.source = source
        self.writer = writer
        self.isCancelled = isCancelled
        self.progress = progress
    }

    /// Works until all batches are done or one thread met an error that ends the restore.
    func run(threads: Int) throws(RepositoryError) {
        let helpers = max(0, min(threads, batches.count) - 1)
        state.withLock { $0.running = helpers }
        for _ in 0..<helpers {
            BlockingThread.detach { [self] in
                work()
                state.withLock { $0.running -= 1 }
                state.signalAll()
            }
        }
        work()
        let error = state.waiting(until: { $0.running == 0 }) { $0.error } ?? nil
        if let error { throw error }
    }

    private func work() {
        let desk = RestoreWriter.Desk()
        while let batch = nextBatch() {
            do throws(RepositoryError) { try restore(batch, desk) } catch {
                state.withLock { state in if state.error == nil { state.error = error } }
            }
            progress()
        }
    }

    private func nextBatch() -> RestoreBatch? {
        state.withLock { state in
            guard state.error == nil, state.next < batches.count else { return nil }
            state.next += 1
            return batches[state.next - 1]
        }
    }

    private func restore(_ batch: RestoreBatch, _ desk: RestoreWriter.Desk) throws(RepositoryError) {
        var chunks: [ObjectID: RestoreBatch.Chunk] = [:]
        for chunk in batch.chunks { chunks[chunk.link.id] = chunk }
        // Taken out while it is lent; put back to be used again.
        var buffer: [UInt8] = []
        swap(&buffer, &desk.buffer)
        defer { swap(&buffer, &desk.buffer) }
        try source.lend(
            batch.chunks.map(\.link), reusing: &buffer,
            use: { link, content throws(RepositoryError) in
                if isCancelled() { throw RepositoryError(.cancelled, "the restore was cancelled") }
                if let chunk = chunks[link.id] { try writer.write(chunk, content, desk) }
            },
            lost: { link, error throws(RepositoryError) in
                if isCancelled() { throw RepositoryError(.cancelled, "the restore was cancelled") }
                if let chunk = chunks[link.id] { writer.lose(chunk, error) }
            })
    }
}
