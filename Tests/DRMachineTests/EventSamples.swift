import DRCrypto
import DRMachine
import DRRunbook

/// One event of each name, with every optional part present at least once and absent at least once.
enum EventSamples {
    static let digest = testDigest("ab")
    static let at = Moment(wall: 1_800_000_000_123_456_789, boot: 42_000_000_007, bootID: "boot-a")
    static let attempt = AttemptID(step: "restore", number: 2)

    static let spec = AttemptSpec(
        attempt: attempt, place: .inside,
        work: .action(
            .restore(
                repository: ResolvedRepository(address: "/w/repo", identityPath: "/w/id", pinnedID: nil),
                dataset: "orders", snapshot: "latest", to: "/w/site")),
        env: ["A": .text("line\nwith \"quotes\", /slashes/, ünïcode and \u{1}"), "B": .secret("token")],
        workingDirectory: "/w", timeout: .seconds(60), outputs: ["path": .string], isBackground: false)

    static let start = AttemptStart(
        at: at, pid: 4242, startTicks: 987_654_321, executable: "/usr/bin/true",
        executableDigest: digest)

    static let end = AttemptEnd(
        at: at, result: .exited(0),
        standardOutput: OutputRecord(
            path: "inside/restore#2.out", sha256: digest, sizeBytes: 5_000_000_000, truncated: true, tail: "done\n"),
        standardError: nil,
        outputs: ["path": .string("/w/site"), "files": .integer(3), "complete": .boolean(true), "x": .null],
        survivors: ["sleep 100 (pid 7)"])

    static let card = Card(
        step: "go", kind: .approval, text: "Return to the primary?", owner: nil, roles: ["commander"], quorum: 2,
        notInitiator: true, inputs: ["ticket": .string], evidenceRequired: false, due: at, digest: digest)

    static let approval = Approval(
        uid: 1000, person: "ada", roles: ["commander"], card: digest, request: "00ff", breakGlass: false, comment: nil)

    static let request = AcceptedRequest(
        request: Request(
            id: "00ff", run: "r1", uid: 1000,
            ask: .resolve(
                step: "restore", as: .done, reason: "seen it", inputs: ["n": .integer(1)], evidence: ["ticket 7"])),
        ownerUID: 1000, bytes: "{\"id\":\"00ff\"}\n")

    static let created = RunCreated(
        semantics: 1, run: "r1", plan: digest, mode: .drill, runbook: "first-drill",
        seed: "000102030405060708090a0b0c0d0e0f", initiatorUID: 1000, initiator: "ada", unattended: true, planned: nil,
        incident: "INC-7", workDirectory: "/w", filesDirectory: "/f")

    static let events: [Event] = [
        .runCreated(created),
        .runnerStarted(RunnerIdentity(epoch: 1, host: "h", pid: 1, bootID: "boot-a", version: "0.1")),
        .planAdopted(
            PlanAdoption(digest: testDigest("01"), text: "{}\n", filesDirectory: "/f-2", uid: 1000, reason: "wrong")),
        .supervisorReady(SupervisorIdentity(place: .inside, pid: 9, startTicks: 77, bootID: "boot-a", generation: 1)),
        .supervisorLost(.inside, generation: 1), .supervisorGone(.outside, generation: 2),
        .isolationChecked(
            IsolationReport(
                generation: 1, verdict: .demonstrated,
                probes: [
                    .init(
                        name: "canary 127.0.0.1:9", isControl: true, answeredOutside: true, answeredInside: false,
                        detail: "refused")
                ])),
        .stepSkipped("serve", reason: "when is false"),
        .attemptIntended(spec),
        .attemptStarted(attempt, start),
        .attemptEnded(attempt, end),
        .attemptStopping(attempt, reason: "within"),
        .attemptLost(attempt, reason: "the supervisor died"),
        .attemptInDoubt(attempt, reason: "unsafe", due: nil),
        .retryScheduled("restore", due: at, reason: "exit 1"),
        .stepSucceeded("restore", outputs: end.outputs),
        .stepFailed("restore", reason: "exit 1", policy: .hold),
        .stepHeld("restore", reason: "exit 1", due: at),
        .cardShown(card),
        .cardExpired("go", card: digest),
        .approvalCounted("go", approval),
        .serviceLost("serve", attempt: AttemptID(step: "serve", number: 1)),
        .serviceStopping("serve", attempt: AttemptID(step: "serve", number: 1)),
        .serviceStopped("serve", attempt: AttemptID(step: "serve", number: 1)),
        .clockMarked(ClockMark(clock: .disrupted, service: "orders", at: at, basis: "step destroy", synthetic: true)),
        .lossMeasured(
            LossMeasure(side: .recovered, service: "orders", step: "read", lastWrite: 41, lastWriteAt: nil)),
        .resyncRecorded(
            ResyncRecord(
                step: "failback", service: "orders", from: "/a", to: "/b", startedAt: at, endedAt: at, filesCopied: 1,
                bytesCopied: 2, filesDeleted: 3, filesCompared: 4, sourceDigest: "aa", targetDigest: nil,
                treesEqual: nil)),
        .requestApplied(request),
        .requestRefused(id: "00fe", ownerUID: nil, reason: "two links"),
        .noted(uid: 1000, text: "the pager rang"),
        .runPaused(reason: "by ada"),
        .runProceeded(reason: "by ada"),
        .stoppingBegan(.cancelled, reason: "by ada"),
        .stepBegan("pause", due: at, text: nil), .stepBegan("tell", due: nil, text: "so far"),
        .rollbackAsked(due: at), .rollbackAsked(due: nil), .rollbackBegan(["b.rollback", "a.rollback"]),
        .rollbackDeclined(reason: "it may stay"), .cleanupBegan,
        .cleanupOwed("remove-site", reason: "exit 1"),
        .cleanupSettled("remove-site", uid: 1000, reason: "removed by hand"),
        .closingBegan,
        .runClosed(.cancelled, reason: "by ada"),
    ]

    /// Further shapes of the values inside events.
    static let works: [Work] = [
        .argv(["true", "a b"]), .script("echo \"$A\"\n"),
        .action(.http(web)),
        .action(.check(.tcp("127.0.0.1:80"))),
        .action(.wait(.http(web), holds: .seconds(5), interval: .milliseconds(200))),
        .action(.wait(.argv(["t"]), holds: .zero, interval: .seconds(1))),
        .action(.wait(.script("t"), holds: .zero, interval: .seconds(1))),
        .action(.backup(repository: repository, dataset: "d", paths: ["/p"], tag: "r1/b")),
        .action(.verify(repository: repository, dataset: "d", snapshot: "latest", level: .content)),
        .action(.resync(from: "/a", to: "/b", service: "orders")),
        .action(.findSnapshot(repository: repository, dataset: "d", tag: "r1/b")),
    ]

    static let results: [AttemptEnd.Result] = [
        .exited(3), .signalled(9), .timedOut, .stopped, .couldNotStart("no such file"), .badOutput("not JSON"),
    ]

    private static let web = ResolvedRequest(
        method: "GET", url: "http://127.0.0.1/", headers: ["A": "b"], body: nil,
        expect: HTTPExpectation(status: [200], bodyContains: "ok"))
    private static let repository = ResolvedRepository(address: "/r", identityPath: nil, pinnedID: "ab")

    static var all: [JournaledEvent] {
        let withWorks = works.map { work in
            var other = spec
            other.work = work
            other.timeout = nil
            return Event.attemptIntended(other)
        }
        let withResults = results.map { result in
            var other = end
            other.result = result
            return Event.attemptEnded(attempt, other)
        }
        return (events + withWorks + withResults).enumerated().map {
            JournaledEvent(number: $0 + 1, at: at, event: $1)
        }
    }
}
