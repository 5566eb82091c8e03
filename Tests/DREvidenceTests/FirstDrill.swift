import DRCrypto
import DRRunbook

/// The plan of the first drill, as far as evidence looks at it, and runs of it.
enum FirstDrill {
    private static func step(
        _ id: StepID, _ title: String, _ action: StepAction? = nil, needs: [StepID] = [], effect: Effect = .idempotent,
        place: Place = .inside, placeReason: String? = nil, background: Bool = false, marks: [PlannedMark] = []
    ) -> PlannedStep {
        let policy = BackgroundPolicy(ready: .tcp(Template("127.0.0.1:8080")), until: nil, onLoss: .restart)
        return PlannedStep(
            id: id, title: title, action: action ?? .run(.argv([Template("scripts/\(id)")])),
            needs: needs.map { Need(step: $0) }, effect: effect, place: place, placeReason: placeReason, marks: marks,
            background: background ? policy : nil, digest: Story.digest("step \(id)"))
    }

    static var plan: Plan {
        Plan(
            runbook: RunbookIdentity(
                name: "first-drill", title: "A first drill that really recovers something", owner: "sre-orders",
                digest: Story.digest("runbook")),
            purpose: .rehearsal, mode: .drill, environment: "rehearsal", inputs: ["source": "/srv/orders"],
            services: [
                PlannedService(
                    name: "orders", tier: 1, owner: "sre-orders", recoveryTimeObjective: .seconds(60),
                    recoveryPointObjective: .seconds(30), maximumTolerableDowntime: .minutes(10), from: .disrupted,
                    to: .proven)
            ],
            isolation: PlannedIsolation(mustNotReach: ["db.prod.example:5432"]), steps: steps,
            cleanup: [
                step("remove-sites", "The sites of the drill are gone"),
                step(
                    "remove-repository", "The drill's repository is gone", place: .outside,
                    placeReason: "it was made outside"),
            ],
            files: [
                PlannedFile(path: "scripts/serve", sha256: Story.digest("serve"), sizeBytes: 812, isExecutable: true),
                PlannedFile(path: "scripts/write", sha256: Story.digest("write"), sizeBytes: 640, isExecutable: true),
            ],
            people: [
                PlannedPerson(name: "mara", user: "mara", uid: 1000, roles: ["sre"]),
                PlannedPerson(name: "ines", user: "ines", uid: 1001, roles: ["incident-commander"]),
            ],
            repositories: ["main": PlannedRepository(address: Template("/srv/backup/orders"))],
            siteDigest: Story.digest("site"), catalogueDigest: Story.digest("services"))
    }

    private static var steps: [PlannedStep] {
        let dataset = Template("orders")
        return [
            step("space", "There is room for the drill", effect: .read),
            step("source", "The source is readable", effect: .read),
            step("primary", "A working copy becomes the primary site", needs: ["space", "source"]),
            step("serve-primary", "The primary site is served", needs: ["primary"], background: true),
            step(
                "primary-answers", "The primary site answers",
                .wait(WaitAction(check: .tcp(Template("127.0.0.1:8080")), holds: .seconds(1))),
                needs: ["serve-primary"], effect: .read),
            step("writer", "A writer keeps changing the primary", needs: ["primary-answers"], background: true),
            step(
                "backup", "The primary is backed up",
                .backup(BackupAction(repository: "main", dataset: dataset, paths: [Template("site/primary")])),
                needs: ["writer"], effect: .checkable, place: .outside),
            step(
                "verify", "Every byte of the backup reads back",
                .verify(
                    VerifyAction(repository: "main", dataset: dataset, snapshot: Template("latest"), level: .content)),
                needs: ["backup"], effect: .read, place: .outside),
            step(
                "disrupt", "The primary is lost: server killed, files destroyed", needs: ["verify"], effect: .checkable),
            step(
                "restore", "The DR site is restored",
                .restore(
                    RestoreAction(
                        repository: "main", dataset: dataset, snapshot: Template("latest"), to: Template("site/dr"))),
                needs: ["disrupt"], place: .outside),
            step("serve-dr", "The DR site is served", needs: ["restore"], background: true),
            step(
                "proven", "The DR site answers and goes on answering",
                .wait(WaitAction(check: .tcp(Template("127.0.0.1:8081")), holds: .seconds(3))), needs: ["serve-dr"],
                effect: .read),
            step("count-loss", "What was lost is counted", needs: ["proven"], effect: .read),
            step(
                "go-back", "A person approves returning",
                .approve(ApprovalCard(message: Template("Return to the primary site?"), roles: ["incident-commander"])),
                needs: ["proven", "count-loss"], effect: .read),
            step("write-dr", "Writes happen at the DR site", needs: ["go-back"]),
            step(
                "resync", "The primary catches up",
                .resync(ResyncAction(from: Template("site/dr"), to: Template("site/primary"), service: "orders")),
                needs: ["write-dr"]),
            step("serve-again", "The primary site is served again", needs: ["resync"], background: true),
            step(
                "proven-again", "The primary site answers and goes on answering",
                .wait(WaitAction(check: .tcp(Template("127.0.0.1:8080")), holds: .seconds(3))),
                needs: ["serve-again"], effect: .read),
        ]
    }
}
