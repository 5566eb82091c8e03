package import DRMachine
import DRParallel
import DRSystem
package import SystemPackage

/// Reads journals; changes nothing, takes no lock, and may be used while a runner appends.
package enum JournalReader {
    /// Larger files are refused rather than read into memory.
    static let byteLimit = 4 << 30

    /// The journal's committed events.
    ///
    /// Bytes after the last commit that an append may have left are reported as `uncommitted` and ignored.
    /// - Parameter anchors: heads that were seen outside the journal (by supervisors, in a record): each has to be
    ///   one of its commits.
    /// - Throws: `notFound`; `notAuthentic` with the event's number; `unsupported` for an event that is whole but
    ///   of a kind this drctl does not know; `inputOutput`.
    package static func read(
        at path: FilePath, anchors: [JournalHead] = []
    ) throws(JournalError) -> JournalContents {
        try contents(of: try bytes(at: path), name: path.string, anchors: anchors)
    }

    /// As `read`, and nothing may follow the last commit, nor be missing from a run that is said to end at `head`.
    ///
    /// Without a head, a journal that was cut at a commit's border looks whole: `JournalFormat` says so.
    /// - Parameter head: the last commit, as told by a record, a bundle or a supervisor.
    package static func verify(at path: FilePath, head: JournalHead? = nil) throws(JournalError) -> JournalContents {
        let contents = try read(at: path, anchors: head.map { [$0] } ?? [])
        if let rest = contents.uncommitted {
            throw notAuthentic(path.string, rest.events, rest.reason)
        }
        if let head, let own = contents.head, own != head {
            throw notAuthentic(
                path.string, (head.event + 1)...max(head.event + 1, own.event),
                "the journal goes on after commit \(head.commit), which is said to be its last")
        }
        return contents
    }

    /// The last commit as the file's end tells it, without looking at anything before: whether a journal is still the one
    /// that somebody has read.
    /// - Returns: nil where the file does not end with a commit.
    package static func lastHead(at path: FilePath) throws(JournalError) -> JournalHead? {
        let end = try journaling("could not read the journal") { () throws(SystemError) in
            try DurableFile.readEnd(of: path, byteCount: 1024)
        }
        let lines = end.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // The file ends with a line feed.
        guard lines.count > 2, lines.last?.isEmpty == true else { return nil }
        return CommitLine(lines[lines.count - 2])?.head
    }

    static func bytes(at path: FilePath) throws(JournalError) -> [UInt8] {
        do throws(SystemError) {
            return try DurableFile.read(at: path, limit: byteLimit)
        } catch {
            if error.errno == .noSuchFileOrDirectory {
                throw JournalError(
                    .notFound, "there is no journal at \(displayEscaped(path.string))",
                    hint: "check the run's id and the state directory (`--state`)", cause: error)
            }
            throw JournalError(error, while: "could not read the journal")
        }
    }

    /// As `read`, of bytes that are in memory already.
    /// - Parameters:
    ///   - name: what errors call them.
    ///   - known: what an earlier look at the same journal found. The chain covers every byte before a commit, so what
    ///     lies before one that is known is not decoded again.
    package static func contents(
        of bytes: [UInt8], name: String, anchors: [JournalHead] = [], known: JournalContents? = nil
    ) throws(JournalError) -> JournalContents {
        let chain = JournalChain(bytes)
        let fault = chain.tail.map { exact($0.fault, in: bytes, after: chain) }
        if let fault, chain.tail?.canBeTorn == false { throw notAuthentic(name, fault.events, fault.reason) }
        var contents = JournalContents()
        if let known, let head = known.head, known.commits.count <= chain.batches.count,
            chain.batches[known.commits.count - 1].commit.head == head
        {
            contents = known
            contents.uncommitted = nil
        }
        contents.committedBytes = chain.committedBytes
        let fresh = chain.batches[contents.commits.count...]
        var decoded = try decode(fresh, in: bytes, name: name)[...]
        contents.events.reserveCapacity(contents.events.count + decoded.count)
        for batch in fresh {
            let events = decoded.prefix(batch.lines.count)
            decoded = decoded.dropFirst(batch.lines.count)
            try checkEpoch(of: batch.commit, events, after: contents.epoch, name: name)
            contents.events += events
            contents.commits.append(batch.commit.head)
            contents.lastCommit = batch.commit
            contents.lastBatchStart = batch.lines.first?.lowerBound ?? contents.committedBytes
            contents.epoch = batch.commit.epoch
        }
        if let fault {
            if contents.isClosed { throw notAuthentic(name, fault.events, fault.reason) }
            contents.uncommitted = .init(
                sizeBytes: bytes.count - chain.committedBytes, events: fault.events, reason: fault.reason)
        }
        for anchor in anchors { try check(anchor, contents, name) }
        return contents
    }

    /// The events of these batches, in order, decoded on as many processors as there are: that takes most of the time
    /// that a long journal takes.
    private static func decode(
        _ batches: ArraySlice<JournalChain.Batch>, in bytes: [UInt8], name: String
    ) throws(JournalError) -> [JournaledEvent] {
        let lines = batches.flatMap(\.lines)
        let first = batches.first.map { $0.commit.event - $0.lines.count + 1 } ?? 1
        let parts = Parallel.chunks(of: lines.count, least: 512)
        let decoded = Parallel.map(parts.count) { part -> Result<[JournaledEvent], JournalError> in
            var events: [JournaledEvent] = []
            events.reserveCapacity(parts[part].count)
            for index in parts[part] {
                do throws(MachineError) {
                    events.append(try EventCodec.decode(Array(bytes[lines[index]])))
                } catch {
                    let number = first + index
                    return .failure(
                        JournalError(
                            .unsupported,
                            "event \(number) of \(displayEscaped(name)) is whole, but this drctl does not know it: \(error.message)",
                            hint: "use the drctl that wrote it, or a newer one", events: number...number))
                }
            }
            return .success(events)
        }
        var events: [JournaledEvent] = []
        events.reserveCapacity(lines.count)
        for part in decoded { events += try part.get() }
        return events
    }

    /// An epoch begins with the event that says who its runner is.
    private static func checkEpoch(
        of commit: CommitLine, _ events: ArraySlice<JournaledEvent>, after epoch: Int, name: String
    ) throws(JournalError) {
        for event in events {
            guard case .runnerStarted(let runner) = event.event else { continue }
            guard runner.epoch == commit.epoch, runner.epoch == epoch + 1 else {
                throw notAuthentic(
                    name, event.number...event.number,
                    "a runner of epoch \(runner.epoch) starts in commit \(commit.number) of epoch \(commit.epoch), after epoch \(epoch)"
                )
            }
            return
        }
        guard commit.epoch == epoch else {
            throw notAuthentic(
                name, (events.first?.number ?? commit.event)...commit.event,
                "commit \(commit.number) is of epoch \(commit.epoch), whose runner never started")
        }
    }

    /// Narrows a fault to the first line that is no event, where there is one.
    private static func exact(
        _ fault: JournalChain.Fault, in bytes: [UInt8], after chain: JournalChain
    ) -> JournalChain.Fault {
        guard fault.events.count > 1 else { return fault }
        let lines = bytes[chain.committedBytes...].split(separator: UInt8(ascii: "\n"))
        for (line, number) in zip(lines, fault.events) {
            do throws(MachineError) {
                _ = try EventCodec.decode(Array(line))
            } catch {
                return JournalChain.Fault(events: number...number, reason: fault.reason)
            }
        }
        return fault
    }

    private static func check(
        _ anchor: JournalHead, _ contents: JournalContents, _ name: String
    ) throws(JournalError) {
        if anchor.commit > contents.commits.count {
            let first = (contents.head?.event ?? 0) + 1
            throw notAuthentic(
                name, first...max(first, anchor.event),
                "the journal ends with commit \(contents.commits.count), but commit \(anchor.commit) was seen elsewhere"
            )
        }
        guard anchor.commit > 0, contents.commits[anchor.commit - 1] == anchor else {
            throw notAuthentic(
                name, anchor.event...anchor.event,
                "commit \(anchor.commit) is not the one that was seen elsewhere")
        }
    }

    static func notAuthentic(_ name: String, _ events: ClosedRange<Int>, _ reason: String) -> JournalError {
        let which =
            events.count == 1 ? "event \(events.lowerBound)" : "events \(events.lowerBound) to \(events.upperBound)"
        return JournalError(
            .notAuthentic, "\(displayEscaped(name)): \(which) cannot be believed: \(reason)",
            hint: "keep the file as it is, and compare it with a copy of the run's directory made earlier",
            events: events)
    }
}
