import ArgumentParser
import DRCrypto
import DREngine
import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import SystemPackage

struct Drill: Command {
    static let configuration = CommandConfiguration(
        abstract: "Carry out a runbook in isolation, and report what was achieved.",
        usage: "drctl drill RUNBOOK.yaml [--environment NAME] [--input NAME=VALUE ...] [options]",
        discussion: """
            The drill runs in namespaces of its own, with no network but what its runbook allows. Ctrl-C cancels it and cleans up.
            Exits 0 when every objective is met, 4 when one is missed, 41 when the drill failed, 45 when it was refused.

            --hold ends when its time is over, or with
            `drctl resolve RUN drill.hold --as done`.

            Example:  drctl drill Runbooks/first-drill.yaml
                      drctl drill Runbooks/orders.yaml --only service=orders --hold 2h
                      drctl drill Runbooks/first-drill.yaml --input source=/srv/site
            """)

    @OptionGroup var runbook: RunbookOptions
    @Option(help: "The run's id (default: the runbook's name and the time).")
    var id: String?
    @Flag(help: "Ask nobody here; what is not answered in its time ends the drill.")
    var unattended = false
    @Option(
        help: ArgumentHelp(
            "Drill this service alone, with all that its steps need; may be given again.", valueName: "service=NAME"))
    var only: [String] = []
    @Flag(help: "Talk it through: every step is a card, nothing is done.")
    var tabletop = false
    @Option(help: ArgumentHelp("Keep what was built up so long for a look.", valueName: "duration"))
    var hold: TimeSpan?
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        for word in only where !word.hasPrefix("service=") || word.count == 8 {
            throw ValidationError("--only takes service=NAME, not \(word)")
        }
        if tabletop, hold != nil {
            throw ValidationError("--hold keeps what a drill builds up; --tabletop builds nothing up")
        }
    }

    private var shape: DrillShape? {
        if only.isEmpty, !tabletop, hold == nil { return nil }
        return DrillShape(
            only: only.isEmpty ? nil : only.map { String($0.dropFirst(8)) }, isTabletop: tabletop ? true : nil,
            hold: hold)
    }

    func perform() async throws -> Outcome {
        let plan = try await isolatedPlan()
        return try await RunStart(
            plan: plan, runbook: runbook, id: id, state: try state.root(), unattended: unattended, planned: nil,
            incident: nil
        ).drive()
    }

    /// Before anything exists: a machine that cannot isolate refuses the drill, unless its runbook says otherwise.
    private func isolatedPlan() async throws -> Plan {
        let plan = try runbook.plan(.drill, shape: shape)
        if tabletop { return plan }
        do throws(EngineError) {
            try await Isolation.checkAvailable(for: plan.isolation?.networks ?? [])
            return plan
        } catch {
            guard plan.isolation?.whenUnavailable == .doWithout else { throw error }
            Output.note(
                "WITHOUT ISOLATION: \(error.message). The runbook lets the drill go on; all of it runs outside.")
            return try runbook.plan(.drill, withoutIsolation: error.message, shape: shape)
        }
    }
}

struct Run: Command {
    static let configuration = CommandConfiguration(
        abstract: "Carry out a runbook for real.",
        usage: "drctl run RUNBOOK.yaml --planned|--unplanned [--confirm NAME] [options]",
        discussion: """
            Confirmed by typing the runbook's name, or with --confirm NAME. Ctrl-C pauses the run; what is under way goes
            on, and `drctl resume` takes it up.

            Example:  drctl run Runbooks/orders.yaml --environment production \\
                       --unplanned --incident INC-4711
            """)

    @OptionGroup var runbook: RunbookOptions
    @Option(help: "The run's id (default: the runbook's name and the time).")
    var id: String?
    @Flag(help: "A planned change.")
    var planned = false
    @Flag(help: "An emergency.")
    var unplanned = false
    @Option(help: "The incident's number.")
    var incident: String?
    @Option(help: ArgumentHelp("The runbook's name, instead of typing it.", valueName: "name"))
    var confirm: String?
    @Flag(help: "Ask nobody here; what is not answered in its time ends the run.")
    var unattended = false
    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard planned != unplanned else { throw ValidationError("say either --planned or --unplanned") }
    }

    func perform() async throws -> Outcome {
        let plan = try runbook.plan(.real)
        try await Confirmation(name: plan.runbook.name, given: confirm).ask(
            to: "start", nothingWasDone: "nothing was started"
        ) { PlanCommand.text(plan, digest: PlanCodec.digest(try PlanCodec.encode(plan)).hex) }
        return try await RunStart(
            plan: plan, runbook: runbook, id: id, state: try state.root(), unattended: unattended, planned: planned,
            incident: incident
        ).drive()
    }
}
