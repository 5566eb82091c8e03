internal import DRMachine
internal import DRRunbook
internal import DRSystem
internal import SystemPackage

/// The shell around `SupervisorMachine`: it takes what comes in, asks the machine, and performs what the machine
/// says, in order. Everything that it tells anybody was appended to the spool before.
actor SupervisorCore {
    let configuration: SupervisorConfiguration
    let time: any TimeSource
    let digests = ExecutableDigests()
    private var spool: Spool
    let durability: SpoolSync
    /// Attempts that are to be made ready, and whether somebody sees to it.
    var preparations: [Preparation] = []
    var isPreparing = false
    private var state: SupervisorState

    /// Attempts that have a process or are about to have one.
    var running: [AttemptID: Running] = [:]
    /// Processes spawned but not yet told of, and all spawns so far: who reaps orphans must not take these.
    var spawning = 0
    var spawns = 0
    /// Children that are waited for.
    var children: [AttemptID: Int32] = [:]
    private var questions = 0
    /// Attempts that wait for their turn, with the request that is answered then, and the turns of those that have it.
    private var queue: [AttemptID: (request: SupervisorRequest, client: Client)] = [:]
    private var turns: [AttemptID: HeldTurn] = [:]

    /// Who said hello with the highest epoch.
    private var clients: [ObjectIdentifier: Client] = [:]
    private var lastBusy: Int64
    /// Yields once, when there is nothing more to do.
    let finished: AsyncStream<Void>
    private let finishing: AsyncStream<Void>.Continuation
    private var isFinished = false

    struct Running {
        var start: AttemptStart?
        var main: ProcessIdentity?
        /// Why the supervisor ended it, if it did.
        var cause: AttemptEnd.Result?
        /// Ends it when its time is over.
        var deadline: Task<Void, Never>?
    }

    /// An attempt that is to be made ready, and who waits for it.
    struct Preparation {
        let spec: AttemptSpec
        let secrets: [String: [UInt8]]
        let ready: CheckedContinuation<Result<AttemptProgram, EngineError>, Never>
    }

    final class Client: Sendable {
        let sender: LineSender
        init(_ connection: LocalConnection) { sender = LineSender(connection) }

        func send(_ reply: WireReply) {
            if let line = try? Wire.encode(reply) { sender.send(line) }
        }
    }

    init(
        configuration: SupervisorConfiguration, spool: consuming Spool, durability: SpoolSync, time: any TimeSource
    ) {
        self.configuration = configuration
        self.durability = durability
        state = spool.past
        self.spool = spool
        self.time = time
        lastBusy = time.bootNanoseconds()
        (finished, finishing) = AsyncStream.makeStream()
    }

    var now: Moment {
        Moment(wall: time.wallNanoseconds(), boot: time.bootNanoseconds(), bootID: time.bootID)
    }

    /// Takes the run's place over: what an earlier supervisor left under way is ended, and told to be lost when it
    /// is gone. Returns before that.
    /// - Throws: when the spool cannot be written.
    func begin(_ identity: SupervisorIdentity) throws(EngineError) {
        let actions: [SupervisorAction]
        do throws(MachineError) {
            actions = try SupervisorMachine.decide(state, .started(run: configuration.run, identity), now: now)
        } catch {
            throw EngineError(.spoolDamaged, error.message, cause: error)
        }
        for action in actions {
            if case .spool(let record) = action { try keep(record) } else { perform(action, for: nil) }
        }
    }

    // MARK: Requests

    /// Carries out what a runner's connection says until it ends.
    func serve(_ connection: LocalConnection) async {
        let client = Client(connection)
        for await line in incomingLines(of: connection) {
            do throws(EngineError) {
                switch try Wire.decode(WireRequest.self, line) {
                case .request(let request): ask(request, client)
                case .ask(let id, let epoch, let check, let timeout):
                    if epoch == state.epoch {
                        ask(id: id, check, timeout: timeout, client)
                    } else {
                        refuse("epoch \(epoch) is over; epoch \(state.epoch) has the run", client)
                    }
                }
            } catch {
                refuse(error.message, client)
            }
        }
        clients[ObjectIdentifier(client)] = nil
        lastBusy = time.bootNanoseconds()
        await client.sender.finish()
    }

    /// What needs no turn in a group, or has it, is asked at once.
    private func ask(_ request: SupervisorRequest, _ client: Client) {
        guard case .start(_, let spec, _) = request, let turn = spec.turn, state.attempts[spec.attempt] == nil,
            turns[spec.attempt] == nil
        else { return take(.asked(request), from: client) }
        let isNew = queue.updateValue((request, client), forKey: spec.attempt) == nil
        if isNew { Task { await queueUp(spec.attempt, turn) } }
    }

    /// Asks again and again for a place. Nothing is spooled before, so that a supervisor that dies here has started
    /// nothing; what was stopped meanwhile, or belongs to a runner that is gone, the machine does not start.
    private func queueUp(_ attempt: AttemptID, _ turn: GroupTurn) async {
        let places = GroupTurns(runDirectory: configuration.runDirectory)
        while let waiting = queue[attempt] {
            if state.attempts[attempt] != nil { break }
            do throws(SystemError) {
                if let held = try places.take(turn) {
                    turns[attempt] = held
                    queue[attempt] = nil
                    take(.asked(waiting.request), from: waiting.client)
                    if running[attempt] == nil { turns[attempt] = nil }
                    return
                }
            } catch {
                let reason = "its turn in the group \(turn.group) cannot be had: \(error.message)"
                let end = notStarted(reason, hint: error.hint)
                waiting.client.send(.reply(.report(AttemptReport(attempt: attempt, phase: .ended(nil, end)))))
                break
            }
            try? await Task.sleep(for: .milliseconds(100))
        }
        queue[attempt] = nil
    }

    /// Lets the machine decide, and performs what it says.
    func take(_ input: SupervisorInput, from client: Client? = nil) {
        lastBusy = time.bootNanoseconds()
        let actions: [SupervisorAction]
        do throws(MachineError) {
            actions = try SupervisorMachine.decide(state, input, now: now)
        } catch {
            log("\(error.message)")
            return
        }
        for action in actions {
            guard case .spool(let record) = action else {
                perform(action, for: client)
                continue
            }
            do throws(EngineError) { try keep(record) } catch {
                if isAbandoned(record, because: error, client) { return }
            }
        }
    }

    private func keep(_ record: SpoolRecord) throws(EngineError) {
        try spool.append(record)
        try apply(record)
    }

    private func apply(_ record: SpoolRecord) throws(EngineError) {
        do throws(MachineError) { try state.apply(record) } catch {
            throw EngineError(.spoolDamaged, error.message, cause: error)
        }
    }

    /// What follows from a record that could not be spooled.
    /// - Returns: whether the actions after it are dropped.
    private func isAbandoned(_ record: SpoolRecord, because error: EngineError, _ client: Client?) -> Bool {
        log("not spooled: \(error)")
        switch record {
        case .starting(let spec, _):
            // Nothing has started, and nobody will think so: the next supervisor knows of nothing either.
            let reason = "the supervisor's spool cannot be written: \(error.message)"
            let report = AttemptReport(attempt: spec.attempt, phase: .ended(nil, notStarted(reason, hint: error.hint)))
            client?.send(.reply(.report(report)))
            return true
        case .epochBarred, .supervisorStarted:
            // Unless it is spooled, a replacement would let the old runner in again.
            if let client { refuse("the epoch cannot be spooled: \(error.message)", client) }
            return true
        case .started, .ended, .lost:
            // It happened. The runner, if there is one, learns it; should this supervisor die before, the attempt
            // is lost, which errs on the safe side.
            try? apply(record)
            return false
        }
    }

    private func perform(_ action: SupervisorAction, for client: Client?) {
        switch action {
        case .spool: break
        case .spawn(let spec, let secrets):
            running[spec.attempt] = Running()
            try? FaultPoint.reach("supervisor.afterStarting")
            Task.immediate {
                await carryOut(spec, secrets: secrets)
                turns[spec.attempt] = nil
            }
        case .end(let attempt): end(attempt, because: .stopped)
        case .endSurvivors(let attempt, let start): Task { await endSurvivors(of: attempt, start: start) }
        case .reply(let reply):
            if case .hello = reply, let client { welcome(client) }
            client?.send(.reply(reply))
        case .announce(let report):
            for client in clients.values { client.send(.reply(.report(report))) }
        case .exit:
            log("finished")
            close()
        }
    }

    /// From here on this client hears everything, and nobody with a lower epoch does.
    private func welcome(_ client: Client) {
        for (id, other) in clients where id != ObjectIdentifier(client) {
            refuse("epoch \(state.epoch) has the run: another connection said hello", other)
            // The same runner may have said hello over two lines, and this one came late: it has to notice.
            Task { await other.sender.finish() }
        }
        clients = [ObjectIdentifier(client): client]
    }

    func refuse(_ reason: String, _ client: Client) {
        client.send(.reply(.refused(reason: reason, epoch: state.epoch)))
    }

    private func close() {
        if isFinished { return }
        isFinished = true
        finishing.yield()
        finishing.finish()
    }

    /// Sends what is waiting to everybody.
    func flush() async {
        for client in clients.values { await client.sender.finish() }
    }

    func nextQuestion() -> AttemptID {
        questions += 1
        // No step is called so: a runbook's ids hold no tilde.
        return AttemptID(step: "~ask", number: questions)
    }

    func notStarted(_ reason: String, hint: String?) -> AttemptEnd {
        AttemptEnd(
            at: now, result: .couldNotStart(reason + (hint.map { "; " + $0 } ?? "")), outputs: [:], survivors: [])
    }

    /// For `supervisor.log`.
    nonisolated func log(_ text: String) {
        let line = "\(time.wallNanoseconds() / 1_000_000_000) \(displayEscaped(text))\n"
        _ = try? FileDescriptor.standardError.writeAll(line.utf8)
    }

    // MARK: Recovery and idleness

    private func endSurvivors(of attempt: AttemptID, start: AttemptStart?) async {
        let main = start.map { ProcessIdentity(pid: $0.pid, startTicks: $0.startTicks, bootID: $0.at.bootID) }
        let signals = AttemptSignals(
            main: main, mark: configuration.mark(of: attempt), bootID: time.bootID)
        await signals.terminate()
        let due = time.bootNanoseconds() + configuration.grace.nanoseconds
        while time.bootNanoseconds() < due, await !signals.members().isEmpty {
            try? await Task.sleep(for: .milliseconds(20))
        }
        while case let left = await signals.kill(), !left.isEmpty {
            log("\(attempt): waiting for the end of \(left.joined(separator: ", "))")
            try? await Task.sleep(for: .seconds(5))
        }
        take(.gone(attempt))
    }

    /// Leaves when nobody has wanted anything for long.
    func watchIdleness() async {
        while !isFinished {
            try? await Task.sleep(for: .seconds(30))
            if clients.isEmpty, state.open.isEmpty,
                time.bootNanoseconds() - lastBusy > configuration.idleLimit.nanoseconds
            {
                log("nothing to do for \(configuration.idleLimit.duration)")
                close()
            }
        }
    }
}
