import DRJournal
import DRMachine

/// The journal on a disk that may lose, tear, reorder and corrupt what was not synced, and may lie about syncing.
///
/// A batch is one write, as `JournalWriter` makes it. In worlds whose journal is bytes, the file is written and read
/// by the journal room's own code; else whole batches are kept or lost, which is what that code makes of such a file.
struct SimulatedJournal {
    private struct Stored {
        var events: [JournaledEvent]
        var bytes: [UInt8]
        /// Whether it outlives a loss of power. It may not although a later batch does: the kernel drops pages
        /// that it failed to write, and says so only once.
        var isSafe = false
        /// The kernel failed to write it, and will not try again by itself.
        var isDropped = false
    }

    private let isBytes: Bool
    private let syncsLie: Bool
    private var batches: [Stored] = []
    private var last: CommitLine?

    init(isBytes: Bool, syncsLie: Bool) {
        self.isBytes = isBytes
        self.syncsLie = syncsLie
    }

    var head: JournalHead? {
        if isBytes { return last?.head }
        guard let event = batches.last?.events.last?.number else { return nil }
        return JournalHead(commit: batches.count, event: event, hash: CommitLine.genesis)
    }

    /// What one write appends; it is durable once `sync` says so.
    mutating func write(_ events: [JournaledEvent], epoch: Int) throws {
        var bytes: [UInt8] = []
        if isBytes {
            var batch = JournalBatch(after: events[0].number - 1)
            guard try batch.add(events) else { throw Violation(.totality, "a batch is larger than a batch may be") }
            (bytes, last) = batch.closed(after: last, epoch: epoch)
        }
        batches.append(Stored(events: events, bytes: bytes))
    }

    /// What fdatasync promises of everything written so far.
    mutating func sync(_ dice: inout Dice) {
        if syncsLie, dice.oneIn(3) { return }
        for index in batches.indices.reversed() {
            if batches[index].isSafe { break }
            batches[index].isSafe = !batches[index].isDropped
        }
    }

    /// A sync that fails: what it was for is dropped, and a later sync says nothing of it.
    mutating func failSync() {
        for index in batches.indices where !batches[index].isSafe { batches[index].isDropped = true }
    }

    /// The power goes: of what was not synced a part is left, and not always the first part.
    mutating func losePower(_ dice: inout Dice) {
        guard let first = batches.firstIndex(where: { !$0.isSafe }) else { return }
        let kept = first + dice.below(batches.count - first + 1)
        guard kept < batches.count else {
            for index in batches.indices { batches[index].isSafe = true }
            return
        }
        var bytes = isBytes ? batches[kept].bytes : []
        let wasLast = kept == batches.count - 1
        batches.removeSubrange(kept...)
        for index in batches.indices { batches[index].isSafe = true }
        guard wasLast, !bytes.isEmpty else { return }
        switch dice.below(4) {
        case 0: bytes.removeSubrange(dice.below(bytes.count)...)
        case 1:
            let hole = dice.below(bytes.count)
            for index in hole..<min(bytes.count, hole + 1 + dice.below(512)) { bytes[index] = 0 }
        case 2: bytes[dice.below(bytes.count)] ^= UInt8(1 << dice.below(8))
        default: return
        }
        if !bytes.isEmpty { batches.append(Stored(events: [], bytes: bytes, isSafe: true)) }
    }

    /// What a new runner reads, makes durable and goes on from; a torn end is set aside.
    /// - Parameter anchors: heads that were seen elsewhere.
    /// - Returns: nil when the journal cannot be believed.
    mutating func recover(
        anchors: [JournalHead], _ dice: inout Dice
    ) throws -> (events: [JournaledEvent], epoch: Int)? {
        guard isBytes else {
            let events = batches.flatMap(\.events)
            if anchors.contains(where: { $0.commit > batches.count }) { return nil }
            makeDurable(&dice)
            return (events, events.reversed().lazy.compactMap(\.event.startedEpoch).first ?? 0)
        }
        let contents: JournalContents
        do throws(JournalError) {
            contents = try JournalReader.contents(
                of: batches.flatMap(\.bytes), name: "journal.jsonl", anchors: anchors)
        } catch {
            if error.code == .notAuthentic { return nil }
            throw error
        }
        if contents.uncommitted != nil { batches.removeLast() }
        last = contents.lastCommit
        makeDurable(&dice)
        return (contents.events, contents.epoch)
    }

    /// The last batch is written once more, as the runner before may have failed to sync it.
    private mutating func makeDurable(_ dice: inout Dice) {
        if let last = batches.indices.last { batches[last].isDropped = false }
        sync(&dice)
    }
}

extension Event {
    var startedEpoch: Int? { if case .runnerStarted(let runner) = self { runner.epoch } else { nil } }
}
