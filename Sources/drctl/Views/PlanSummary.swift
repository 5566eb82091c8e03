import DRMeasure
import DRRunbook
import DRSystem

/// What somebody wants to know of a plan before they let it begin: who is needed, what cannot be undone, what a drill
/// does not show, and how long it will take.
struct PlanSummary {
    var plan: Plan
    var forecast: Forecast?

    var lines: [String] {
        people + irreversible + differences + time
    }

    private var people: [String] {
        let asks = plan.steps.compactMap { step -> String? in
            switch step.action {
            case .approve(let card):
                let who = card.roles.isEmpty ? "anybody" : card.roles.joined(separator: " or ")
                let rest = (card.notInitiator ? ", not who starts it" : "") + (card.signed == true ? ", signed" : "")
                return "\(step.id) (\(max(1, card.quorum)) × \(who)\(rest))"
            case .manual(let card): return "\(step.id) (\(displayEscaped(card.owner)))"
            default: return nil
            }
        }
        let afterFailure = plan.steps.compactMap { step -> String? in
            guard case .manual(let card) = step.onFailure else { return nil }
            return "\(step.id) (\(displayEscaped(card.owner)))"
        }
        return Self.listed("people", asks) + Self.listed("people, if it fails:", afterFailure)
    }

    private var irreversible: [String] {
        // What a drill builds up lies in its own namespaces, and goes with them.
        guard plan.mode == .real else { return [] }
        let undone = Set(plan.rollback == .never ? [] : plan.rollbacks.compactMap(\.undoes))
        return Self.listed(
            "not undone",
            plan.steps.filter {
                $0.effect != .read && !$0.action.isEffectFree && !undone.contains($0.id) && $0.skipInDrill == nil
            }.map(\.id.rawValue))
    }

    private var differences: [String] {
        guard plan.mode == .drill else { return [] }
        return Self.listed("left out", plan.steps.filter { $0.skipInDrill != nil }.map(\.id.rawValue))
            + Self.listed("otherwise", plan.steps.filter(\.differsInDrill).map(\.id.rawValue))
    }

    private var time: [String] {
        guard let forecast, forecast.runs > 0 else { return [] }
        let times = "P50 \(TimeText.span(forecast.p50)), P90 \(TimeText.span(forecast.p90))"
        let runs = counted(forecast.runs, "earlier run")
        let path = forecast.path.map(\.rawValue).joined(separator: " → ")
        return ["forecast \(times), by \(runs)", "longest  \(path)"]
            + Self.listed("unknown", forecast.unknown.map(\.rawValue))
    }

    private static func listed(_ name: String, _ items: [String]) -> [String] {
        guard !items.isEmpty else { return [] }
        let shown = items.prefix(12).joined(separator: ", ")
        let rest = items.count > 12 ? " and \(items.count - 12) more" : ""
        return [name.padded(to: 9) + (name.count >= 9 ? " " : "") + shown + rest]
    }
}
