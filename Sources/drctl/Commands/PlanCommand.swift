import ArgumentParser
import DRCrypto
import DREvidence
import DRHistory
import DRJournal
import DRMachine
import DRMeasure
import DRParallel
import DRRunbook
import DRSystem
import SystemPackage

struct PlanCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "What a run would do, whom it needs, and how long it will take. Starts nothing.",
        usage: "drctl plan RUNBOOK.yaml [--real] [--environment NAME] [--diff RUN] [options]",
        discussion: """
            Example:  drctl plan Runbooks/first-drill.yaml
                      drctl plan Runbooks/orders.yaml --real --input region=dr-west
                      drctl plan Runbooks/orders.yaml --diff orders-20261122
                      drctl plan Runbooks/orders.yaml --format svg > orders.svg
            """)

    @OptionGroup var runbook: RunbookOptions
    @Flag(help: "Plan a real run instead of a drill.")
    var real = false
    @Option(help: ArgumentHelp("What is different from the plan of an earlier run.", valueName: "run"))
    var diff: String?
    @Option(help: "text, json (the plan alone, as a run stores it), svg, or dot (for Graphviz).")
    var format: Format = .text
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    /// How the plan is shown.
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, svg, dot }

    struct Result: Encodable {
        var digest: String
        var plan: Plan
        /// What is different from the plan of an earlier run, where one was named.
        var changes: [PlanDiff.Change]?
        /// How long it will take, by earlier runs; left out where there is none.
        var forecast: Forecast?
    }

    func perform() async throws -> Outcome {
        let plan = try runbook.plan(real ? .real : .drill)
        let isForecast = diff == nil && (format == .text || output.json)
        let root = isForecast ? try state.root() : nil
        let (encoded, forecasted) = Parallel.both {
            Swift.Result { try PlanCodec.encode(plan) }
        } _: {
            Swift.Result { try root.flatMap { try Self.forecast(plan, byRunsIn: $0) } }
        }
        let bytes = try encoded.get()
        let digest = PlanCodec.digest(bytes)
        if let diff {
            let earlier = try RunView(reading: RunDirectory.find(diff, in: try state.root()))
            let changes = try PlanDiff(from: earlier.plan, to: plan).changes
            return .run(
                [], text: Self.text(changes, since: earlier.directory.id),
                result: Result(digest: digest.hex, plan: plan, changes: changes))
        }
        let forecast = try forecasted.get()
        let text =
            switch format {
            case .text: Self.text(plan, digest: digest.hex, forecast: forecast)
            case .json: String(decoding: bytes.dropLast(), as: UTF8.self)
            case .svg: try Self.picture(plan)
            case .dot: PlanGraph(plan: plan).dot
            }
        return .run([], text: text, result: Result(digest: digest.hex, plan: plan, forecast: forecast))
    }

    /// How many earlier runs a forecast is judged by: the newest ones.
    private static let mostRuns = 20

    /// - Returns: nil where no run of this runbook in this mode has come to its end here.
    private static func forecast(_ plan: Plan, byRunsIn root: FilePath) throws -> Forecast? {
        guard try FileStatus.ifPresent(at: root) != nil else { return nil }
        do {
            let known = try RunHistory.upToDate(root).0.stepTimes(
                runbook: plan.runbook.name, mode: plan.mode, runs: mostRuns)
            return known.runs == 0 ? nil : Forecast(plan, times: known.times, runs: known.runs)
        } catch {
            // A plan is worth showing without it: the state directory may be somebody else's.
            Output.note("drctl: no forecast: \(displayEscaped(Failure(error).message))")
            return nil
        }
    }

    private static func picture(_ plan: Plan) throws -> String {
        guard let svg = PlanPicture.svg(plan) else {
            throw Failure(
                exit: .usage, code: "usage",
                message:
                    "\(counted(Int64(plan.steps.count), "step")): a picture shows \(PlanPicture.fewest) to \(PlanPicture.most)",
                hint: "use --format text, or --format dot with a tool for large graphs")
        }
        return svg
    }

    /// What is different from the plan of a run, a line for each.
    static func text(_ changes: [PlanDiff.Change], since run: String) -> String {
        if changes.isEmpty { return "as in run \(run)" }
        return changes.map { change in
            switch (change.before, change.after) {
            case (nil, _): "+ \(displayEscaped(change.what))"
            case (_, nil): "- \(displayEscaped(change.what))"
            case (let before?, let after?):
                "~ \(displayEscaped(change.what))\n    was \(displayEscaped(before))\n    is  \(displayEscaped(after))"
            }
        }.joined(separator: "\n")
    }

    static func text(_ plan: Plan, digest: String, forecast: Forecast? = nil) -> String {
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
            let but = isolation.networks.isEmpty ? "" : " but its own networks"
            lines.append("isolated from everything\(but)" + (names.isEmpty ? "" : "; shown for: \(names)"))
            for network in isolation.networks {
                lines.append(
                    "reaches  on \(network.interface): \(network.allow.map(\.description).joined(separator: ", "))")
            }
        }
        if let allow = plan.httpAllow {
            lines.append(
                "http     only to: \(allow.isEmpty ? "nowhere" : displayEscaped(allow.joined(separator: ", ")))")
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
        let summary = PlanSummary(plan: plan, forecast: forecast).lines
        if !summary.isEmpty { lines += [""] + summary }
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
