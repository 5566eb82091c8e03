import DRCrypto
import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import DRTestSupport
import SystemPackage

/// A journal of a run that had two runners: batches of 1, 3, 1, 2 and 2 events, the last one closing the run when
/// asked for.
struct SampleJournal {
    static let clock = VirtualClock()

    let folder: TemporaryDirectory
    var path: FilePath { folder.appending("journal.jsonl") }
    var bytes: [UInt8] { get throws { try DurableFile.read(at: path, limit: 1 << 20) } }

    init(closed: Bool = false) throws {
        folder = try TemporaryDirectory()
        var batch = JournalBatch(after: 0)
        _ = try batch.add([Self.event(1, .runCreated(Self.created))])
        try JournalWriter.create(at: path, first: batch)
        do {
            let writer = try JournalWriter.open(at: path).writer
            try writer.append(Self.runner(1), Self.note("one"), Self.note("two\nlines"))
            try writer.append(Self.note("three"))
        }
        let writer = try JournalWriter.open(at: path).writer
        try writer.append(Self.runner(2), Self.note("ümläut"))
        try writer.append(Self.note("five"), closed ? .runClosed(.succeeded, reason: "done") : Self.note("six"))
    }

    static var created: RunCreated {
        RunCreated(
            semantics: 1, run: "sample", plan: .of("plan"), mode: .drill, runbook: "sample", seed: "00",
            initiatorUID: 0,
            initiator: "root", unattended: false, workDirectory: "/w", filesDirectory: "/f")
    }

    static func runner(_ epoch: Int) -> Event {
        .runnerStarted(RunnerIdentity(epoch: epoch, host: "host-a", pid: 7, bootID: "boot-1", version: "0"))
    }

    static func note(_ text: String) -> Event { .noted(uid: 7, text: text) }

    static func event(_ number: Int, _ event: Event) -> JournaledEvent {
        JournaledEvent(number: number, at: clock.moment(), event: event)
    }
}

extension JournalWriter {
    /// Appends events as one batch.
    @discardableResult
    func append(_ events: Event...) throws -> JournalHead {
        let after = head?.event ?? 0
        var batch = JournalBatch(after: after)
        let numbered = events.enumerated().map { SampleJournal.event(after + 1 + $0.offset, $0.element) }
        guard try batch.add(numbered) else { preconditionFailure("an empty batch takes what fits") }
        return try append(batch)
    }
}

/// Lines of a file, each with its line feed.
func lines(_ bytes: [UInt8]) -> [[UInt8]] {
    var lines: [[UInt8]] = [[]]
    for byte in bytes {
        lines[lines.count - 1].append(byte)
        if byte == UInt8(ascii: "\n") { lines.append([]) }
    }
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines
}
