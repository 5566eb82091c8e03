import DRMachine
import DRRunbook

// Supervisors and processes: what `SupervisorCore` does in DREngine.
extension World {
    private static let grace: Int64 = 10 * .second

    func startSupervisor(_ place: Place) throws {
        var supervisor = supervisors[place] ?? SimulatedSupervisor()
        supervisor.life += 1
        supervisor.isAlive = true
        supervisor.client = nil
        supervisor.running = [:]
        supervisor.state = SupervisorState()
        for record in supervisor.spool { try supervisor.state.apply(record) }
        supervisors[place] = supervisor
        let identity = SupervisorIdentity(
            place: place, pid: Int32(supervisor.life), startTicks: UInt64(supervisor.life), bootID: now.bootID,
            generation: supervisor.state.nextGeneration)
        tell("the \(place.rawValue) supervisor starts as generation \(identity.generation)")
        try give(place, .started(run: Self.runID, identity), from: nil)
    }

    func kill(_ place: Place) throws {
        guard let supervisor = supervisors[place], supervisor.isAlive else { return }
        tell("the \(place.rawValue) supervisor is killed")
        try endSupervisor(place)
        // Inside, it is the first process of its namespace: its death ends all others.
        guard place == .inside else { return }
        for attempt in live(at: place) { try end(attempt, with: .signalled(9)) }
    }

    private func endSupervisor(_ place: Place) throws {
        supervisors[place]?.isAlive = false
        let life = supervisors[place]?.life
        for index in lines.indices where lines[index].place == place && lines[index].supervisorLife == life {
            hangUp(index)
        }
    }

    func live(at place: Place) -> [AttemptID] {
        processes.filter { $0.value.isLive && $0.value.place == place }.keys.sorted()
    }

    private func lives(_ place: Place, _ life: Int) -> Bool {
        supervisors[place].map { $0.isAlive && $0.life == life } ?? false
    }

    func toSupervisor(_ number: Int, _ request: SupervisorRequest) throws {
        let line = lines[number]
        guard lives(line.place, line.supervisorLife) else { return }
        tell("runner \(line.engine) of life \(line.engineLife) to \(line.place.rawValue) supervisor: \(request.words)")
        if case .hello(_, let epoch, _) = request { checker.heard(epoch, at: line.place) }
        try give(line.place, .asked(request), from: number)
    }

    private func give(_ place: Place, _ input: SupervisorInput, from line: Int?) throws {
        guard let state = supervisors[place]?.state else { return }
        let actions: [SupervisorAction]
        do throws(MachineError) {
            actions = try SupervisorMachine.decide(state, input, now: now)
        } catch {
            throw Violation(.totality, "the \(place.rawValue) supervisor: \(error.message), at \(input)")
        }
        for action in actions { try perform(action, at: place, for: line) }
    }

    private func perform(_ action: SupervisorAction, at place: Place, for line: Int?) throws {
        let life = supervisors[place]?.life ?? 0
        switch action {
        case .spool(let record):
            supervisors[place]?.keep(record)
            try supervisors[place]?.state.apply(record)
        case .spawn(let spec, _):
            supervisors[place]?.running[spec.attempt] = .some(nil)
            try checker.spawning(spec, epoch: line.map { engines[lines[$0].engine].epoch }, at: place)
            after(network.time(.millisecond...8 * .millisecond), .spawn(place, life: life, spec))
        case .end(let attempt): tellToEnd(place, attempt, because: .stopped)
        case .endSurvivors(let attempt, _): endSurvivors(place, life, attempt)
        case .reply(let reply):
            guard let line else { return }
            if case .hello = reply {
                if let other = supervisors[place]?.client, other != line {
                    send(
                        .refused(reason: "another line said hello", epoch: supervisors[place]?.state.epoch ?? 0),
                        back: other)
                    hangUp(other)
                }
                supervisors[place]?.client = line
            }
            send(reply, back: line)
        case .announce(let report):
            if let client = supervisors[place]?.client { send(.report(report), back: client) }
        case .exit:
            tell("the \(place.rawValue) supervisor finishes")
            try endSupervisor(place)
        }
    }

    // MARK: Processes

    func spawn(_ place: Place, _ life: Int, _ spec: AttemptSpec) throws {
        guard lives(place, life) else { return }
        let attempt = spec.attempt
        var dice = dice(of: attempt)
        if dice.perMille(rates.notStarting) {
            return try over(place, attempt, .couldNotStart("no such file"))
        }
        let duration = [20 * Int64.millisecond, 300 * .millisecond, 2 * .second, 8 * .second, 30 * .second]
        var lasts = dice.time(.millisecond...dice.of(duration))
        var result = AttemptEnd.Result.exited(dice.perMille(rates.failing) ? Int32(1 + dice.below(3)) : 0)
        if attempt.part == .probe {
            result = .exited(dice.perMille(rates.probesUnsure) ? 2 : effects.contains(attempt.step) ? 0 : 1)
        }
        if dice.perMille(rates.hanging) || (spec.isBackground && !dice.oneIn(4)) { lasts = 100_000 * .second }
        statistics.processes += 1
        processes[attempt] = SimulatedProcess(
            spec: spec, place: place, parent: life, result: result,
            ignoresTermination: dice.perMille(rates.ignoringTermination))
        try checker.spawned(attempt, in: self)
        if attempt.part == .action, result == .exited(0) || dice.oneIn(3) {
            after(dice.time(0...lasts), .effect(attempt))
        }
        after(lasts, .processEnds(attempt))
        if !haveFaultsEnded, dice.perMille(rates.dyingAtSpawn) { return try kill(place) }
        let start = AttemptStart(at: now, pid: 100, startTicks: 1, executable: "/bin/true")
        try give(place, .spawned(attempt, start), from: nil)
        if let timeout = spec.timeout { after(timeout.nanoseconds, .deadline(place, life: life, attempt)) }
        if case .some(.some) = supervisors[place]?.running[attempt] { terminate(attempt) }
    }

    private func dice(of attempt: AttemptID) -> Dice {
        var key: UInt64 =
            UInt64(attempt.number) &* 4 &+ UInt64(AttemptID.Part.allCases.firstIndex(of: attempt.part) ?? 0)
        for byte in attempt.step.rawValue.utf8 { key = key &* 257 &+ UInt64(byte) }
        return Dice(seed, .process, key)
    }

    func deadline(_ place: Place, _ life: Int, _ attempt: AttemptID) {
        if lives(place, life) { tellToEnd(place, attempt, because: .timedOut) }
    }

    private func tellToEnd(_ place: Place, _ attempt: AttemptID, because cause: AttemptEnd.Result) {
        guard case .some(.none) = supervisors[place]?.running[attempt] else { return }
        supervisors[place]?.running[attempt] = .some(cause)
        if processes[attempt]?.isLive == true { terminate(attempt) }
    }

    private func terminate(_ attempt: AttemptID) {
        if processes[attempt]?.ignoresTermination == false {
            after(network.time(.millisecond...400 * .millisecond), .kill(attempt))
        } else {
            after(Self.grace, .kill(attempt))
        }
    }

    /// A process is over, by itself (nil) or by a signal.
    func end(_ attempt: AttemptID, with signal: AttemptEnd.Result?) throws {
        guard let process = processes[attempt], process.isLive else { return }
        processes[attempt]?.isLive = false
        processes[attempt]?.end = signal ?? process.result
        if lives(process.place, process.parent) {
            after(
                network.time(100 * .microsecond...3 * .millisecond), .reap(process.place, life: process.parent, attempt)
            )
        }
    }

    func reap(_ place: Place, _ life: Int, _ attempt: AttemptID) throws {
        guard lives(place, life), let ended = processes[attempt]?.end else { return }
        if !haveFaultsEnded, fate.perMille(rates.dyingAtEnd) { return try kill(place) }
        let cause = supervisors[place]?.running[attempt] ?? nil
        try over(place, attempt, cause ?? ended)
    }

    private func over(_ place: Place, _ attempt: AttemptID, _ result: AttemptEnd.Result) throws {
        supervisors[place]?.running[attempt] = nil
        var outputs: [String: Value] = [:]
        if result == .exited(0), let spec = processes[attempt]?.spec {
            for (name, type) in spec.outputs {
                outputs[name] =
                    switch type {
                    case .string: .string("text")
                    case .integer: .integer(7)
                    case .boolean: .boolean(true)
                    }
            }
        }
        checker.ended(attempt, result)
        try give(
            place, .ended(attempt, AttemptEnd(at: now, result: result, outputs: outputs, survivors: [])), from: nil)
    }

    private func endSurvivors(_ place: Place, _ life: Int, _ attempt: AttemptID) {
        guard let process = processes[attempt], process.isLive else {
            return after(network.time(.millisecond...20 * .millisecond), .survivorsGone(place, life: life, attempt))
        }
        let delay = process.ignoresTermination ? Self.grace : network.time(.millisecond...400 * .millisecond)
        after(delay, .kill(attempt))
        after(delay + 20 * .millisecond, .survivorsGone(place, life: life, attempt))
    }

    func survivorsGone(_ place: Place, _ life: Int, _ attempt: AttemptID) throws {
        guard lives(place, life) else { return }
        try give(place, .gone(attempt), from: nil)
    }
}

extension SimulatedSupervisor {
    /// The journal's head as the spool has it.
    var spoolHead: JournalHead? {
        for record in spool.reversed() {
            if case .epochBarred(_, let head?) = record { return head }
        }
        return nil
    }
}
