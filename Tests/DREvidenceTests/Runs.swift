import DRCrypto
import DRMachine
import DRRunbook

extension FirstDrill {
    static let snapshot = "6c1f0de29a41"

    private static func untilVerified(_ story: inout Story) {
        let repository = ResolvedRepository(address: "/srv/backup/orders", identityPath: "/srv/keys/reader")
        story.does("space", for: 9, tail: "41.2 GB free, 1.1 GB needed\n")
        story.does("source", for: 14, tail: "2,312 files, 1.1 GB\n")
        story.does("primary", for: 1480)
        story.serves("serve-primary", readyAfter: 160)
        story.does("primary-answers", for: 1010)
        story.serves("writer", readyAfter: 55)
        story.does(
            "backup", for: 3920,
            work: .action(
                .backup(repository: repository, dataset: "orders", paths: ["/run/work/site/primary"], tag: "backup#1")),
            outputs: [
                "snapshot": .string(snapshot), "filesRead": .integer(2312), "bytesRead": .integer(1_104_332_118),
                "bytesStored": .integer(391_118_003), "complete": .boolean(true),
            ])
        story.does(
            "verify", for: 1130,
            work: .action(.verify(repository: repository, dataset: "orders", snapshot: snapshot, level: .content)),
            outputs: [
                "snapshot": .string(snapshot), "level": .string("content"), "packsRead": .integer(19),
                "bytesRead": .integer(391_118_003), "verdict": .string("intact"),
            ])
    }

    private static func disrupted(_ story: inout Story) {
        story.mark(.disrupted, step: "disrupt", synthetic: true)
        story.does(
            "disrupt", for: 240,
            outputs: ["lastWrite": .integer(418), "lastWriteAt": .integer(story.now.wall - 20_000_000)])
        story.tell(
            .lossMeasured(
                LossMeasure(
                    side: .source, service: "orders", step: "disrupt", lastWrite: 418,
                    lastWriteAt: story.now.wall - 260_000_000)))
    }

    /// Everything goes as planned; one attempt of the restore fails and is tried again.
    static var finished: Story {
        var story = Story(plan)
        story.begin()
        story.isolated()
        untilVerified(&story)
        disrupted(&story)
        let first = AttemptID(step: "restore", number: 1)
        let work = Work.action(
            .restore(
                repository: ResolvedRepository(address: "/srv/backup/orders"), dataset: "orders", snapshot: snapshot,
                to: "/run/work/site/dr"))
        story.intend(first, work: work)
        story.end(first, .exited(30), tail: "pack 71c0…: input/output error\n", after: 420)
        story.tell(
            .retryScheduled(
                "restore", due: story.now.advanced(by: .milliseconds(700)), reason: "exit 30, attempt 1 of 3"))
        story.pass(700)
        let second = AttemptID(step: "restore", number: 2)
        story.intend(second, work: work)
        let restored: [String: Value] = [
            "snapshot": .string(snapshot), "path": .string("/run/work/site/dr"), "files": .integer(2312),
            "bytes": .integer(1_104_332_118), "mismatches": .integer(0),
        ]
        story.end(second, outputs: restored, after: 2210)
        story.tell(.stepSucceeded("restore", outputs: restored))
        story.serves("serve-dr", readyAfter: 140)
        story.does("proven", for: 3030)
        story.mark(.proven, step: "proven")
        story.does("count-loss", for: 35)
        story.tell(
            .lossMeasured(
                LossMeasure(
                    side: .recovered, service: "orders", step: "count-loss", lastWrite: 365,
                    lastWriteAt: story.now.wall - 14_600_000_000)))
        let card = story.card("go-back", "Return to the primary site? 53 writes of orders are lost.")
        story.pass(8200)
        story.approves(card, comment: "numbers agreed with the shop")
        story.does("write-dr", for: 610)
        let began = story.now
        story.does(
            "resync", for: 820,
            work: .action(.resync(from: "/run/work/site/dr", to: "/run/work/site/primary", service: "orders")))
        story.tell(
            .resyncRecorded(
                ResyncRecord(
                    step: "resync", service: "orders", from: "/run/work/site/dr", to: "/run/work/site/primary",
                    startedAt: began, endedAt: story.now, filesCopied: 2330, bytesCopied: 1_104_420_992,
                    filesDeleted: 0, filesCompared: 2330, sourceDigest: Story.digest("tree").hex,
                    targetDigest: Story.digest("tree").hex, treesEqual: true)))
        story.serves("serve-again", readyAfter: 130)
        story.does("proven-again", for: 3020)
        for service in ["serve-primary", "writer", "serve-dr", "serve-again"] as [StepID] {
            story.tell(.serviceStopping(service, attempt: AttemptID(step: service, number: 1)))
            story.end(AttemptID(step: service, number: 1), .stopped, after: 4)
            story.tell(.serviceStopped(service, attempt: AttemptID(step: service, number: 1)))
        }
        story.close(.succeeded, "every step succeeded", cause: .finished)
        return story
    }

    /// The restore fails for good, nobody answers the hold, and a cleanup step fails too.
    static var failed: Story {
        var story = Story(plan)
        story.begin()
        story.isolated(.enforcedNotDemonstrated)
        untilVerified(&story)
        disrupted(&story)
        let attempt = AttemptID(step: "restore", number: 1)
        story.intend(attempt)
        story.end(
            attempt, .exited(21), tail: "pack 71c0…: SHA-256 differs from its name\nno other copy is known\n",
            after: 380)
        story.tell(.stepFailed("restore", reason: "exit 21", policy: .hold))
        story.tell(.stepHeld("restore", reason: "exit 21", due: story.now.advanced(by: .minutes(10))))
        story.reboot(services: ["serve-primary", "writer"], after: 95_000)
        story.isolated(.enforcedNotDemonstrated)
        story.pass(505_000)
        story.tell(.stepFailed("restore", reason: "nobody answered within 10 min", policy: .abort))
        story.tell(.requestRefused(id: "feedface", ownerUID: 1002, reason: "the request names another run"))
        story.close(.failed, "restore failed: exit 21", cause: .failed, owed: "remove-repository")
        return story
    }

    /// The machine cannot isolate, so nothing starts.
    static var refused: Story {
        var story = Story(plan)
        story.begin()
        story.isolated(.broken)
        story.close(.refused, "db.prod.example:5432 answers from inside the drill", cause: .refused)
        return story
    }

    /// A person cancels while the backup runs.
    static var cancelled: Story {
        var story = Story(plan)
        story.begin(unattended: false)
        story.isolated()
        story.does("space", for: 9)
        story.does("source", for: 14)
        story.intend(AttemptID(step: "primary", number: 1))
        story.pass(700)
        let request = Request(id: "00c0ffee", run: "r", uid: 1000, ask: .cancel(reason: "wrong source"))
        story.tell(.requestApplied(AcceptedRequest(request: request, ownerUID: 1000, bytes: "{}")))
        story.tell(.attemptStopping(AttemptID(step: "primary", number: 1), reason: "cancelled"))
        story.end(AttemptID(step: "primary", number: 1), .stopped, after: 8)
        story.tell(.stepFailed("primary", reason: "was stopped", policy: .abort))
        story.close(.cancelled, "mara: wrong source", cause: .cancelled)
        return story
    }

    /// The journal ends in the middle: nobody has taken the run up again.
    static var open: Story {
        var story = Story(plan)
        story.begin()
        story.isolated()
        untilVerified(&story)
        disrupted(&story)
        story.intend(AttemptID(step: "restore", number: 1))
        story.tell(.attemptLost(AttemptID(step: "restore", number: 1), reason: "its supervisor died"), after: 700)
        story.tell(
            .attemptInDoubt(AttemptID(step: "restore", number: 1), reason: "its supervisor died", due: nil), after: 900)
        return story
    }
}
