package import DRMachine

/// Event lines on their way to one commit.
package struct JournalBatch: Sendable {
    /// So that a batch can be one value in a store that limits them.
    package static let byteLimit = 1 << 20

    /// Number of the event before the batch's first; 0 at the journal's start.
    package let after: Int
    /// Number of the batch's last event; `after` while it is empty.
    package private(set) var last: Int
    package private(set) var lines: [UInt8] = []

    /// - Parameter event: number of the last event that is committed or in an earlier batch.
    package init(after event: Int) {
        after = event
        last = event
    }

    package var isEmpty: Bool { lines.isEmpty }

    /// Adds events that belong together: all or, where they do not fit, none.
    /// - Returns: false when they would make the batch too large and it holds something already; they go into the
    ///   next one.
    /// - Throws: `tooLarge` when they do not fit into an empty batch either; `misuse` for a gap in the numbers.
    package mutating func add(_ events: [JournaledEvent]) throws(JournalError) -> Bool {
        var added: [UInt8] = []
        for (offset, event) in events.enumerated() {
            guard event.number == last + 1 + offset else {
                throw JournalError(
                    .misuse, "event \(event.number) does not follow event \(last + offset)",
                    events: event.number...event.number)
            }
            do throws(MachineError) {
                added += try EventCodec.encode(event)
            } catch {
                throw JournalError(.misuse, error.message, events: event.number...event.number)
            }
            added.append(UInt8(ascii: "\n"))
        }
        guard lines.count + added.count <= Self.byteLimit else {
            if !isEmpty { return false }
            throw JournalError(
                .tooLarge,
                "events \(last + 1) to \(last + events.count), which belong together, have \(added.count) bytes; a batch holds \(Self.byteLimit)",
                hint: "make the texts and outputs of the steps involved smaller", events: last + 1...last + events.count
            )
        }
        lines += added
        last += events.count
        return true
    }

    /// The batch as it is written, and the commit line that closes it.
    /// - Parameter last: the commit before it; nil for the first.
    package func closed(after last: CommitLine?, epoch: Int) -> (bytes: [UInt8], commit: CommitLine) {
        let commit = CommitLine.closing(
            lines, number: (last?.number ?? 0) + 1, epoch: epoch, event: self.last,
            previous: last?.hash ?? CommitLine.genesis)
        return (lines + commit.bytes, commit)
    }
}
