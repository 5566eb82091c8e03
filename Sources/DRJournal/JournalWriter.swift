package import DRMachine
import DRSystem
import Synchronization
package import SystemPackage

/// The one hand that appends to a run's journal. It holds the run's lock for as long as it lives.
///
/// All calls block: they belong on a thread of their own.
package final class JournalWriter: Sendable {
    private struct State: ~Copyable {
        var file: AppendFile
        var last: CommitLine?
        /// Why nothing is appended any more.
        var failure: JournalError?
    }

    private let state: Mutex<State>
    private let path: FilePath
    /// The epoch that commits are written under.
    package let epoch: Int

    private init(_ file: consuming AppendFile, path: FilePath, last: CommitLine?, epoch: Int) {
        state = Mutex(State(file: file, last: last))
        self.path = path
        self.epoch = epoch
    }

    /// What an opened journal held.
    package struct Opened: Sendable {
        package var writer: JournalWriter
        package var contents: JournalContents
        /// Where the bytes of an append that was cut short were moved to; nil when there were none.
        package var setAside: FilePath?
    }

    /// Makes the journal of a new run, with its first batch, under epoch 0, and lets go of it.
    ///
    /// Durable on return, provided the run's directory is.
    /// - Throws: `alreadyExists` where there is a journal.
    package static func create(at path: FilePath, mode: UInt32 = 0o600, first: JournalBatch) throws(JournalError) {
        var file: AppendFile
        do throws(SystemError) {
            file = try AppendFile(at: path, creatingWithMode: mode)
        } catch {
            if error.errno == .fileExists {
                throw JournalError(.alreadyExists, "there is a journal at \(displayEscaped(path.string)) already")
            }
            throw JournalError(error, while: "could not make the journal")
        }
        guard try journaling(nil, { () throws(SystemError) in try file.tryLock() }) else {
            throw held(by: nil, at: path)
        }
        let writer = JournalWriter(file, path: path, last: nil, epoch: 0)
        _ = try writer.append(first)
        try journaling { () throws(SystemError) in try DurableFile.syncDirectory(path.removingLastComponent()) }
    }

    /// Opens a journal to append to it under the next epoch: takes the run's lock, checks the chain, and sets
    /// aside what an append that was cut short left at its end. What it read is durable on return.
    /// - Parameters:
    ///   - anchors: heads that were seen outside the journal; a journal behind one of them is refused.
    ///   - known: what an earlier look found, which is not decoded again.
    /// - Throws: `heldByAnother` with the holder's name and host; `notAuthentic`, `unsupported`, `notFound`.
    ///   The journal is then as it was.
    package static func open(
        at path: FilePath, anchors: [JournalHead] = [], known: JournalContents? = nil
    ) throws(JournalError) -> Opened {
        var file: AppendFile
        do throws(SystemError) {
            file = try AppendFile(at: path)
        } catch {
            if error.errno == .noSuchFileOrDirectory { _ = try JournalReader.bytes(at: path) }
            throw JournalError(error, while: "could not open the journal")
        }
        guard try journaling(nil, { () throws(SystemError) in try file.tryLock() }) else {
            throw held(by: try? JournalReader.read(at: path).lastRunner, at: path)
        }
        let bytes = try JournalReader.bytes(at: path)
        let contents = try JournalReader.contents(
            of: bytes, name: path.string, anchors: anchors, known: known)
        var aside: FilePath?
        if let rest = contents.uncommitted {
            aside = try setAside(bytes[contents.committedBytes...], rest, of: &file, at: path)
        }
        // Whoever goes on acts upon what was read. The runner before may have died between a write and its sync, or
        // of a sync that failed; it wrote one batch then, and none before it was durable.
        let last = Array(bytes[contents.lastBatchStart..<contents.committedBytes])
        try journaling("could not make the journal durable") { () throws(SystemError) in
            try DurableFile.rewrite(last, at: Int64(contents.lastBatchStart), of: path)
        }
        let writer = JournalWriter(file, path: path, last: contents.lastCommit, epoch: contents.epoch + 1)
        return Opened(writer: writer, contents: contents, setAside: aside)
    }

    /// The last commit; nil in an empty journal.
    package var head: JournalHead? { state.withLock { $0.last?.head } }

    /// Appends the batch and its commit line by one write and one fdatasync. Durable on return.
    /// - Throws: `diskFull` when there is no space: the journal is unchanged and a later append may succeed.
    ///   `durabilityUnknown` after a failed sync, and from then on at every call: the kernel may have dropped the
    ///   pages and would report success the next time. `misuse` for a batch that does not follow the last one.
    package func append(_ batch: JournalBatch) throws(JournalError) -> JournalHead {
        try state.withLock { state throws(JournalError) in try append(batch, &state) }
    }

    private func append(_ batch: JournalBatch, _ state: inout State) throws(JournalError) -> JournalHead {
        if let failure = state.failure { throw failure }
        let lastEvent = state.last?.event ?? 0
        guard !batch.isEmpty, batch.after == lastEvent else {
            throw JournalError(
                .misuse, "a batch of events \(batch.after + 1) to \(batch.last) does not follow event \(lastEvent)")
        }
        let (bytes, commit) = batch.closed(after: state.last, epoch: epoch)
        let sizeBytes = state.file.sizeBytes
        do throws(SystemError) {
            try FaultPoint.reach("journal.beforeWrite")
            try state.file.append(bytes)
        } catch {
            try undo(error, backTo: sizeBytes, &state)
        }
        do throws(SystemError) {
            try FaultPoint.reach("journal.beforeSync")
            try state.file.sync()
            try FaultPoint.reach("journal.afterSync")
        } catch {
            throw fail(error, &state)
        }
        state.last = commit
        return commit.head
    }

    /// Takes back what a failed write left after the last commit, and throws what the caller is to hear.
    private func undo(
        _ cause: SystemError, backTo sizeBytes: Int64, _ state: inout State
    ) throws(JournalError) -> Never {
        do throws(SystemError) {
            try state.file.truncate(to: sizeBytes)
        } catch {
            throw fail(error, &state)
        }
        let full: Bool = [.noSpace, .diskQuotaExceeded, .fileTooLarge].contains(cause.errno)
        throw JournalError(
            full ? .diskFull : .inputOutput, "\(cause.message); the journal is unchanged",
            hint: full ? "free space, then run `drctl resume`" : cause.hint, cause: cause)
    }

    private func fail(_ cause: SystemError, _ state: inout State) -> JournalError {
        let failure = JournalError(
            .durabilityUnknown,
            "\(cause.message); the last events may or may not be durable, and nothing more is appended to \(displayEscaped(path.string))",
            hint:
                "look at the device and the kernel's log (`dmesg`), then run `drctl resume`, which reads what is there",
            cause: cause)
        state.failure = failure
        return failure
    }

    /// Moves bytes after the last commit to a file of their own, then cuts them off. Done again after a crash in
    /// between, it leads to the same file.
    private static func setAside(
        _ bytes: ArraySlice<UInt8>, _ rest: JournalContents.Uncommitted, of file: inout AppendFile, at path: FilePath
    ) throws(JournalError) -> FilePath {
        let name = "\(path.lastComponent?.string ?? "journal").aside-\(rest.events.lowerBound)-\(bytes.count)"
        let aside = path.removingLastComponent().appending(name)
        do throws(SystemError) {
            try DurableFile.replace(at: aside, with: Array(bytes))
            try FaultPoint.reach("journal.beforeTruncate")
            try file.truncate(to: Int64(bytes.startIndex))
            try file.sync()
        } catch {
            throw JournalError(error, while: "could not set the journal's uncommitted end aside")
        }
        return aside
    }

    private static func held(by runner: RunnerIdentity?, at path: FilePath) -> JournalError {
        let holder = runner.map { "the last one it names is pid \($0.pid) on \(displayEscaped($0.host))" }
        return JournalError(
            .heldByAnother,
            "a runner holds \(displayEscaped(path.string)) already\(holder.map { ": " + $0 } ?? "")",
            hint: "follow it with `drctl watch`, or wait until it has ended")
    }
}
