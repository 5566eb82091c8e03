import DRMachine
import DRRunbook
import Testing

@Suite struct SupervisorMachineTests {
    private let now = Moment(wall: 1_800_000_000_000_000_000, boot: 1_000_000_000, bootID: "boot-1")
    private let a = AttemptID(step: "a", number: 1)

    private func identity(_ generation: Int, boot: String = "boot-1") -> SupervisorIdentity {
        SupervisorIdentity(place: .inside, pid: 9, startTicks: 1, bootID: boot, generation: generation)
    }

    private func spec(_ id: AttemptID) -> AttemptSpec {
        AttemptSpec(
            attempt: id, place: .inside, work: .argv(["true"]), env: ["T": .secret("token")], workingDirectory: "/w",
            timeout: nil, outputs: [:], isBackground: false)
    }

    private var start: AttemptStart { AttemptStart(at: now, pid: 10, startTicks: 2, executable: "/bin/true") }
    private var end: AttemptEnd { AttemptEnd(at: now, result: .exited(0), outputs: [:], survivors: []) }

    /// Decides, and takes up what was spooled.
    private func give(_ state: inout SupervisorState, _ input: SupervisorInput) throws -> [SupervisorAction] {
        let actions = try SupervisorMachine.decide(state, input, now: now)
        for case .spool(let record) in actions { try state.apply(record) }
        return actions
    }

    private func ready(epoch: Int = 1) throws -> SupervisorState {
        var state = SupervisorState()
        _ = try give(&state, .started(run: "r1", identity(1)))
        _ = try give(&state, .asked(.hello(run: "r1", epoch: epoch, journalHead: nil)))
        return state
    }

    private func refusal(_ actions: [SupervisorAction]) -> String? {
        if case .reply(.refused(let reason, _))? = actions.first, actions.count == 1 { reason } else { nil }
    }

    @Test func startingIsSpooledBeforeTheSpawnAndWithoutSecrets() throws {
        var state = try ready()
        let actions = try give(&state, .asked(.start(epoch: 1, spec: spec(a), secrets: ["token": "aGVsbG8="])))
        #expect(actions == [.spool(.starting(spec(a), at: now)), .spawn(spec(a), secrets: ["token": "aGVsbG8="])])
    }

    @Test func anAttemptStartsOnceHoweverOftenItIsAskedFor() throws {
        var state = try ready()
        let ask = SupervisorInput.asked(.start(epoch: 1, spec: spec(a), secrets: [:]))
        _ = try give(&state, ask)
        #expect(try give(&state, ask) == [.reply(.report(AttemptReport(attempt: a, phase: .starting(at: now))))])
        _ = try give(&state, .spawned(a, start))
        #expect(try give(&state, ask) == [.reply(.report(AttemptReport(attempt: a, phase: .started(start))))])
        _ = try give(&state, .ended(a, end))
        #expect(try give(&state, ask) == [.reply(.report(AttemptReport(attempt: a, phase: .ended(start, end))))])
    }

    @Test func helloBarsLowerEpochsForEver() throws {
        var state = try ready(epoch: 3)
        #expect(refusal(try give(&state, .asked(.hello(run: "r1", epoch: 2, journalHead: nil)))) != nil)
        #expect(refusal(try give(&state, .asked(.start(epoch: 2, spec: spec(a), secrets: [:])))) != nil)
        #expect(refusal(try give(&state, .asked(.stop(epoch: 2, attempt: a)))) != nil)
        #expect(refusal(try give(&state, .asked(.finish(epoch: 2)))) != nil)
        #expect(refusal(try give(&state, .asked(.start(epoch: 4, spec: spec(a), secrets: [:])))) != nil)
        #expect(state.attempts.isEmpty)
        // The next supervisor of this spool bars them too.
        _ = try give(&state, .started(run: "r1", identity(2)))
        #expect(refusal(try give(&state, .asked(.start(epoch: 2, spec: spec(a), secrets: [:])))) != nil)
        #expect(try give(&state, .asked(.start(epoch: 3, spec: spec(a), secrets: [:]))).count == 2)
    }

    @Test func anotherRunIsRefused() throws {
        var state = try ready()
        #expect(refusal(try give(&state, .asked(.hello(run: "r2", epoch: 9, journalHead: nil)))) != nil)
    }

    @Test func aJournalThatLostItsEndIsRefused() throws {
        var state = try ready()
        let head = { (commit: Int) in JournalHead(commit: commit, event: commit, hash: testDigest("aa")) }
        #expect(refusal(try give(&state, .asked(.hello(run: "r1", epoch: 2, journalHead: head(5))))) == nil)
        #expect(refusal(try give(&state, .asked(.hello(run: "r1", epoch: 3, journalHead: head(4))))) != nil)
        #expect(state.epoch == 2)
        #expect(refusal(try give(&state, .asked(.hello(run: "r1", epoch: 3, journalHead: head(5))))) == nil)
    }

    @Test func stoppingWhatNeverStartedLeavesATombstone() throws {
        var state = try ready()
        let actions = try give(&state, .asked(.stop(epoch: 1, attempt: a)))
        #expect(actions.count == 2)
        let late = try give(&state, .asked(.start(epoch: 1, spec: spec(a), secrets: [:])))
        guard case .reply(.report(let report))? = late.first, case .ended(nil, let end) = report.phase else {
            Issue.record("a late start is not answered by the tombstone: \(late)")
            return
        }
        #expect(late.count == 1)
        #expect(end.result == .stopped)
    }

    @Test func stoppingEndsAProcessAndRepeatsWhatIsOver() throws {
        var state = try ready()
        _ = try give(&state, .asked(.start(epoch: 1, spec: spec(a), secrets: [:])))
        #expect(try give(&state, .asked(.stop(epoch: 1, attempt: a))) == [.end(a)])
        _ = try give(&state, .spawned(a, start))
        _ = try give(&state, .ended(a, end))
        #expect(
            try give(&state, .asked(.stop(epoch: 1, attempt: a)))
                == [.reply(.report(AttemptReport(attempt: a, phase: .ended(start, end))))])
    }

    @Test func whatAnEarlierSupervisorHadIsLostOnceItIsGone() throws {
        var state = try ready()
        let b = AttemptID(step: "b", number: 1)
        for id in [a, b] { _ = try give(&state, .asked(.start(epoch: 1, spec: spec(id), secrets: [:]))) }
        _ = try give(&state, .spawned(a, start))
        let actions = try give(&state, .started(run: "r1", identity(2)))
        #expect(actions.dropFirst() == [.endSurvivors(a, start), .endSurvivors(b, nil)])
        #expect(state.open == [a, b])
        #expect(try give(&state, .asked(.stop(epoch: 1, attempt: a))).isEmpty)
        #expect(refusal(try give(&state, .asked(.finish(epoch: 1)))) != nil)
        _ = try give(&state, .gone(a))
        _ = try give(&state, .gone(b))
        #expect(try give(&state, .gone(a)).isEmpty)
        #expect(state.reports.map(\.phase) == [.lost(start, at: now), .lost(nil, at: now)])
        #expect(try give(&state, .asked(.finish(epoch: 1))) == [.reply(.finished), .exit])
    }

    @Test func afterAnotherBootWhatWasUnderWayIsLostAtOnce() throws {
        var state = try ready()
        _ = try give(&state, .asked(.start(epoch: 1, spec: spec(a), secrets: [:])))
        let actions = try give(&state, .started(run: "r1", identity(2, boot: "boot-2")))
        #expect(actions.last == .spool(.lost(a, at: now)))
        #expect(state.open.isEmpty)
    }

    @Test func aSpoolThatNoSupervisorWroteIsRefused() throws {
        let records: [[SpoolRecord]] = [
            [.starting(spec(a), at: now)],
            [.supervisorStarted(run: "r1", identity(2))],
            [.supervisorStarted(run: "r1", identity(1)), .supervisorStarted(run: "r2", identity(2))],
            [.supervisorStarted(run: "r1", identity(1)), .started(a, start)],
            [.supervisorStarted(run: "r1", identity(1)), .starting(spec(a), at: now), .starting(spec(a), at: now)],
            [.supervisorStarted(run: "r1", identity(1)), .ended(a, end), .ended(a, end)],
            [
                .supervisorStarted(run: "r1", identity(1)), .epochBarred(2, journalHead: nil),
                .epochBarred(1, journalHead: nil),
            ],
        ]
        for spool in records {
            var state = SupervisorState()
            #expect(throws: MachineError.self) { for record in spool { try state.apply(record) } }
        }
    }
}
