import DRMachine
import DRMeasure
import DRRunbook

/// The headline. Green only where every part of it is: a run that succeeded, objectives that were met, and no
/// finding that belongs beside them.
struct VerdictView {
    var tone: Shown
    var headline: Shown
    var reason: Shown

    init(_ record: Record) {
        let (tone, headline) = Self.said(record)
        self.tone = Shown(tone.rawValue)
        self.headline = Shown(headline)
        reason = Shown(record.verdict.reason)
    }

    static func said(_ record: Record) -> (Tone, String) {
        let what = record.run.mode == .drill ? "Drill" : "Run"
        switch record.verdict.outcome {
        case .failed: return (.bad, "\(what) failed")
        case .cancelled: return (.idle, "\(what) cancelled")
        case .refused: return (.idle, "\(what) refused before the first step")
        case .open: return (.unknown, "\(what) not ended")
        case .succeeded: break
        }
        let alarms = record.findings.contains { $0.weight == .headline && $0.kind != "objectiveMissed" }
        let beside = alarms ? "; read the findings first" : ""
        switch record.verdict.objectives {
        case .missed?: return (.bad, "\(what) finished, an objective was missed" + beside)
        case .notEstablished?:
            return (.unknown, "\(what) finished, whether every objective was met is not established" + beside)
        case .met?: return (alarms ? .unknown : .good, "\(what) finished, every objective met" + beside)
        case nil: return (alarms ? .unknown : .good, "\(what) finished, no objective was set" + beside)
        }
    }
}

/// An objective against what was achieved.
struct Tile {
    var label: Shown
    var service: Shown
    var value: Shown
    var tone: Shown
    var word: Shown
    var detail: Shown
    var hasBar: Bool
    var achievedPercent: Shown
    var objectivePercent: Shown

    static func tiles(_ service: ServiceRecord) -> [Tile] {
        service.objectives.map { Tile($0, of: service) }
    }

    private init(_ objective: ServiceRecord.Objective, of service: ServiceRecord) {
        let status = ReportPage.Status(objective.verdict)
        (tone, word) = (status.tone, status.word)
        self.service = Shown(service.name)
        let limit = Wording.duration(objective.objectiveNanoseconds)
        label =
            switch objective.kind {
            case .recoveryTime: "Achieved recovery time"
            case .recoveryPoint: "Achieved data loss"
            case .maximumTolerableDowntime: "Downtime"
            }
        var value = objective.achievedNanoseconds.map(Wording.duration) ?? "not established"
        if objective.kind == .recoveryPoint, let writes = service.dataLoss.writes {
            value += " · " + Wording.count(writes, "write")
        }
        self.value = Shown(value)
        detail = Shown(
            (["\(Wording.objective(objective.kind)) \(limit)"] + [objective.reason].compactMap { $0 })
                .joined(separator: "; "))
        hasBar = objective.achievedNanoseconds != nil
        let achieved = max(0, objective.achievedNanoseconds ?? 0)
        // The longer of the two takes 92 of 100, so that the limit's mark stays in the picture.
        let longest = max(Double(max(achieved, objective.objectiveNanoseconds)), 1)
        achievedPercent = Shown(String(Int(Double(achieved) / longest * 92)))
        objectivePercent = Shown(String(Int(Double(objective.objectiveNanoseconds) / longest * 92)))
    }
}

/// A service's clocks and figures.
struct ServiceView {
    struct ClockRow {
        var clock: Shown
        var at: Shown
        var offset: Shown
        var basis: Shown
        var synthetic: Bool
        var superseded: Bool
    }

    struct FigureRow {
        var label: Shown
        var achieved: Shown
        var objective: Shown
        var status: ReportPage.Status?
        var basis: Shown
    }

    var name: Shown
    var tier: Shown
    var owner: Shown
    var comparedFrom: Shown
    var comparedTo: Shown
    var clocks: [ClockRow]
    var missing: Shown?
    var figures: [FigureRow]

    init(_ service: ServiceRecord, since start: RecordTime) {
        name = Shown(service.name)
        tier = Shown(String(service.tier))
        owner = Shown(service.owner)
        comparedFrom = Shown(service.comparedFrom.rawValue)
        comparedTo = Shown(service.comparedTo.rawValue)
        clocks = service.clocks.map { mark in
            ClockRow(
                clock: Shown(mark.clock.rawValue), at: Shown(mark.at.shown),
                offset: Shown(Wording.offset(mark.at, since: start)), basis: Shown(mark.basis),
                synthetic: mark.synthetic, superseded: mark.superseded)
        }
        let missing = ClockName.allCases.filter { clock in !service.clocks.contains { $0.clock == clock } }
        self.missing = missing.isEmpty ? nil : Shown(missing.map(\.rawValue).joined(separator: ", "))
        figures = Self.figures(service)
    }

    private static func figures(_ service: ServiceRecord) -> [FigureRow] {
        func row(_ label: Shown, _ figure: ServiceRecord.Figure, _ kind: ServiceRecord.Objective.Kind? = nil)
            -> FigureRow
        {
            let objective = service.objectives.first { $0.kind == kind }
            return FigureRow(
                label: label, achieved: Shown(figure.nanoseconds.map(Wording.duration) ?? "not established"),
                objective: Shown(objective.map { Wording.duration($0.objectiveNanoseconds) } ?? "–"),
                status: objective.map { ReportPage.Status($0.verdict) },
                basis: Shown(Wording.basis(figure)))
        }
        let loss = service.dataLoss
        var lost = row(
            "Data loss",
            ServiceRecord.Figure(
                nanoseconds: loss.nanoseconds, basis: loss.basis, notEstablished: loss.notEstablished,
                atMostNanoseconds: loss.atMostNanoseconds),
            .recoveryPoint)
        if let writes = loss.writes {
            lost.achieved = Shown("\(lost.achieved.renderText), \(Wording.count(writes, "write"))")
        }
        return [
            row("Recovery time", service.recoveryTime, .recoveryTime), lost,
            row("Total", service.total, .maximumTolerableDowntime), row("Decision", service.decision),
            row("Execution", service.execution), row("Waiting for people", service.waitingForPeople),
        ]
    }
}
