import DRCrypto
import DRHistory
import DRJournal
import DRMachine
import DRMeasure
import DRRunbook
import DRSystem
import DRTestSupport
import SystemPackage
import Testing

/// The index over runs: what it says is what the journals say, whatever became of it.
@Suite struct RunHistoryTests {
    private let clock = VirtualClock()
    private let folder: TemporaryDirectory
    private var state: FilePath { folder.path }

    init() throws { folder = try TemporaryDirectory() }

    private static func plan(_ runbook: String) -> Plan {
        Plan(
            runbook: RunbookIdentity(name: runbook, title: "A \(runbook)", owner: "o", digest: Digest.of("r")),
            purpose: .failover, mode: .real, environment: "here",
            steps: [
                PlannedStep(
                    id: "a", title: "a", action: .run(.argv([Template("true")])), effect: .idempotent,
                    digest: Digest.of("a"))
            ])
    }

    /// A run whose step took so many seconds, over or not.
    @discardableResult
    private func make(_ id: String, runbook: String = "book", seconds: Int64 = 5, isClosed: Bool = true) throws
        -> RunDirectory
    {
        clock.advance(by: .seconds(100))
        let run = try RunDirectory.create(id, in: state, audience: .ownerOnly) {
            [clock] (unfinished, _) throws(JournalError) in
            var batch = JournalBatch(after: 0)
            let created = RunCreated(
                semantics: 1, run: id, plan: Digest.of("plan"), mode: .real, runbook: runbook, seed: "00",
                initiatorUID: 0, initiator: "root", unattended: false, workDirectory: "/w", filesDirectory: "/f")
            _ = try batch.add([JournaledEvent(number: 1, at: clock.moment(), event: .runCreated(created))])
            try JournalWriter.create(at: unfinished.journal, first: batch)
        }
        let writer = try JournalWriter.open(at: run.journal).writer
        var folded = RunState(plan: Self.plan(runbook))
        for event in try JournalReader.read(at: run.journal).events { try RunMachine.apply(&folded, event) }
        let began = clock.moment()
        let ended = began.advanced(by: .seconds(seconds))
        let attempt = AttemptID(step: "a", number: 1)
        let inputs: [(Input, Moment)] = [
            (.runnerStarted(RunnerIdentity(epoch: 1, host: "h", pid: 1, bootID: began.bootID, version: "0")), began),
            (
                .supervisorConnected(
                    SupervisorIdentity(place: .outside, pid: 2, startTicks: 1, bootID: began.bootID, generation: 1),
                    attempts: []), began
            ),
            (
                .attemptReported(
                    AttemptReport(
                        attempt: attempt,
                        phase: .ended(nil, AttemptEnd(at: ended, result: .exited(0), outputs: [:], survivors: [])))),
                ended
            ), (.supervisorGone(.outside, generation: 1), ended),
        ]
        for (input, at) in inputs.prefix(isClosed ? 4 : 2) {
            let events = try RunMachine.advance(&folded, input, now: at)
            var batch = JournalBatch(after: writer.head?.event ?? 0)
            _ = try batch.add(events)
            _ = try writer.append(batch)
        }
        return run
    }

    private func refresh(_ history: RunHistory) throws -> RunHistory.Refresh {
        try history.refresh { run in
            let contents = try JournalReader.read(at: run.journal)
            var folded = RunState(plan: Self.plan(contents.created?.runbook ?? ""))
            for event in contents.events { try RunMachine.apply(&folded, event) }
            return (folded, try #require(contents.head))
        }
    }

    @Test func entriesAreTheNewestFirstAndOfOneRunbook() throws {
        for id in ["one", "two"] { try make(id) }
        try make("three", runbook: "other", isClosed: false)
        let history = try RunHistory(of: state)
        #expect(try refresh(history).read == 3)
        #expect(try history.entries().map(\.run) == ["three", "two", "one"])
        let entry = try #require(try history.entries(runbook: "book", limit: 1).first)
        #expect(entry.run == "two" && entry.status == "succeeded" && entry.stepsDone == 1 && entry.steps == 1)
        #expect(try history.entries(runbook: "other").map(\.status) == ["running"])
        #expect(try history.entries(mode: .drill).isEmpty)
    }

    @Test func onlyWhatTheIndexDoesNotKnowAsItIsIsRead() throws {
        let run = try make("one")
        try make("two")
        let history = try RunHistory(of: state)
        #expect(try refresh(history).read == 2)
        #expect(try refresh(history).kept == 2)
        var batch = JournalBatch(after: try #require(try JournalReader.read(at: run.journal).head?.event))
        let at = batch.after + 1
        _ = try batch.add([
            JournaledEvent(
                number: at, at: clock.moment(),
                event: .runnerStarted(RunnerIdentity(epoch: 2, host: "h", pid: 1, bootID: "b", version: "0")))
        ])
        _ = try JournalWriter.open(at: run.journal).writer.append(batch)
        let again = try refresh(history)
        #expect(again.read == 1 && again.kept == 1)
    }

    @Test func stepTimesAreThoseOfRunsThatCameToTheirEnd() throws {
        for (id, seconds) in [("one", Int64(3)), ("two", 9), ("three", 6)] { try make(id, seconds: seconds) }
        try make("open", isClosed: false)
        let history = try RunHistory(of: state)
        _ = try refresh(history)
        let all = try history.stepTimes(runbook: "book", mode: .real, runs: 20)
        #expect(all.runs == 3 && all.times["a"]?.sorted() == [3, 6, 9].map { $0 * 1_000_000_000 })
        #expect(try history.stepTimes(runbook: "book", mode: .real, runs: 1).times == ["a": [6_000_000_000]])
        #expect(try history.stepTimes(runbook: "book", mode: .drill, runs: 20).runs == 0)
    }

    @Test func aRunThatCannotBeReadKeepsNobodyOut() throws {
        try make("good")
        let bad = try make("bad")
        let history = try RunHistory(of: state)
        _ = try refresh(history)
        var bytes = try DurableFile.read(at: bad.journal, limit: 1 << 20)
        bytes[200] ^= 1
        bytes[bytes.count - 10] ^= 1
        try DurableFile.replace(at: bad.journal, with: bytes)
        let again = try refresh(history)
        #expect(again.unreadable.map(\.run) == ["bad"])
        #expect(try history.entries().map(\.run) == ["good"])
    }

    @Test func itIsMadeAnewFromTheJournalsWhateverBecameOfIt() throws {
        for id in ["one", "two"] { try make(id) }
        let first = try RunHistory(of: state)
        _ = try refresh(first)
        let entries = try first.entries()
        let file = state.appending("history-1.sqlite")
        for damage in [[UInt8]("no database at all".utf8), [], [UInt8](repeating: 0xFF, count: 40_000)] {
            try DurableFile.replace(at: file, with: damage)
            let again = try RunHistory(of: state)
            #expect(try refresh(again).read == 2)
            #expect(try again.entries() == entries)
        }
        let anew = try RunHistory(of: state, isNew: true)
        #expect(try refresh(anew).read == 2)
        #expect(try anew.entries() == entries)
    }

    @Test func whatIsGoneIsForgotten() throws {
        let run = try make("one")
        let history = try RunHistory(of: state)
        _ = try refresh(history)
        try DurableFile.remove(run.journal)
        try DurableFile.renameNew(run.path, to: state.appending("elsewhere"))
        _ = try refresh(history)
        #expect(try history.entries().isEmpty)
    }
}
