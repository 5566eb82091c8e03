import DRCrypto
package import DRMachine
import DRMeasure
import DRParallel
package import DRRunbook

extension Record {
    /// The record of a run: a pure function of its plan and its journal.
    ///
    /// It reads what events say and never asks the machine that made them, so that a run of other rules than today's
    /// still gives its record.
    /// - Parameters:
    ///   - first: the plan that the run began with; one that was adopted later lies in the events.
    ///   - head: the journal's last commit, which the record anchors.
    /// - Throws: `EvidenceError` when the first event is not `runCreated`.
    package static func derive(
        plan first: Plan, events: [JournaledEvent], head: JournalHead
    ) throws(EvidenceError) -> Record {
        guard let beginning = events.first, case .runCreated(let created) = beginning.event else {
            throw EvidenceError(
                .notARun, "the journal's first event does not create a run",
                hint: "name a run's directory: one that holds plan.json and journal.jsonl")
        }
        let plan: Plan
        do throws(MachineError) {
            plan = try events.planInForce(after: first)
        } catch {
            throw EvidenceError(
                .notARun, error.message, hint: "the journal holds a plan that this drctl cannot read", cause: error)
        }
        let (steps, measured) = Parallel.both {
            StepRecord.derive(plan: plan, events: events)
        } _: {
            Measured(plan: first, events: events)
        }
        let services = ServiceRecord.derive(plan: plan, events: events, measured: measured)
        var record = Record(
            run: RunFacts(plan: plan, created: created, events: events, first: beginning.at),
            plan: PlanFacts(plan: plan, created: created, inForce: events.digestOfPlanInForce), journal: head,
            verdict: RunVerdict(events: events, services: services), services: services,
            criticalPath: CriticalPathFacts(measured), steps: steps,
            servicesLost: LostService.derive(events), decisions: Decision.derive(plan: plan, events: events),
            resyncs: ResyncFacts.derive(events), backups: BackupFacts.derive(plan: plan, steps: steps, events: events),
            isolation: IsolationFacts.derive(events), ranOutside: OutsideWork.derive(plan: plan, steps: steps),
            findings: [], doesNotShow: [])
        record.findings = FindingsPass(plan: plan, events: events, record: record).findings()
        record.doesNotShow = Limits.statements(record)
        return record
    }
}

extension RunFacts {
    init(plan: Plan, created: RunCreated, events: [JournaledEvent], first: Moment) {
        id = created.run
        mode = created.mode
        purpose = plan.purpose
        runbook = created.runbook
        title = plan.runbook.title
        owner = plan.runbook.owner
        environment = plan.environment
        initiator = created.initiator
        initiatorUID = created.initiatorUID
        unattended = created.unattended
        planned = created.planned
        incident = created.incident
        semantics = created.semantics
        createdAt = RecordTime(first)
        let closed = events.last { $0.event.isRunClosed }
        closedAt = closed.map { RecordTime($0.at) }
        elapsedNanoseconds = ((closed ?? events.last)?.at ?? first).elapsed(since: first).nanoseconds
        runners = events.compactMap { entry in
            guard case .runnerStarted(let runner) = entry.event else { return nil }
            return Runner(
                epoch: runner.epoch, at: RecordTime(entry.at), host: runner.host, pid: runner.pid,
                bootID: runner.bootID, version: runner.version)
        }
    }
}

extension PlanFacts {
    /// - Parameter inForce: the digest of the plan that was adopted last; nil: none was.
    init(plan: Plan, created: RunCreated, inForce: Digest?) {
        digest = inForce ?? created.plan
        runbookDigest = plan.runbook.digest
        siteDigest = plan.siteDigest
        catalogueDigest = plan.catalogueDigest
        inputs = plan.inputs.sorted { $0.key < $1.key }.map { NamedText(name: $0.key, text: $0.value) }
        files = plan.files
        width = plan.width
        let networks = plan.isolation?.networks ?? []
        self.networks = networks.isEmpty ? nil : networks
        withoutIsolation = plan.isolation?.doneWithout
        shape = plan.shape
    }
}

extension RunVerdict {
    init(events: [JournaledEvent], services: [ServiceRecord]) {
        outcome = .open
        reason = "the journal holds no end of the run"
        for entry in events {
            if case .runClosed(let end, let text) = entry.event {
                reason = text
                switch end {
                case .succeeded: outcome = .succeeded
                case .failed: outcome = .failed
                case .cancelled: outcome = .cancelled
                case .refused: outcome = .refused
                }
            }
        }
        let verdicts = services.flatMap(\.objectives).map(\.verdict)
        if verdicts.isEmpty {
            objectives = nil
        } else if verdicts.contains(.missed) {
            objectives = .missed
        } else {
            objectives = verdicts.contains(.notEstablished) ? .notEstablished : .met
        }
    }
}

extension LostService {
    static func derive(_ events: [JournaledEvent]) -> [LostService] {
        events.compactMap { entry in
            guard case .serviceLost(let step, let attempt) = entry.event else { return nil }
            return LostService(step: step, attempt: attempt, at: RecordTime(entry.at))
        }
    }
}

extension ResyncFacts {
    static func derive(_ events: [JournaledEvent]) -> [ResyncFacts] {
        events.compactMap { entry in
            guard case .resyncRecorded(let record) = entry.event else { return nil }
            return ResyncFacts(
                step: record.step, service: record.service, from: record.from, to: record.to,
                startedAt: RecordTime(record.startedAt), endedAt: RecordTime(record.endedAt),
                elapsedNanoseconds: record.endedAt.elapsed(since: record.startedAt).nanoseconds,
                filesCopied: record.filesCopied, bytesCopied: record.bytesCopied, filesDeleted: record.filesDeleted,
                filesCompared: record.filesCompared, sourceDigest: record.sourceDigest,
                targetDigest: record.targetDigest, treesEqual: record.treesEqual)
        }
    }
}

extension BackupFacts {
    static func derive(plan: Plan, steps: [StepRecord], events: [JournaledEvent]) -> [BackupFacts] {
        steps.filter { [.backup, .verify, .restore].contains($0.kind) && $0.outcome != .notStarted }.map { step in
            // The attempt says what was resolved; the plan, what was written.
            let resolved = events.reversed().lazy.compactMap { $0.event.repositoryWork(of: step.id) }.first
            let written = plan.step(step.id)?.action.repositoryWork
            return BackupFacts(
                step: step.id, kind: step.kind, outcome: step.outcome,
                repository: resolved?.repository ?? written?.repository ?? "",
                dataset: resolved?.dataset ?? written?.dataset ?? "", outputs: step.outputs)
        }
    }
}

extension IsolationFacts {
    static func derive(_ events: [JournaledEvent]) -> [IsolationFacts] {
        events.compactMap { entry in
            guard case .isolationChecked(let report) = entry.event else { return nil }
            return IsolationFacts(
                at: RecordTime(entry.at), generation: report.generation, verdict: report.verdict, probes: report.probes)
        }
    }
}

extension OutsideWork {
    /// In a drill everything runs inside, save drctl's own actions and steps that read or state a reason.
    static func derive(plan: Plan, steps: [StepRecord]) -> [OutsideWork] {
        guard plan.mode == .drill else { return [] }
        return steps.filter { !$0.attempts.isEmpty && $0.place == .outside }.map { step in
            let stated = plan.step(step.id)?.placeReason
            return OutsideWork(
                step: step.id, kind: step.kind, effect: step.effect,
                reason: stated
                    ?? (step.kind.isOwnAction
                        ? "drctl's own work on repositories and trees is done outside"
                        : step.effect == .read ? "it only reads" : "no reason is stated"))
        }
    }
}

extension StepKind {
    /// Whether drctl itself does the work.
    var isOwnAction: Bool { [.backup, .verify, .restore, .resync].contains(self) }
}

extension StepAction {
    /// Repository and dataset as the runbook wrote them.
    fileprivate var repositoryWork: (repository: String, dataset: String)? {
        switch self {
        case .backup(let action): (action.repository, action.dataset.display)
        case .verify(let action): (action.repository, action.dataset.display)
        case .restore(let action): (action.repository, action.dataset.display)
        default: nil
        }
    }
}

extension Event {
    fileprivate var isRunClosed: Bool {
        if case .runClosed = self { true } else { false }
    }

    /// Repository and dataset of an attempt of this step, resolved.
    fileprivate func repositoryWork(of step: StepID) -> (repository: String, dataset: String)? {
        guard case .attemptIntended(let spec) = self, spec.attempt.step == step, spec.attempt.part == .action,
            case .action(let request) = spec.work
        else { return nil }
        return switch request {
        case .backup(let repository, let dataset, _, _): (repository.address, dataset)
        case .verify(let repository, let dataset, _, _): (repository.address, dataset)
        case .restore(let repository, let dataset, _, _): (repository.address, dataset)
        default: nil
        }
    }
}

extension RecordTime {
    init(_ moment: Moment) { self.init(nanoseconds: moment.wall) }
}
