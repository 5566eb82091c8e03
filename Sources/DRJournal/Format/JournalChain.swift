import DRCrypto
import DRMachine

/// What the bytes of a journal hold, by their chain alone: nothing here understands an event.
struct JournalChain {
    struct Batch {
        var commit: CommitLine
        /// One range a line, without line feeds; line k is event `commit.event - lines.count + 1 + k`.
        var lines: [Range<Int>]
    }

    /// Why the bytes after the last valid commit are not a batch.
    struct Fault: Equatable {
        /// The events that are not believed: one where a line shows it, else the batch's.
        var events: ClosedRange<Int>
        var reason: String
    }

    /// Bytes after the last valid commit.
    struct Tail: Equatable {
        var fault: Fault
        /// Whether an append that was cut short can have left them: no commit that is valid in itself, of another
        /// number, or followed by anything, is among them. Otherwise the journal was damaged or tampered with.
        var canBeTorn: Bool
    }

    private(set) var batches: [Batch] = []
    /// Where the last valid commit ends.
    private(set) var committedBytes = 0
    private(set) var tail: Tail?

    init(_ bytes: [UInt8]) {
        while committedBytes < bytes.count {
            switch nextBatch(bytes) {
            case .success(let batch, let end):
                batches.append(batch)
                committedBytes = end
            case .failure(let fault):
                tail = Tail(fault: fault, canBeTorn: canBeTorn(bytes[committedBytes...]))
                return
            }
        }
    }

    var lastEvent: Int { batches.last?.commit.event ?? 0 }
    var lastHash: Digest { batches.last?.commit.hash ?? CommitLine.genesis }

    private enum Next {
        case success(Batch, end: Int)
        case failure(Fault)
    }

    private func nextBatch(_ bytes: [UInt8]) -> Next {
        var lines: [Range<Int>] = []
        var start = committedBytes
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = start..<end
            let expected = lastEvent + lines.count + 1
            if bytes[line].starts(with: CommitLine.opening) {
                guard let commit = CommitLine(bytes[line]) else {
                    let events = lastEvent + 1...lastEvent + max(1, lines.count)
                    return .failure(Fault(events: events, reason: "the commit line is malformed"))
                }
                if let fault = fault(in: bytes[..<end], lines: lines, commit) { return .failure(fault) }
                return .success(Batch(commit: commit, lines: lines), end: end + 1)
            }
            guard let number = Self.eventNumber(bytes[line]) else {
                return .failure(Fault(events: expected...expected, reason: "the line is not an event's"))
            }
            guard number == expected else {
                return .failure(
                    Fault(events: expected...expected, reason: "event \(number) stands where event \(expected) belongs")
                )
            }
            lines.append(line)
            start = end + 1
        }
        let first = lastEvent + 1
        return .failure(
            Fault(
                events: first...max(first, lastEvent + lines.count + (start < bytes.count ? 1 : 0)),
                reason: "no commit line follows"))
    }

    /// What is wrong with a commit line that closes these lines; nil when nothing is.
    /// - Parameter bytes: up to the commit line's end, without its line feed.
    private func fault(in bytes: ArraySlice<UInt8>, lines: [Range<Int>], _ commit: CommitLine) -> Fault? {
        let first = lastEvent + 1
        let last = lastEvent + lines.count
        func fault(_ reason: String) -> Fault { Fault(events: first...max(first, last), reason: reason) }
        if commit.number != batches.count + 1 {
            return fault("commit \(commit.number) stands where commit \(batches.count + 1) belongs")
        }
        if lines.isEmpty { return fault("the commit line closes no event") }
        if commit.event != last { return fault("commit \(commit.number) says that it ends with event \(commit.event)") }
        if commit.epoch < batches.last?.commit.epoch ?? 0 {
            return fault("commit \(commit.number) is of epoch \(commit.epoch), lower than the one before")
        }
        if commit.previous != lastHash { return fault("commit \(commit.number) does not name the one before it") }
        if !commit.closes(bytes[committedBytes...]) {
            return fault("the bytes do not have the hash of commit \(commit.number)")
        }
        return nil
    }

    private func canBeTorn(_ rest: ArraySlice<UInt8>) -> Bool {
        var start = rest.startIndex
        while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
            if let commit = CommitLine(rest[start..<end]) {
                let isLast = end + 1 == rest.endIndex
                // One that names the last whole commit is its successor, whatever became of its number.
                let follows = commit.number == batches.count + 1 || commit.previous == lastHash
                return isLast && follows && !commit.closes(rest[..<end])
            }
            start = end + 1
        }
        return true
    }

    /// The number at the end of a canonical event line, `,"n":N}`; nil for any other line.
    private static func eventNumber(_ line: ArraySlice<UInt8>) -> Int? {
        guard line.last == UInt8(ascii: "}") else { return nil }
        var start = line.endIndex - 1
        while start > line.startIndex, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(line[start - 1]) { start -= 1 }
        guard line[..<start].suffix(5).elementsEqual(#","n":"#.utf8) else { return nil }
        let text = String(decoding: line[start..<(line.endIndex - 1)], as: UTF8.self)
        return Int(text).flatMap { String($0) == text ? $0 : nil }
    }
}
