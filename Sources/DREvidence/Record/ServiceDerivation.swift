import DRMachine
import DRRunbook

extension ServiceRecord {
    static func derive(plan: Plan, events: [JournaledEvent]) -> [ServiceRecord] {
        let reason = "measurement is not part of this build"
        let nothing = Figure(notEstablished: reason)
        return plan.services.map { service in
            func objective(_ kind: Objective.Kind, _ span: TimeSpan?) -> Objective? {
                span.map {
                    Objective(
                        kind: kind, objectiveNanoseconds: $0.nanoseconds, verdict: .notEstablished, reason: reason)
                }
            }
            return ServiceRecord(
                name: service.name, tier: service.tier, owner: service.owner, comparedFrom: service.from,
                comparedTo: service.to, clocks: ClockRecord.derive(service: service.name, events: events),
                recoveryTime: nothing, dataLoss: DataLoss(notEstablished: reason), total: nothing, decision: nothing,
                execution: nothing, waitingForPeople: nothing,
                objectives: [
                    objective(.recoveryTime, service.recoveryTimeObjective),
                    objective(.recoveryPoint, service.recoveryPointObjective),
                    objective(.maximumTolerableDowntime, service.maximumTolerableDowntime),
                ].compactMap { $0 })
        }
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
                    clock: mark.clock, at: Timestamp(mark.at), basis: mark.basis, synthetic: mark.synthetic,
                    superseded: false, event: entry.number))
        }
        return marks
    }
}
