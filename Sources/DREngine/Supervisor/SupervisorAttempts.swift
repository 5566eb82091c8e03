internal import DRMachine
internal import DRRunbook
internal import DRSystem
internal import FoundationEssentials
internal import Glibc
internal import Subprocess
internal import SystemPackage

/// How the supervisor carries an attempt through: `starting` is spooled by now; `started` and `ended` are told here.
extension SupervisorCore {
    func carryOut(_ spec: AttemptSpec, secrets: [String: String]) async {
        let attempt = spec.attempt
        let program: AttemptProgram
        do throws(EngineError) {
            let given = try Self.decoded(secrets)
            let result = await withCheckedContinuation { ready in
                preparations.append(Preparation(spec: spec, secrets: given, ready: ready))
                if !isPreparing {
                    isPreparing = true
                    Task.immediate { await prepareWaiting() }
                }
            }
            program = try result.get()
        } catch {
            running[attempt] = nil
            return take(.ended(attempt, notStarted(error.message, hint: error.hint)))
        }
        do throws(EngineError) {
            let ending = try await spawn(program, attempt: attempt) { core, main in
                core.began(spec, main: main, program: program)
            }
            await over(spec, program: program, ending: ending)
        } catch {
            await lose(attempt, error)
        }
    }

    /// Makes attempts ready, and their starts durable: what has come meanwhile shares a thread and a sync.
    private func prepareWaiting() async {
        while !preparations.isEmpty {
            let (batch, configuration, digests, durability) = (preparations, configuration, digests, durability)
            preparations = []
            let specs = batch.map { ($0.spec, $0.secrets) }
            let results = await BlockingThread.run { () -> [Result<AttemptProgram, EngineError>] in
                let programs = specs.map { spec, secrets in
                    Result { () throws(EngineError) in
                        try AttemptProgram(spec, secrets: secrets, configuration: configuration, digests: digests)
                    }
                }
                let synced = Result { () throws(EngineError) in try durability.sync() }
                return programs.map { program in synced.flatMap { program } }
            }
            for (preparation, result) in zip(batch, results) { preparation.ready.resume(returning: result) }
        }
        isPreparing = false
    }

    private static func decoded(_ secrets: [String: String]) throws(EngineError) -> [String: [UInt8]] {
        var decoded: [String: [UInt8]] = [:]
        for (name, text) in secrets {
            guard let bytes = Data(base64Encoded: text) else {
                throw EngineError(.protocolViolation, "the secret “\(name)” is not base64")
            }
            decoded[name] = Array(bytes)
        }
        return decoded
    }

    /// Runs a process to its end, known to the reaper from before its birth to after its burial.
    private func spawn(
        _ program: AttemptProgram, attempt: AttemptID,
        began: @Sendable @escaping (isolated SupervisorCore, ProcessIdentity) -> Void
    ) async throws(EngineError) -> AttemptProcess.Ending {
        let process = AttemptProcess(
            program: program, attempt: attempt, configuration: configuration, bootID: time.bootID)
        spawning += 1
        spawns += 1
        defer { if children.removeValue(forKey: attempt) == nil { spawning -= 1 } }
        return try await process.run { main in await self.born(main, of: attempt, began) }
    }

    private func born(
        _ main: ProcessIdentity, of attempt: AttemptID, _ began: (isolated SupervisorCore, ProcessIdentity) -> Void
    ) {
        children[attempt] = main.pid
        spawning -= 1
        began(self, main)
    }

    private func began(_ spec: AttemptSpec, main: ProcessIdentity, program: AttemptProgram) {
        try? FaultPoint.reach("supervisor.afterSpawn")
        let start = AttemptStart(
            at: now, pid: main.pid, startTicks: main.startTicks, executable: program.executable.string,
            executableDigest: program.executableDigest)
        running[spec.attempt]?.start = start
        running[spec.attempt]?.main = main
        take(.spawned(spec.attempt, start))
        try? FaultPoint.reach("supervisor.afterStarted")
        if let timeout = spec.timeout {
            let due = start.at.boot + timeout.nanoseconds
            running[spec.attempt]?.deadline = Task {
                await sleep(untilBoot: due)
                if !Task.isCancelled { end(spec.attempt, because: .timedOut) }
            }
        }
        if let limits = spec.limits { Task { await watch(limits, of: spec.attempt, main: main) } }
        // Asked to stop while it was being spawned.
        if running[spec.attempt]?.cause != nil { Task { await signalEnd(of: spec.attempt) } }
    }

    /// Ends an attempt that is under way; says nothing of one that is not.
    func end(_ attempt: AttemptID, because cause: AttemptEnd.Result) {
        guard let state = running[attempt], state.cause == nil else { return }
        running[attempt]?.cause = cause
        if state.main != nil { Task { await signalEnd(of: attempt) } }
    }

    /// Ends an attempt whose processes hold more than they may, looked at ten times a second.
    private func watch(_ limits: ProcessLimits, of attempt: AttemptID, main: ProcessIdentity) async {
        let signals = signals(of: attempt, main: main)
        while running[attempt]?.main == main, running[attempt]?.cause == nil {
            let members = await signals.members()
            if let excess = ProcessTable.excess(of: members, over: limits) {
                running[attempt]?.cause = .overLimit(excess)
                // There may be more of them by the time that a grace is over.
                _ = await signals.kill()
                return
            }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    private func signalEnd(of attempt: AttemptID) async {
        guard let main = running[attempt]?.main else { return }
        let signals = signals(of: attempt, main: main)
        await signals.terminate()
        await sleep(untilBoot: time.bootNanoseconds() + configuration.grace.nanoseconds)
        // Only while the main process lives: what outlives it is ended when it is buried.
        if running[attempt]?.main == main { _ = await signals.kill() }
    }

    private func signals(of attempt: AttemptID, main: ProcessIdentity?) -> AttemptSignals {
        AttemptSignals(main: main, mark: configuration.mark(of: attempt), bootID: time.bootID)
    }

    private func over(_ spec: AttemptSpec, program: AttemptProgram, ending: AttemptProcess.Ending) async {
        let at = now
        let state = running[spec.attempt]
        let signals = signals(of: spec.attempt, main: state?.main)
        // What was told to end ends whole; what ended by itself may have left something behind on purpose.
        let survivors =
            state?.cause == nil ? await signals.survivors(besides: Set(children.values)) : await signals.kill()
        var outputs: [String: Value] = [:]
        var result = state?.cause ?? Self.result(of: ending.exit)
        if result == .exited(0) {
            do throws(AttemptResults.BadOutput) {
                outputs = try AttemptResults.read(
                    program.resultFile, secrets: program.secrets, declared: spec.outputs,
                    keepsUndeclared: spec.work.isAction)
            } catch {
                result = .badOutput(error.message)
            }
        }
        // Nobody reads it again, and who was given a secret may have written it there.
        if program.secrets != .none { try? DurableFile.remove(program.resultFile) }
        let end = AttemptEnd(
            at: at, result: result, standardOutput: ending.standardOutput, standardError: ending.standardError,
            outputs: outputs, survivors: survivors)
        try? FaultPoint.reach("supervisor.beforeEnded")
        forget(spec.attempt)
        take(.ended(spec.attempt, end))
    }

    /// The process could not be spawned, or not be followed to its end.
    private func lose(_ attempt: AttemptID, _ error: EngineError) async {
        let state = running[attempt]
        guard state?.start != nil else {
            running[attempt] = nil
            return take(.ended(attempt, notStarted(error.message, hint: error.hint)))
        }
        log("\(attempt): \(error.message)")
        _ = await signals(of: attempt, main: state?.main).kill()
        forget(attempt)
        take(.gone(attempt))
    }

    /// Nothing of it is under way, and its deadline need not be waited for.
    private func forget(_ attempt: AttemptID) { running.removeValue(forKey: attempt)?.deadline?.cancel() }

    private static func result(of status: TerminationStatus) -> AttemptEnd.Result {
        switch status {
        case .exited(let code): .exited(code)
        case .signaled(let number): .signalled(number)
        }
    }

    private func sleep(untilBoot due: Int64) async {
        // Again, because a sleep may end early, and a machine may have slept.
        while case let left = due - time.bootNanoseconds(), left > 0 {
            do { try await Task.sleep(for: .nanoseconds(left)) } catch { return }
        }
    }

    // MARK: Questions

    /// Answers a question with a process that leaves no report: it changes nothing, and nobody resumes it.
    func ask(id: Int, _ check: ResolvedCheck, timeout: TimeSpan, _ client: Client) {
        let attempt = nextQuestion()
        let spec = AttemptSpec(
            attempt: attempt, place: configuration.place, work: .action(.check(check)), env: [:],
            workingDirectory: configuration.runDirectory.appending("work").string, timeout: timeout, outputs: [:],
            isBackground: false)
        Task {
            do throws(EngineError) {
                let (configuration, digests) = (configuration, digests)
                let program = try await BlockingThread.run { () throws(EngineError) in
                    try AttemptProgram(spec, secrets: [:], configuration: configuration, digests: digests)
                }
                let ending = try await spawn(program, attempt: attempt) { core, main in
                    Task { await core.endQuestion(attempt, main: main, after: timeout) }
                }
                let detail = ending.standardError?.tail ?? ""
                guard case .exited(let code) = ending.exit else {
                    return client.send(
                        .answer(id: id, exit: 2, detail: "not answered within \(timeout.duration). \(detail)"))
                }
                client.send(.answer(id: id, exit: code, detail: detail))
            } catch {
                client.send(.answer(id: id, exit: 2, detail: error.message))
            }
        }
    }

    private func endQuestion(_ attempt: AttemptID, main: ProcessIdentity, after timeout: TimeSpan) async {
        await sleep(untilBoot: time.bootNanoseconds() + timeout.nanoseconds)
        if children[attempt] == main.pid { _ = await signals(of: attempt, main: main).kill() }
    }

    // MARK: Orphans

    /// Buries processes whose parents died: they are this supervisor's, who adopted them.
    func reapOrphans() async {
        guard spawning == 0 else { return }
        let (before, bootID) = (spawns, time.bootID)
        let found = await BlockingThread.run { () -> [ProcessTable.Entry]? in
            guard let children = Orphans.children() else { return try? ProcessTable(bootID: bootID).entries }
            return ProcessTable(of: children, bootID: bootID).entries
        }
        // A child spawned meanwhile, and not told of yet, would look like an orphan.
        guard let found, spawns == before else { return }
        let (own, waitedFor) = (getpid(), Set(children.values))
        for entry in found where entry.isZombie && entry.parent == own && !waitedFor.contains(entry.identity.pid) {
            Orphans.reap(entry.identity.pid)
        }
    }
}

extension Work {
    var isAction: Bool {
        if case .action = self { true } else { false }
    }
}
