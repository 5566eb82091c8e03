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
        discussion: """
            After a restart of the machine the run asks whether what its finished steps did
            is still there, as far as no probe can tell. Look before you say so: what was
            written shortly before may be lost. `drctl resolve RUN STEP --as retry` has a
            step done again.

            Example:  drctl resume orders-20261122
                      drctl resume orders-20261122 --confirm-finished
            """)

    @OptionGroup var selection: RunSelection
    @Flag(help: "Ask nobody here.")
    var unattended = false
    @Flag(help: "After a restart of the machine: what finished steps did is still there.")
    var confirmFinished = false
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        let view = try selection.select("resume") { !$0.isClosed }
        if view.isClosed {
            // Killed between the last commit and the report: the report is all that is missing.
            let summary = try RunConclusion(view).write()
            return .run(summary.conditions, text: summary.text, result: summary)
        }
        guard case .paused = view.state.status else { return try await drive(view, proceeds: nil) }
        let confirmed = try await confirmed(view)
        let ask = Request.Ask.proceed(reason: "drctl resume", confirmed: confirmed.isEmpty ? nil : confirmed)
        if let holder = try RunnerLock.holder(of: view.directory) {
            return try await Asking(view).leave(ask, done: "going on; driven by \(holder)")
        }
        return try await drive(view, proceeds: ask)
    }

    private func drive(_ view: RunView, proceeds: Request.Ask?) async throws -> Outcome {
        try await RunSession(
            directory: view.directory, plan: view.plan,
            unattended: unattended || view.state.created?.unattended == true, proceeds: proceeds
        ).drive()
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
