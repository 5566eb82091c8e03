import DRCrypto
import DRMachine
import DRMeasure
import DRRunbook
import Templates

/// All that the template asks for, as texts fit for a page; a field's name is the template's.
struct ReportPage {
    struct Labelled {
        var label: Shown
        var text: Shown
    }

    /// A status in colour, symbol and word.
    struct Status {
        var tone: Shown
        var word: Shown

        init(_ tone: Tone, _ word: String) {
            self.tone = Shown(tone.rawValue)
            self.word = Shown(word)
        }

        init(_ outcome: StepOutcome) { self.init(Tone(outcome), Wording.outcome(outcome)) }
        init(_ verdict: ObjectiveVerdict.Outcome) { self.init(Tone(verdict), Wording.verdict(verdict)) }
    }

    struct FindingLine {
        var step: Shown?
        var text: Shown
        var event: Shown?
    }

    struct OutsideLine {
        var step: Shown
        var kind: Shown
        var effect: Shown
        var reason: Shown
    }

    struct BackupCard {
        var kind: Shown
        var step: Shown
        var status: Status
        var values: [Labelled]
    }

    struct ResyncCard {
        var service: Shown
        var step: Shown
        var status: Status
        var values: [Labelled]
    }

    var style: Markup
    var icons: Markup
    var runID: Shown
    var title: Shown
    var modeLabel: Shown
    var isDrill: Bool
    var verdict: VerdictView
    var facts: [Labelled]
    var tiles: [Tile]
    // Stored, as all of these: the template engine sees stored properties only.
    var hasTiles: Bool
    var headlines: [FindingLine]
    var deviations: [FindingLine]
    var notes: [FindingLine]
    var hasHeadlines: Bool
    var hasDeviations: Bool
    var hasNotes: Bool
    var hasFindings: Bool
    var services: [ServiceView]
    var timeline: [Markup]
    var graph: Markup?
    var graphNote: Shown
    var criticalPath: Shown?
    var stepRows: Markup
    var stepArticles: Markup
    var backups: [BackupCard]
    var resyncs: [ResyncCard]
    var isolationStatement: Shown
    var isolation: [IsolationView]
    var ranOutside: [OutsideLine]
    var hasRanOutside: Bool
    var decisions: [DecisionLine]
    var hasDecisions: Bool
    var doesNotShow: [Shown]
    var digests: [Labelled]
    var files: [Labelled]
    var hasFiles: Bool
    var fileCount: Shown
    var tool: Shown
}

extension ReportPage {
    init(_ record: Record, _ steps: StepSection, tool: String) {
        style = Markup(trusted: Templates.reportStyle)
        icons = Markup(trusted: Templates.icons)
        runID = Shown(record.run.id)
        title = Shown(record.run.title)
        isDrill = record.run.mode == .drill
        modeLabel = isDrill ? "DRILL" : "REAL RUN"
        verdict = VerdictView(record)
        facts = Self.facts(record)
        tiles = record.services.flatMap(Tile.tiles)
        hasTiles = !tiles.isEmpty
        headlines = Self.findings(record, .headline)
        deviations = Self.findings(record, .deviation)
        notes = Self.findings(record, .note)
        hasHeadlines = !headlines.isEmpty
        hasDeviations = !deviations.isEmpty
        hasNotes = !notes.isEmpty
        hasFindings = !record.findings.isEmpty
        services = record.services.map { ServiceView($0, since: record.run.createdAt) }
        timeline = TimelinePicture(record: record).drawn()
        graph = GraphPicture(nodes: record.steps.filter(\.isMain).map(GraphPicture.Node.init)).drawn()
        graphNote = Self.graphNote(record.steps, isDrawn: graph != nil)
        criticalPath = Self.criticalPath(record)
        stepRows = steps.rows
        stepArticles = steps.articles
        backups = record.backups.map(Self.backup)
        resyncs = record.resyncs.map(Self.resync)
        isolationStatement = Self.isolationStatement(record)
        isolation = record.isolation.map(IsolationView.init)
        ranOutside = record.ranOutside.map { work in
            OutsideLine(
                step: Shown(work.step.rawValue), kind: Shown(work.kind.rawValue), effect: Shown(work.effect.rawValue),
                reason: Shown(work.reason))
        }
        hasRanOutside = !ranOutside.isEmpty
        decisions = record.decisions.map(DecisionLine.init)
        hasDecisions = !decisions.isEmpty
        doesNotShow = record.doesNotShow.map { Shown($0) }
        digests = Self.digests(record)
        files = record.plan.files.map { Labelled(label: Shown($0.path), text: Shown($0.sha256.hex)) }
        hasFiles = !files.isEmpty
        fileCount = Shown(String(files.count))
        self.tool = Shown(tool)
    }

    private static func facts(_ record: Record) -> [Labelled] {
        let run = record.run
        var facts = [
            Labelled(label: "Run", text: Shown(run.id)),
            Labelled(label: "Runbook", text: Shown(run.runbook)),
            Labelled(label: "Purpose", text: Shown(run.purpose.rawValue)),
            Labelled(label: "Environment", text: Shown(run.environment)),
            Labelled(label: "Started by", text: Shown("\(run.initiator) (uid \(run.initiatorUID))")),
            Labelled(label: "Started", text: Shown(run.createdAt.shown)),
            Labelled(label: "Ended", text: Shown(run.closedAt?.shown ?? "not ended")),
            Labelled(label: "Took", text: Shown(Wording.duration(run.elapsedNanoseconds))),
            Labelled(
                label: "Steps",
                text: Shown(
                    "\(record.steps.count { $0.outcome == .succeeded }) of \(record.steps.count) succeeded")),
        ]
        if let planned = run.planned {
            facts.append(Labelled(label: "Occasion", text: planned ? "planned" : "unplanned"))
        }
        if let incident = run.incident { facts.append(Labelled(label: "Incident", text: Shown(incident))) }
        let hosts = run.runners.map(\.host).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        if !hosts.isEmpty { facts.append(Labelled(label: "Host", text: Shown(hosts.joined(separator: ", ")))) }
        return facts
    }

    private static func findings(_ record: Record, _ weight: Finding.Weight) -> [FindingLine] {
        record.findings.filter { $0.weight == weight }.map { finding in
            FindingLine(
                step: finding.step.map { Shown($0.rawValue) }, text: Shown(finding.text),
                event: finding.event.map { Shown(String($0)) })
        }
    }

    private static func graphNote(_ steps: [StepRecord], isDrawn: Bool) -> Shown {
        let planned = steps.count(where: \.isMain)
        let cleanups = steps.count(where: \.isCleanup)
        let cleanup = Wording.count(Int64(cleanups), "cleanup step")
        if isDrawn {
            return Shown(
                "An arrow leads from a step to one that needs it; needs that follow from others are not drawn. "
                    + "\(cleanup), done in order at the end whatever happened, \(cleanups == 1 ? "is" : "are") not part of it."
            )
        }
        return planned <= 1
            ? "There is no graph: nothing needs anything."
            : Shown("\(planned) steps are too many for a readable picture; every step's needs stand with it below.")
    }

    private static func criticalPath(_ record: Record) -> Shown? {
        guard let path = record.criticalPath else { return nil }
        var text =
            "Critical path, \(Wording.duration(path.durationNanoseconds)): "
            + path.steps.map(\.rawValue).joined(separator: " → ") + "."
        if record.run.mode == .drill, let share = path.exercisedThousandths {
            text += " The drill exercised \(share / 10) % of it"
            text +=
                path.notExercised.isEmpty
                ? "." : "; not: " + path.notExercised.map { "\($0.step) (\($0.reason))" }.joined(separator: ", ") + "."
        }
        return Shown(text)
    }

    private static func backup(_ facts: BackupFacts) -> BackupCard {
        BackupCard(
            kind: Shown(facts.kind.rawValue), step: Shown(facts.step.rawValue), status: Status(facts.outcome),
            values: [
                Labelled(label: "Repository", text: Shown(facts.repository)),
                Labelled(label: "Dataset", text: Shown(facts.dataset)),
            ]
                + facts.outputs.map { output in
                    Labelled(
                        label: Shown(Wording.outputName(output.name)),
                        text: Shown(Wording.output(output.name, output.value)))
                })
    }

    private static func resync(_ facts: ResyncFacts) -> ResyncCard {
        let status: Status =
            switch facts.treesEqual {
            case true?: Status(.good, "both trees are equal")
            case false?: Status(.bad, "the trees differ")
            case nil: Status(.unknown, "equality not established")
            }
        return ResyncCard(
            service: Shown(facts.service), step: Shown(facts.step.rawValue), status: status,
            values: [
                Labelled(label: "From", text: Shown(facts.from)), Labelled(label: "To", text: Shown(facts.to)),
                Labelled(label: "Started", text: Shown(facts.startedAt.shown)),
                Labelled(label: "Took", text: Shown(Wording.duration(facts.elapsedNanoseconds))),
                Labelled(
                    label: "Copied",
                    text: Shown("\(Wording.count(facts.filesCopied, "file")), \(Wording.bytes(facts.bytesCopied))")),
                Labelled(label: "Deleted", text: Shown(Wording.count(facts.filesDeleted, "file"))),
                Labelled(label: "Compared", text: Shown(Wording.count(facts.filesCompared, "file"))),
                Labelled(label: "Digest of the source", text: Shown(facts.sourceDigest ?? "not established")),
                Labelled(label: "Digest of the target", text: Shown(facts.targetDigest ?? "not established")),
            ])
    }

    private static func isolationStatement(_ record: Record) -> Shown {
        guard record.run.mode == .drill else {
            return "This was a real run: nothing was isolated, and nothing was meant to be."
        }
        if record.plan.shape?.isTabletop == true {
            return "This drill was talked through: nothing was done, and nothing had to be isolated."
        }
        if let reason = record.plan.withoutIsolation {
            return Shown(
                "THIS DRILL WAS NOT ISOLATED; its runbook allows that. The machine could not isolate it: \(reason)")
        }
        return Shown(
            "Steps of a drill run in namespaces of their own (user, network, processes, mounts, IPC) that reach "
                + "nothing outside unless it is named. A probe shows something only if the address answered from "
                + "outside and stayed silent inside. drctl's control ends there: it does not reach into the kernel, "
                + "the hardware, processes that it did not start, or what is listed below as run outside."
                + networks(record.plan.networks ?? []))
    }

    private static func networks(_ networks: [PlannedNetwork]) -> String {
        if networks.isEmpty { return " This drill had no network but its own loopback interface." }
        let reachable = networks.map { network in
            "on \(network.interface): \(network.allow.map(\.description).joined(separator: ", "))"
        }
        return " Beside its own loopback interface this drill could reach, \(reachable.joined(separator: "; "))"
            + ", and nothing else: a filter that the inside cannot change refuses the rest."
    }

    private static func digests(_ record: Record) -> [Labelled] {
        var digests = [
            Labelled(label: "Plan: SHA-256 of plan.json", text: Shown(record.plan.digest.hex)),
            Labelled(
                label: Shown(
                    "Journal's head: commit \(record.journal.commit), event \(record.journal.event)"),
                text: Shown(record.journal.hash.hex)),
            Labelled(label: "Runbook's source", text: Shown(record.plan.runbookDigest.hex)),
        ]
        if let site = record.plan.siteDigest {
            digests.append(Labelled(label: "Site file", text: Shown(site.hex)))
        }
        if let catalogue = record.plan.catalogueDigest {
            digests.append(Labelled(label: "Catalogue of services", text: Shown(catalogue.hex)))
        }
        return digests
    }
}
