import DREvidence
import DRJournal
import DRMachine
import DRMeasure
import DRParallel
import DRRunbook
import DRSystem
import SystemPackage

/// What is left of a run when it is over: record and report, derived from plan and journal, and what they show.
struct RunConclusion {
    struct Summary: Encodable, Sendable {
        struct Service: Encodable, Sendable {
            var name: String
            var recoveryTimeNanoseconds: Int64?
            var recoveryTimeObjective: String?
            var lossNanoseconds: Int64?
            var lostWrites: Int64?
            var recoveryPointObjective: String?
        }

        var run: String
        var outcome: String
        var reason: String
        var services: [Service]
        var record: String
        var report: String
        var owedCleanup: [String]
        /// What whoever reads nothing else has to read.
        var headlines: [String]
        let conditions: [ExitStatus]
        let text: String

        private enum CodingKeys: String, CodingKey {
            case run, outcome, reason, services, record, report, owedCleanup, headlines
        }
    }

    private let view: RunView

    init(_ view: RunView) { self.view = view }

    /// Writes `record.json` and `report.html`; durable on return. Doing it again gives the same bytes.
    func write() throws -> Summary {
        guard let head = view.contents.head else {
            throw Failure(
                exit: .notEstablished, code: "run.empty", message: "the journal of \(view.directory.id) is empty")
        }
        let record = try Record.derive(plan: view.firstPlan, events: view.contents.events, head: head)
        let mode = RunDirectory.Audience.ofThisHost.fileMode
        let (report, written) = Parallel.both(
            { Result { try Report.render(record, tool: Drctl.tool) } },
            {
                Result {
                    try DurableFile.replace(at: view.directory.record, with: try record.fileBytes(), mode: mode)
                }
            })
        try written.get()
        try DurableFile.replace(at: view.directory.report, with: Array(try report.get().utf8), mode: mode)
        return summary(of: record)
    }

    /// What the record says, for whoever reads the last lines or nothing but the exit status.
    private func summary(of record: Record) -> Summary {
        // Missed objectives and owed cleanup stand in lines of their own.
        let told: Set<String> = ["objectiveMissed", "cleanupOwed"]
        let headlines = record.findings.filter { $0.weight == .headline && !told.contains($0.kind) }.map(\.text)
        let (outcome, reason): (String, String) =
            if case .closed(let outcome, let reason) = view.state.status { (outcome.rawValue, reason) } else {
                ("open", "")
            }
        return Summary(
            run: view.directory.id, outcome: outcome, reason: reason, services: record.services.map(Self.service),
            record: view.directory.record.string, report: view.directory.report.string,
            owedCleanup: view.state.owedCleanup.keys.map(\.rawValue).sorted(), headlines: headlines,
            conditions: conditions(record.services.flatMap(\.objectives).map(\.verdict)),
            text: text(record.services, outcome: outcome, reason: reason, headlines: headlines))
    }

    private static func service(_ service: ServiceRecord) -> Summary.Service {
        Summary.Service(
            name: service.name, recoveryTimeNanoseconds: service.recoveryTime.nanoseconds,
            recoveryTimeObjective: service.objective(.recoveryTime)?.verdict.rawValue,
            lossNanoseconds: service.dataLoss.nanoseconds, lostWrites: service.dataLoss.writes,
            recoveryPointObjective: service.objective(.recoveryPoint)?.verdict.rawValue)
    }

    /// How the run ended, what is in doubt, and every objective that was not met or not established. A run that was
    /// refused has done nothing that an objective speaks of.
    private func conditions(_ verdicts: [ObjectiveVerdict.Outcome]) -> [ExitStatus] {
        var conditions = RunSummary(view).conditions
        guard view.isClosed, !conditions.contains(.refused) else { return conditions }
        if verdicts.contains(.missed) { conditions.append(.policyMissed) }
        if verdicts.contains(.notEstablished) { conditions.append(.notEstablished) }
        return conditions
    }

    private func text(
        _ services: [ServiceRecord], outcome: String, reason: String, headlines: [String]
    ) -> String {
        var lines = ["\(view.directory.id): \(outcome)\(reason.isEmpty ? "" : ": \(displayEscaped(reason))")"]
        lines += headlines.map { "  ! \(displayEscaped($0))" }
        for service in services {
            let (recovery, loss) = (service.recoveryTime, service.dataLoss)
            let achieved = Self.figure(
                recovery.nanoseconds, recovery.notEstablished, atLeast: recovery.atLeastNanoseconds,
                atMost: recovery.atMostNanoseconds)
            lines.append(
                "  \(service.name)  achieved recovery time  \(achieved)\(Self.verdict(service.objective(.recoveryTime), "RTO"))"
            )
            let lost = Self.figure(loss.nanoseconds, loss.notEstablished, atMost: loss.atMostNanoseconds)
            let writes = loss.writes.map { $0 == 1 ? ", 1 write" : ", \($0) writes" } ?? ""
            lines.append(
                "  \(service.name)  achieved data loss      \(lost)\(writes)\(Self.verdict(service.objective(.recoveryPoint), "RPO"))"
            )
        }
        for (step, reason) in view.state.owedCleanup.sorted(by: { $0.key < $1.key }) {
            lines.append("  CLEANUP OWED: \(step): \(displayEscaped(reason))")
        }
        lines.append("  report  \(view.directory.report)")
        return lines.joined(separator: "\n")
    }

    private static func figure(
        _ nanoseconds: Int64?, _ reason: String?, atLeast: Int64? = nil, atMost: Int64?
    ) -> String {
        if let nanoseconds { return TimeText.span(TimeSpan(nanoseconds: nanoseconds)) }
        var text = "not established: \(reason ?? "")"
        if let atLeast { text += ", at least \(TimeText.span(TimeSpan(nanoseconds: atLeast)))" }
        if let atMost { text += ", at most \(TimeText.span(TimeSpan(nanoseconds: atMost)))" }
        return text
    }

    private static func verdict(_ objective: ServiceRecord.Objective?, _ name: String) -> String {
        guard let objective else { return "" }
        let word =
            switch objective.verdict {
            case .met: "met"
            case .missed: "MISSED"
            case .notEstablished: "not established"
            }
        return "  (\(name) \(TimeText.span(TimeSpan(nanoseconds: objective.objectiveNanoseconds))): \(word))"
    }
}

extension ServiceRecord {
    fileprivate func objective(_ kind: Objective.Kind) -> Objective? { objectives.first { $0.kind == kind } }
}
