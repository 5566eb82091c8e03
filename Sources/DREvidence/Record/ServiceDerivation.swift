import DRMachine
import DRMeasure
import DRRunbook

extension ServiceRecord {
    /// What was measured for each service of the plan, and its marks. Marks are facts and stay even where nothing
    /// can be measured.
    static func derive(plan: Plan, events: [JournaledEvent], measured: Measured) -> [ServiceRecord] {
        plan.services.map { service in
            let clocks = ClockRecord.derive(service: service.name, events: events)
            switch measured {
            case .done(let measurement):
                guard let found = measurement.services.first(where: { $0.service == service.name }) else {
                    return ServiceRecord(service, clocks: clocks, notEstablished: "it was not measured")
                }
                return ServiceRecord(service, clocks: clocks, found)
            case .impossible(let reason):
                return ServiceRecord(service, clocks: clocks, notEstablished: reason)
            }
        }
    }

    private init(_ service: PlannedService, clocks: [ClockRecord], _ found: ServiceMeasurement) {
        func basis(_ from: ClockName, _ to: ClockName) -> String { "\(from.rawValue) to \(to.rawValue)" }
        self.init(
            name: service.name, tier: service.tier, owner: service.owner, comparedFrom: service.from,
            comparedTo: service.to, clocks: clocks,
            recoveryTime: Figure(found.recovery, between: basis(service.from, service.to)),
            dataLoss: DataLoss(found.loss), total: Figure(found.total, between: basis(.disrupted, .proven)),
            decision: Figure(found.decision, between: basis(.disrupted, .started)),
            execution: Figure(found.execution, between: "what was done of the time until proven"),
            waitingForPeople: Figure(
                found.waitingForPeople, between: "what was only waited for of the time until proven"),
            objectives: [
                Objective(.recoveryTime, found.recoveryTimeObjective, found.recovery),
                Objective(.recoveryPoint, found.recoveryPointObjective, found.loss.time),
                Objective(.maximumTolerableDowntime, found.maximumTolerableDowntime, found.total),
            ].compactMap { $0 })
    }

    private init(_ service: PlannedService, clocks: [ClockRecord], notEstablished reason: String) {
        let nothing = Figure(notEstablished: reason)
        func objective(_ kind: Objective.Kind, _ span: TimeSpan?) -> Objective? {
            span.map {
                Objective(kind: kind, objectiveNanoseconds: $0.nanoseconds, verdict: .notEstablished, reason: reason)
            }
        }
        self.init(
            name: service.name, tier: service.tier, owner: service.owner, comparedFrom: service.from,
            comparedTo: service.to, clocks: clocks, recoveryTime: nothing,
            dataLoss: DataLoss(notEstablished: reason), total: nothing, decision: nothing, execution: nothing,
            waitingForPeople: nothing,
            objectives: [
                objective(.recoveryTime, service.recoveryTimeObjective),
                objective(.recoveryPoint, service.recoveryPointObjective),
                objective(.maximumTolerableDowntime, service.maximumTolerableDowntime),
            ].compactMap { $0 })
    }
}

/// A run's measurement, or why this drctl cannot make one of these events.
enum Measured {
    case done(Measurement)
    case impossible(String)

    init(plan: Plan, events: [JournaledEvent]) {
        do throws(MachineError) {
            self = .done(try Measurement(plan: plan, events: events))
        } catch {
            self = .impossible("this drctl cannot follow the journal: \(error.message)")
        }
    }
}

extension ServiceRecord.Figure {
    init(_ figure: DRMeasure.Figure, between basis: String) {
        nanoseconds = figure.span?.nanoseconds
        switch figure.source {
        case .boot?: self.basis = "\(basis), by running time"
        case .wall?: self.basis = "\(basis), by the wall clock"
        case nil: self.basis = nil
        }
        notEstablished = figure.span == nil ? figure.reason ?? "not measured" : nil
        atLeastNanoseconds = figure.atLeast?.nanoseconds
        atMostNanoseconds = figure.atMost?.nanoseconds
    }
}

extension ServiceRecord.DataLoss {
    init(_ loss: DRMeasure.DataLoss) {
        nanoseconds = loss.time.span?.nanoseconds
        atMostNanoseconds = loss.time.atMost?.nanoseconds
        writes = loss.writes
        let steps = [loss.source?.step, loss.recovered?.step].compactMap { $0?.rawValue }.joined(separator: ", ")
        switch loss.basis {
        case .lastWrites?:
            basis = "last write at the source before the disruption, less last write read back (steps: \(steps))"
        case .recoveryPoint?: basis = "relative to the recovery point (steps: \(steps))"
        case nil: basis = nil
        }
        notEstablished = loss.time.span == nil ? loss.time.reason ?? "not measured" : nil
        writesNotEstablished = loss.writesReason
    }
}

extension ServiceRecord.Objective {
    fileprivate init?(_ kind: Kind, _ verdict: DRMeasure.ObjectiveVerdict?, _ figure: DRMeasure.Figure) {
        guard let verdict else { return nil }
        self.init(
            kind: kind, objectiveNanoseconds: verdict.objective.nanoseconds,
            achievedNanoseconds: figure.span?.nanoseconds, verdict: verdict.outcome, reason: verdict.reason)
    }
}

extension CriticalPathFacts {
    init?(_ measured: Measured) {
        guard case .done(let measurement) = measured, !measurement.criticalPath.steps.isEmpty else { return nil }
        let path = measurement.criticalPath
        steps = path.steps
        durationNanoseconds = path.duration.nanoseconds
        notExercised = path.notExercised.map { NotExercised(step: $0.step, reason: $0.reason) }
        exercisedThousandths = path.shareThousandths
    }
}

extension ServiceRecord.ClockRecord {
    /// The marks of a service; a later one of the same clock supersedes those before it.
    static func derive(service: String, events: [JournaledEvent]) -> [ServiceRecord.ClockRecord] {
        var marks: [ServiceRecord.ClockRecord] = []
        for entry in events {
            guard case .clockMarked(let mark) = entry.event, mark.service == service else { continue }
            for index in marks.indices where marks[index].clock == mark.clock { marks[index].superseded = true }
            marks.append(
                .init(
                    clock: mark.clock, at: RecordTime(mark.at), basis: mark.basis, synthetic: mark.synthetic,
                    superseded: false, event: entry.number))
        }
        return marks
    }
}
