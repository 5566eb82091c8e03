import ArgumentParser
import DRCrypto
import DRRunbook
import DRSystem

struct PlanCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "What a run would do: every step, where it runs and what it needs. Starts nothing.",
        usage: "drctl plan RUNBOOK.yaml [--real] [--environment NAME] [options]",
        discussion: """
            Example:  drctl plan Runbooks/first-drill.yaml
                      drctl plan Runbooks/orders.yaml --real --input region=dr-west
            """)

    @OptionGroup var runbook: RunbookOptions
    @Flag(help: "Plan a real run instead of a drill.")
    var real = false
    @OptionGroup var output: OutputOptions

    struct Result: Encodable {
        var digest: String
        var plan: Plan
    }

    func perform() async throws -> Outcome {
        let plan = try runbook.plan(real ? .real : .drill)
        let digest = PlanCodec.digest(try PlanCodec.encode(plan))
        return .run([], text: Self.text(plan, digest: digest.hex), result: Result(digest: digest.hex, plan: plan))
    }

    static func text(_ plan: Plan, digest: String) -> String {
        var lines = [
            "\(displayEscaped(plan.runbook.title))",
            "\(plan.mode == .drill ? "drill" : "REAL RUN") in \(plan.environment), plan \(digest.prefix(16))", "",
        ]
        for input in plan.inputs.sorted(by: { $0.key < $1.key }) {
            lines.append("input    \(input.key) = \(displayEscaped(input.value))")
        }
        for service in plan.services { lines.append("service  " + objectives(service)) }
        if let isolation = plan.isolation {
            let names = isolation.mustNotReach.joined(separator: ", ")
            lines.append("isolated from everything" + (names.isEmpty ? "" : "; shown for: \(names)"))
        }
        if lines.last?.isEmpty == false { lines.append("") }
        lines += plan.steps.map { line($0, in: plan) }
        if !plan.rollbacks.isEmpty, plan.rollback != .never {
            let asks = plan.rollback == .ask ? ", if somebody says so" : ""
            lines += ["", "if the run fails or is cancelled, undone in reverse order\(asks):"]
            lines += plan.rollbacks.map { line($0, in: plan) }
        }
        if !plan.cleanup.isEmpty {
            lines += ["", "cleanup, whatever happens:"]
            lines += plan.cleanup.map { line($0, in: plan) }
        }
        return lines.joined(separator: "\n")
    }

    private static func objectives(_ service: PlannedService) -> String {
        let recoveryTime = service.recoveryTimeObjective.map {
            "RTO \(TimeText.span($0)) (\(service.from.rawValue)..\(service.to.rawValue))"
        }
        let recoveryPoint = service.recoveryPointObjective.map { "RPO \(TimeText.span($0))" }
        return ([service.name, "tier \(service.tier)"] + [recoveryTime, recoveryPoint].compactMap { $0 }).joined(
            separator: ", ")
    }

    private static func line(_ step: PlannedStep, in plan: Plan) -> String {
        var notes = [step.action.kind.rawValue, step.effect.rawValue]
        if plan.mode == .drill && step.place == .outside { notes.append("outside") }
        if step.background != nil { notes.append("service") }
        if let reason = step.skipInDrill { notes.append("skipped in a drill: \(reason)") }
        let needs = step.needs.isEmpty ? "" : "  after " + step.needs.map(\.step.rawValue).joined(separator: ", ")
        return
            "  \(step.id.rawValue.padded(to: 20)) \(displayEscaped(step.title))  [\(notes.joined(separator: ", "))]\(needs)"
    }
}
