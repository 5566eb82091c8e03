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
        // Missed objectives and owed cleanup stand in lines of their own.
        let told: Set<String> = ["objectiveMissed", "cleanupOwed"]
        return try summary(
            headlines: record.findings.filter { $0.weight == .headline && !told.contains($0.kind) }.map(\.text))
    }

    private func summary(headlines: [String]) throws -> Summary {
        let measured = try Measurement(plan: view.firstPlan, events: view.contents.events)
        let (outcome, reason): (String, String) =
            if case .closed(let outcome, let reason) = view.state.status { (outcome.rawValue, reason) } else {
                ("open", "")
            }
        return Summary(
            run: view.directory.id, outcome: outcome, reason: reason, services: measured.services.map(Self.service),
            record: view.directory.record.string, report: view.directory.report.string,
            owedCleanup: view.state.owedCleanup.keys.map(\.rawValue).sorted(), headlines: headlines,
            conditions: conditions(measured),
            text: text(measured, outcome: outcome, reason: reason, headlines: headlines))
    }

    private static func service(_ service: ServiceMeasurement) -> Summary.Service {
        Summary.Service(
            name: service.service, recoveryTimeNanoseconds: service.recovery.span?.nanoseconds,
            recoveryTimeObjective: service.recoveryTimeObjective?.outcome.rawValue,
            lossNanoseconds: service.loss.time.span?.nanoseconds, lostWrites: service.loss.writes,
            recoveryPointObjective: service.recoveryPointObjective?.outcome.rawValue)
    }

    /// How the run ended, what is in doubt, and every objective that was not met or not established. A run that was
    /// refused has done nothing that an objective speaks of.
    private func conditions(_ measured: Measurement) -> [ExitStatus] {
        var conditions = RunSummary(view).conditions
        guard view.isClosed, !conditions.contains(.refused) else { return conditions }
        let outcomes = measured.objectives.map(\.outcome)
        if outcomes.contains(.missed) { conditions.append(.policyMissed) }
        if outcomes.contains(.notEstablished) { conditions.append(.notEstablished) }
        return conditions
    }

    private func text(
        _ measured: Measurement, outcome: String, reason: String, headlines: [String]
    ) -> String {
        var lines = ["\(view.directory.id): \(outcome)\(reason.isEmpty ? "" : ": \(displayEscaped(reason))")"]
        lines += headlines.map { "  ! \(displayEscaped($0))" }
        for service in measured.services {
            lines.append(
                "  \(service.service)  achieved recovery time  \(Self.figure(service.recovery))\(Self.verdict(service.recoveryTimeObjective, "RTO"))"
            )
            let writes = service.loss.writes.map { $0 == 1 ? ", 1 write" : ", \($0) writes" } ?? ""
            lines.append(
                "  \(service.service)  achieved data loss      \(Self.figure(service.loss.time))\(writes)\(Self.verdict(service.recoveryPointObjective, "RPO"))"
            )
        }
        for (step, reason) in view.state.owedCleanup.sorted(by: { $0.key < $1.key }) {
            lines.append("  CLEANUP OWED: \(step): \(displayEscaped(reason))")
        }
        lines.append("  report  \(view.directory.report)")
        return lines.joined(separator: "\n")
    }

    private static func figure(_ figure: Figure) -> String {
        if let span = figure.span { return TimeText.span(span) }
        var text = "not established: \(figure.reason ?? "")"
        if let least = figure.atLeast { text += ", at least \(TimeText.span(least))" }
        if let most = figure.atMost { text += ", at most \(TimeText.span(most))" }
        return text
    }

    private static func verdict(_ verdict: DRMeasure.ObjectiveVerdict?, _ name: String) -> String {
        guard let verdict else { return "" }
        let word =
            switch verdict.outcome {
            case .met: "met"
            case .missed: "MISSED"
            case .notEstablished: "not established"
            }
        return "  (\(name) \(TimeText.span(verdict.objective)): \(word))"
    }
}
