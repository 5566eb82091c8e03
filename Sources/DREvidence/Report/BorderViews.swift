import DRCrypto
import DRMachine
import DRRunbook

/// What the probes at the border showed.
struct IsolationView {
    struct ProbeLine {
        var name: Shown
        var isControl: Bool
        var outside: Shown
        var inside: Shown
        var status: ReportPage.Status
        var detail: Shown
    }

    var status: ReportPage.Status
    var at: Shown
    var generation: Shown
    var probes: [ProbeLine]

    init(_ facts: IsolationFacts) {
        status =
            switch facts.verdict {
            case .demonstrated: .init(.good, "demonstrated")
            case .enforcedNotDemonstrated: .init(.unknown, "enforced, not demonstrated")
            case .broken: .init(.bad, "broken")
            }
        at = Shown(facts.at.shown)
        generation = Shown(String(facts.generation))
        probes = facts.probes.map { probe in
            let status: ReportPage.Status =
                probe.answeredInside
                ? .init(.bad, "reachable")
                : probe.answeredOutside ? .init(.good, "cut off") : .init(.unknown, "nothing: silent everywhere")
            return ProbeLine(
                name: Shown(probe.name), isControl: probe.isControl,
                outside: probe.answeredOutside ? "answered" : "silent",
                inside: probe.answeredInside ? "answered" : "silent", status: status, detail: Shown(probe.detail))
        }
    }
}

/// What somebody asked of the run.
struct DecisionLine {
    var at: Shown
    var who: Shown
    var ask: Shown
    var breakGlass: Bool
    var step: Shown?
    var text: Shown
    var card: Shown?
    var refused: Shown?
    var event: Shown

    init(_ decision: Decision) {
        at = Shown(decision.at.shown)
        let uid = decision.uid.map { "uid \($0)" } ?? "owner not established"
        who = Shown(decision.person.map { "\($0) (\(uid))" } ?? "\(uid), person not established")
        ask = Shown(decision.ask ?? "–")
        breakGlass = decision.breakGlass
        step = decision.step.map { Shown($0.rawValue) }
        text = Shown(decision.text ?? "")
        card = decision.card.map { Shown($0.hex) }
        refused = decision.refused.map { Shown($0) }
        event = Shown(String(decision.event))
    }
}
