import DREngine
import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import Glibc
import SystemPackage

/// A run driven by this process, from the lock to the report: what `drill`, `run` and `resume` share.
struct RunSession {
    var directory: RunDirectory
    var plan: Plan
    /// Nobody is asked here, whatever the terminal.
    var unattended: Bool
    /// The run is paused, and whoever drives it now wants it to go on; nil: nobody does.
    var proceeds: Request.Ask?
    /// What was read of it to find out how to take it up.
    var known: Runner.KnownRun?
    /// The plan by which the run goes on; nil: by the one that it has.
    var adopts: PlanAdoption?

    /// What is said of a run after its end becomes a part of its journal and its report.
    static func takeLateRequests(of directory: RunDirectory) async throws {
        let executable = try OwnExecutable.path()
        let runner = try await Runner(
            Runner.Configuration(
                directory: directory,
                access: LocalSupervisors(runDirectory: directory.path, executable: executable, isolation: nil),
                isolationProbe: IsolationCheck(runDirectory: directory.path), time: try SystemTimeSource(),
                version: Drctl.version))
        _ = try await runner.run()
        _ = try RunConclusion(RunView(reading: directory)).write()
    }

    func drive() async throws -> Outcome {
        let time = try SystemTimeSource()
        let executable = try OwnExecutable.path()
        try GroupTurns(runDirectory: directory.path).prepare(
            (plan.sharedGroups ?? [:]).map { GroupTurn(group: $1, limit: plan.concurrency[$0] ?? 1) })
        let isolation = try await self.isolation(executable)
        let feed = RunFeed(of: known?.state ?? RunState(plan: plan))
        let runner = try await Runner(
            Runner.Configuration(
                directory: directory,
                access: LocalSupervisors(runDirectory: directory.path, executable: executable, isolation: isolation),
                isolationProbe: IsolationCheck(runDirectory: directory.path), time: time, version: Drctl.version,
                known: known, onCommit: { feed.add($0) }))
        if let adopts { try await runner.adopt(adopts) }
        // Only now: a run that cannot be taken up keeps no request behind.
        if let proceeds {
            let request = Request(
                id: try Asking.newID(), run: directory.id, uid: Host.effectiveUID, ask: proceeds)
            try RequestBox(of: directory).leave(request)
        }
        // What happened before this process is part of the picture.
        feed.start(from: await runner.current)
        let stopping = SignalWatch { signal in Self.signalled(signal, runner, mode: plan.mode) }
        let display = RunDisplayLoop(
            feed: feed, directory: directory, display: try RunDisplay(plan: plan),
            asks: !unattended && Output.isInputTerminal)
        let showing = Task { await display.run() }
        let ending: Runner.Ending
        do {
            ending = try await runner.run()
        } catch {
            feed.end()
            showing.cancel()
            await showing.value
            throw error
        }
        feed.end()
        showing.cancel()
        await showing.value
        return try conclude(ending, signal: stopping.exit)
    }

    /// Ctrl-C cancels a drill and pauses a real run.
    private static func signalled(_ signal: Int32, _ runner: Runner, mode: RunMode) {
        let name = signal == SIGINT ? "interrupted (SIGINT)" : "terminated (SIGTERM)"
        switch mode {
        case .drill: runner.tell(.cancel(reason: name))
        case .real:
            runner.tell(.pause(reason: name))
            runner.detach()
        }
    }

    private func conclude(_ ending: Runner.Ending, signal: ExitStatus?) throws -> Outcome {
        let view = try RunView(reading: directory)
        let interruption = signal.map { [$0] } ?? []
        switch ending {
        case .closed:
            let summary = try RunConclusion(view).write()
            return .run(interruption + summary.conditions, text: summary.text, result: summary)
        case .detached:
            let summary = RunSummary(view)
            return .run(
                interruption + summary.conditions,
                text:
                    "\(directory.id): \(summary.status); what is under way goes on.\nGo on with:  drctl resume \(directory.id)",
                result: summary)
        }
    }

    private func isolation(_ executable: FilePath) async throws -> Isolation? {
        guard let isolation = plan.isolation, plan.hasInside else { return nil }
        return Isolation(
            runDirectory: directory.path, executable: executable,
            readOnlyBinds: isolation.readOnlyBinds.map { FilePath($0) }, hiddenFiles: plan.secretFiles,
            networks: isolation.networks)
    }
}
