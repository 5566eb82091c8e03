import ArgumentParser
import DREngine
import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import SystemPackage

struct Resume: Command {
    static let configuration = CommandConfiguration(
        abstract: "Take a run up again: after a crash, a pause, or a terminal that was closed.",
        usage: "drctl resume [RUN] [--confirm-finished] [--plan RUNBOOK.yaml --reason TEXT] [options]",
        discussion: """
            After a restart of the machine the run asks whether what its finished steps did
            is still there, as far as no probe can tell. Look before you say so: what was
            written shortly before may be lost. `drctl resolve RUN STEP --as retry` has a
            step done again.

            A runbook that proved wrong under way is mended, and the run goes on by it: what
            is over has to be the same in both, what failed is done anew as it is written
            now, cards are shown again, and nothing may be under way or in doubt.

            Example:  drctl resume orders-20261122
                      drctl resume orders-20261122 --confirm-finished
                      drctl resume orders-20261122 --plan Runbooks/orders.yaml \\
                           --reason "the fence asked the old switch"
            """)

    @OptionGroup var selection: RunSelection
    @Flag(help: "Ask nobody here.")
    var unattended = false
    @Flag(help: "After a restart of the machine: what finished steps did is still there.")
    var confirmFinished = false
    @Option(help: ArgumentHelp("Go on by this runbook as it is written now.", valueName: "runbook.yaml"))
    var plan: String?
    @Option(
        name: .customLong("input"),
        help: ArgumentHelp("With --plan: another value for an input; may be given again.", valueName: "name=value"))
    var inputs: [String] = []
    @Option(help: "With --plan: why; goes into the report.")
    var reason: String?
    @Option(
        help: ArgumentHelp("With --plan: the site file (default: site.yaml beside the runbook).", valueName: "file"))
    var site: String?
    @Option(
        help: ArgumentHelp(
            "With --plan: the catalogue (default: services.yaml beside the runbook).", valueName: "file"))
    var catalogue: String?
    @Option(
        help: ArgumentHelp("With --plan, of a real run: the runbook's name, instead of typing it.", valueName: "name"))
    var confirm: String?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if plan != nil, reason?.isEmpty != false { throw ValidationError("--plan needs a --reason") }
        if plan == nil, !inputs.isEmpty || [reason, site, catalogue, confirm].contains(where: { $0 != nil }) {
            throw ValidationError("--reason, --input, --site, --catalogue and --confirm belong to --plan")
        }
    }

    func perform() async throws -> Outcome {
        let view = try selection.select("resume") { !$0.isClosed }
        if view.isClosed {
            if plan != nil {
                throw Failure(
                    exit: .usage, code: "run.closed", message: "run \(view.directory.id) is closed",
                    hint: "start another with the runbook as it is now")
            }
            // Killed between the last commit and the report: the report is all that is missing.
            let summary = try RunConclusion(view).write()
            return .run(summary.conditions, text: summary.text, result: summary)
        }
        var adoption: PlanAdoption?
        if let plan { adoption = try await replacement(plan, for: view) }
        guard case .paused = view.state.status else {
            if confirmFinished {
                Output.note("drctl: the run has not asked whether finished steps still hold; nothing was confirmed")
            }
            return try await drive(view, proceeds: nil, adopts: adoption)
        }
        let confirmed = try await confirmed(view)
        let ask = Request.Ask.proceed(reason: "drctl resume", confirmed: confirmed.isEmpty ? nil : confirmed)
        if let holder = try RunnerLock.holder(of: view.directory) {
            return try await Asking(view).leave(ask, done: "going on; driven by \(holder)")
        }
        return try await drive(view, proceeds: ask, adopts: adoption)
    }

    private func drive(_ view: RunView, proceeds: Request.Ask?, adopts: PlanAdoption?) async throws -> Outcome {
        let plan = try adopts?.plan() ?? view.plan
        return try await RunSession(
            directory: view.directory, plan: plan,
            unattended: unattended || view.state.created?.unattended == true, proceeds: proceeds,
            known: Runner.KnownRun(plan: view.firstPlan, contents: view.contents, state: view.state),
            adopts: adopts
        ).drive()
    }

    /// The runbook as it is now, planned as the run's was; what is different is shown.
    private func replacement(_ runbook: String, for view: RunView) async throws -> PlanAdoption {
        if let holder = try RunnerLock.holder(of: view.directory) {
            throw Failure(
                exit: .heldByAnother, code: "run.held",
                message: "run \(view.directory.id) is driven by \(holder), and goes on by its plan",
                hint: "end that process first (SIGHUP lets go of the run, whose steps go on), then give --plan again")
        }
        let old = view.plan
        var words = [runbook, "--environment", old.environment]
        if let site { words += ["--site", site] }
        if let catalogue { words += ["--catalogue", catalogue] }
        let known = try RunbookOptions.parse(words).sources().check().value?.runbook.inputs ?? [:]
        let kept = old.inputs.filter { input in
            known[input.key] != nil && !inputs.contains { $0.hasPrefix("\(input.key)=") }
        }
        for pair in kept.sorted(by: { $0.key < $1.key }).map({ "\($0.key)=\($0.value)" }) + inputs {
            words += ["--input", pair]
        }
        let plan = try RunbookOptions.parse(words).plan(
            old.mode, withoutIsolation: old.isolation?.doneWithout, shape: old.shape)
        let changes = try PlanDiff(from: old, to: plan).changes
        if changes.isEmpty {
            throw Failure(
                exit: .usage, code: "plan.same", message: "this is the plan that run \(view.directory.id) has",
                hint: "leave --plan out")
        }
        Output.note(PlanCommand.text(changes, since: view.directory.id))
        // Before anything is copied; whoever drives the run asks again when it has looked at what was under way.
        let reasons = view.state.reasonsAgainst(adopting: plan)
        if !reasons.isEmpty { throw MachineError(adoptionRefusedBecause: reasons) }
        if plan.mode == .real {
            try await Confirmation(name: plan.runbook.name, given: confirm).ask(
                to: "go on by this plan", nothingWasDone: "it keeps its plan, and nobody drives it")
        }
        let folder = try Paths.absolute(runbook).removingLastComponent()
        return try PlanReplacement.prepare(
            plan, for: view.directory, uid: Host.effectiveUID, reason: reason ?? "",
            file: { try? DurableFile.read(at: folder.appending($0), limit: 64 << 20) })
    }

    /// Of which finished steps somebody says that they hold, where that is asked.
    private func confirmed(_ view: RunView) async throws -> [StepID] {
        let steps = view.state.unconfirmedSteps
        if steps.isEmpty || confirmFinished { return steps }
        let names = steps.map { displayEscaped($0.rawValue) }.joined(separator: ", ")
        if Output.isInputTerminal, !unattended {
            Output.note("The machine was restarted. Is what these finished steps did still there?")
            for step in steps {
                Output.note("  \(displayEscaped(step.rawValue))  \(displayEscaped(view.plan.step(step)?.title ?? ""))")
            }
            let answer = await BlockingThread.run {
                Output.write("Look first. Type yes if all of it is: ", to: .standardError)
                return readLine(strippingNewline: true)
            }
            if answer == "yes" { return steps }
        }
        throw Failure(
            exit: .waitingForPerson, code: "run.unconfirmed",
            message: "the machine was restarted, and nobody has said whether these still hold: \(names)",
            hint:
                "look, then give --confirm-finished, or: drctl resolve \(view.directory.id) STEP --as retry --reason …")
    }
}
