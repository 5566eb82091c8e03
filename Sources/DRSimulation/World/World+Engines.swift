import DRMachine
import DRRunbook

// Runners: what `Runner` and `SupervisorCrew` do in DREngine.
extension World {
    // MARK: Starting and dying

    func callOperator(within delay: Int64) {
        guard !isOperatorComing, !isClosed else { return }
        isOperatorComing = true
        after(network.time(0...delay), .operatorLooks)
    }

    /// Somebody, or a unit file, starts the run's runner: any of those that there are.
    func operatorLooks() throws {
        isOperatorComing = false
        guard !isClosed else { return }
        let engine = network.below(engines.count)
        if !engines[engine].isAlive { try start(engine) }
        if !engines.contains(where: \.isAlive) || (!haveFaultsEnded && engines.count > 1) {
            callOperator(within: 20 * .second)
        }
    }

    private func start(_ index: Int) throws {
        // The lock goes with its process; one that stands still holds it.
        guard !engines.contains(where: \.isAlive) else { return }
        let anchors = [supervisors[.outside]?.spoolHead].compactMap { $0 }
        if doesNextSyncFail {
            doesNextSyncFail = false
            return callOperator(within: 20 * .second)
        }
        guard let (events, epoch) = try journal.recover(anchors: anchors, &disk) else {
            guard rates.syncsLie else {
                throw Violation(.acknowledgedIsKept, "the journal is refused, and no disk lied")
            }
            isLost = true
            statistics.outcome = "refused"
            return
        }
        try checker.recover(events, in: self)
        var state = RunState(plan: firstPlan)
        for event in events { try RunMachine.apply(&state, event) }
        plan = state.plan
        try checker.compare(state, after: events.count)
        if case .closed = state.status { return }
        statistics.resumes += 1
        var engine = SimulatedEngine(state: state)
        engine.life = engines[index].life + 1
        engine.isAlive = true
        engine.epoch = epoch + 1
        engines[index] = engine
        lastStarted = index
        tell("runner \(index) starts with epoch \(engine.epoch), after event \(events.count)")
        put(
            .runnerStarted(
                RunnerIdentity(
                    epoch: engine.epoch, host: "host", pid: Int32(index), bootID: now.bootID, version: "simulated")),
            to: index)
        if people.perMille(rates.adopting), let adoption = try? otherPlan(than: state) {
            put(.adoptPlan(adoption), to: index)
        }
        after(network.time(0...150 * .millisecond), .scan(engine: index, life: engine.life))
    }

    func die(_ index: Int, _ why: String) {
        guard engines[index].isAlive else { return }
        tell("runner \(index) is gone: \(why)")
        engines[index].isAlive = false
        for line in engines[index].lines.values { hangUp(line) }
        engines[index].lines = [:]
        callOperator(within: 30 * .second)
    }

    private func lives(_ index: Int, _ life: Int) -> Bool { engines[index].isAlive && engines[index].life == life }

    // MARK: Deciding

    func put(_ input: Input, to index: Int) {
        guard engines[index].isAlive else { return }
        engines[index].inbox.append(input)
        scheduleTurn(index)
    }

    private func scheduleTurn(_ index: Int) {
        guard !engines[index].hasTurn, !engines[index].isSyncing else { return }
        engines[index].hasTurn = true
        let start = max(0, engines[index].pausedUntil - time)
        after(start + network.time(0...50 * .microsecond), .turn(engine: index, life: engines[index].life))
    }

    func turn(_ index: Int, _ life: Int) throws {
        guard lives(index, life) else { return }
        engines[index].hasTurn = false
        if engines[index].pausedUntil > time { return scheduleTurn(index) }
        let inputs = engines[index].inbox
        engines[index].inbox = []
        var events: [JournaledEvent] = []
        for input in inputs {
            if isRefused(input, index) { continue }
            engines[index].agenda.take(input)
            do throws(MachineError) {
                events += try RunMachine.advance(&engines[index].state, input, now: now)
            } catch {
                throw Violation(.totality, "\(error.message), at \(input)")
            }
        }
        guard !events.isEmpty else { return perform(index) }
        if isDiskFullUntil > time { return die(index, "the disk is full") }
        try journal.write(events, epoch: engines[index].epoch)
        engines[index].unsynced = events
        engines[index].isSyncing = true
        after(disk.time(50 * .microsecond...4 * .millisecond), .synced(engine: index, life: life))
    }

    func synced(_ index: Int, _ life: Int) throws {
        guard lives(index, life) else { return }
        if engines[index].pausedUntil > time {
            return timeline.add(.synced(engine: index, life: life), at: engines[index].pausedUntil)
        }
        if doesNextSyncFail {
            doesNextSyncFail = false
            journal.failSync()
            return die(index, "a sync failed")
        }
        journal.sync(&disk)
        let events = engines[index].unsynced
        engines[index].unsynced = []
        engines[index].isSyncing = false
        try checker.acknowledge(events, in: self)
        react(to: events)
        var settled: [String] = []
        for id in engines[index].handedOver where engines[index].state.hasAnswered(id) { settled.append(id) }
        if !settled.isEmpty {
            engines[index].handedOver.subtract(settled)
            after(network.time(0...20 * .millisecond), .settle(settled.sorted()))
        }
        perform(index)
        if !engines[index].inbox.isEmpty { scheduleTurn(index) }
    }

    // MARK: Performing

    private func perform(_ index: Int) {
        let next = engines[index].agenda.next(engines[index].state)
        guard !next.isConcluded else {
            tell("runner \(index) concludes the run")
            engines[index].isOver = true
            engines[index].isAlive = false
            for line in engines[index].lines.values.sorted() { send(.finish(epoch: engines[index].epoch), over: line) }
            return
        }
        for action in next.begin { begin(action, index) }
        schedule(next.wake, index)
    }

    private func begin(_ action: Action, _ index: Int) {
        let life = engines[index].life
        switch action {
        case .connect(let place):
            after(network.time(0...5 * .millisecond), .connecting(engine: index, life: life, place, tries: 1))
        case .checkIsolation:
            guard engines[index].lines[.inside] != nil,
                let generation = engines[index].state.supervisors[.inside]?.generation
            else {
                return
            }
            after(
                network.time(10 * .millisecond...800 * .millisecond),
                .isolationAnswered(engine: index, life: life, generation: generation))
        case .start(let attempt):
            guard let spec = engines[index].state.steps[attempt.step]?.attempt(attempt)?.spec,
                let line = engines[index].lines[spec.place]
            else { return }
            send(.start(epoch: engines[index].epoch, spec: spec, secrets: [:]), over: line)
        case .stop(let attempt):
            guard let spec = engines[index].state.steps[attempt.step]?.attempt(attempt)?.spec,
                let line = engines[index].lines[spec.place]
            else { return }
            send(.stop(epoch: engines[index].epoch, attempt: attempt), over: line)
        case .finish(let place):
            guard let line = engines[index].lines[place] else { return }
            engines[index].unwanted.insert(place)
            send(.finish(epoch: engines[index].epoch), over: line)
        case .ensureGone(let place):
            engines[index].unwanted.insert(place)
            if let generation = engines[index].state.lingering[place] {
                after(
                    network.time(0...5 * .millisecond),
                    .finishing(engine: index, life: life, place, generation: generation))
            }
        case .wake, .conclude: break
        }
    }

    private func schedule(_ due: Moment?, _ index: Int) {
        guard due != engines[index].wake else { return }
        engines[index].wake = due
        engines[index].timerSerial += 1
        if due != nil { watch(index) }
    }

    private func watch(_ index: Int) {
        guard let due = engines[index].wake else { return }
        timeline.add(
            .timer(engine: index, life: engines[index].life, serial: engines[index].timerSerial),
            at: max(time(of: due), time + .millisecond))
    }

    /// A clock was set: what waits for a moment looks again.
    func lookAtTimers() {
        for index in engines.indices where engines[index].isAlive {
            engines[index].timerSerial += 1
            watch(index)
        }
    }

    func timerFires(_ index: Int, _ life: Int, _ serial: Int) throws {
        guard lives(index, life), engines[index].timerSerial == serial, let due = engines[index].wake else { return }
        guard now.isPast(due) else { return watch(index) }
        engines[index].wake = nil
        put(.tick, to: index)
    }

    func isolationAnswered(_ index: Int, _ life: Int, _ generation: Int) {
        guard lives(index, life) else { return }
        var verdict = IsolationReport.Verdict.demonstrated
        if fate.perMille(rates.isolationBroken) {
            verdict = .broken
        } else if fate.perMille(rates.isolationNotShown) {
            verdict = .enforcedNotDemonstrated
        }
        // The supervisor that was asked may be gone.
        guard let line = engines[index].lines[.inside], lines[line].generation == generation else { return }
        put(.isolationChecked(IsolationReport(generation: generation, verdict: verdict, probes: [])), to: index)
    }

    // MARK: Requests

    func scan(_ index: Int, _ life: Int) {
        guard lives(index, life) else { return }
        for (id, request) in requestFiles.sorted(by: { $0.key < $1.key })
        where engines[index].handedOver.insert(id).inserted {
            put(.request(request), to: index)
        }
    }

    // MARK: Lines

    func connecting(_ index: Int, _ life: Int, _ place: Place, _ tries: Int) throws {
        guard engines[index].life == life else { return }
        guard engines[index].isAlive else {
            // `conclude` came first: what lives is told to finish.
            if engines[index].isOver, supervisors[place]?.isAlive == true {
                bidFarewell(index, place, awaited: nil)
            }
            return
        }
        if engines[index].unwanted.contains(place) { return }
        if supervisors[place]?.isAlive != true {
            if !haveFaultsEnded, fate.perMille(rates.supervisorsNotStarting) {
                return retry(index, life, place, tries, "it could not be started")
            }
            try startSupervisor(place)
        }
        let line = open(index, place, tries: tries)
        send(.hello(run: Self.runID, epoch: engines[index].epoch, journalHead: journalHead(index)), over: line)
    }

    /// What a runner knows to be durable; the head that it writes may be one further.
    private func journalHead(_ index: Int) -> JournalHead? { engines[index].isSyncing ? nil : journal.head }

    private func retry(_ index: Int, _ life: Int, _ place: Place, _ tries: Int, _ why: String) {
        guard tries < 4 else { return put(.placeUnavailable(place, reason: why), to: index) }
        after(100 * .millisecond << Int64(tries), .connecting(engine: index, life: life, place, tries: tries + 1))
    }

    private func open(_ index: Int, _ place: Place, tries: Int) -> Int {
        lines.append(
            Line(
                engine: index, engineLife: engines[index].life, place: place,
                supervisorLife: supervisors[place]?.life ?? 0, tries: tries, lastToSupervisor: time, lastToEngine: time)
        )
        return lines.count - 1
    }

    private func bidFarewell(_ index: Int, _ place: Place, awaited: Int?) {
        let line = open(index, place, tries: 4)
        lines[line].isFarewell = true
        lines[line].awaited = awaited
        send(.hello(run: Self.runID, epoch: engines[index].epoch, journalHead: nil), over: line)
    }

    /// Whoever is to end is told so, with whatever it still runs; it refuses as long as something is under way.
    private func goOn(_ farewell: Int, _ reply: SupervisorReply) {
        let epoch = engines[lines[farewell].engine].epoch
        switch reply {
        case .hello(_, let attempts):
            for report in attempts where report.isOpen {
                send(.stop(epoch: epoch, attempt: report.attempt), over: farewell)
            }
            send(.finish(epoch: epoch), over: farewell)
        case .report(let report): if !report.isOpen { send(.finish(epoch: epoch), over: farewell) }
        case .refused, .finished: break
        }
    }

    func finishing(_ index: Int, _ life: Int, _ place: Place, _ generation: Int) throws {
        guard lives(index, life) else { return }
        let isConnecting = lines.contains {
            $0.engine == index && $0.engineLife == life && $0.place == place && $0.isOpen && $0.generation == nil
                && !$0.isFarewell
        }
        if isConnecting {
            after(
                100 * .millisecond, .finishing(engine: index, life: life, place, generation: generation))
        } else if supervisors[place]?.isAlive == true {
            bidFarewell(index, place, awaited: generation)
        } else {
            put(.supervisorGone(place, generation: generation), to: index)
        }
    }

    func send(_ request: SupervisorRequest, over line: Int) {
        lines[line].lastToSupervisor = max(
            lines[line].lastToSupervisor, time + network.time(10 * .microsecond...rates.slowestMessage))
        timeline.add(.toSupervisor(line: line, request), at: lines[line].lastToSupervisor)
    }

    func send(_ reply: SupervisorReply, back line: Int) {
        guard lines[line].isOpen else { return }
        lines[line].lastToEngine = max(
            lines[line].lastToEngine, time + network.time(10 * .microsecond...rates.slowestMessage))
        timeline.add(.toEngine(line: line, reply), at: lines[line].lastToEngine)
    }

    /// One end closes the line: the other one notices after what was sent before.
    func hangUp(_ line: Int) {
        guard lines[line].isOpen else { return }
        lines[line].isOpen = false
        timeline.add(.hungUp(line: line), at: max(lines[line].lastToEngine, time + 10 * .microsecond))
        let place = lines[line].place
        if supervisors[place]?.client == line { supervisors[place]?.client = nil }
    }

    func toEngine(_ number: Int, _ reply: SupervisorReply) throws {
        let line = lines[number]
        let index = line.engine
        tell("\(line.place.rawValue) supervisor to runner \(index) of life \(line.engineLife): \(reply.words)")
        guard engines[index].life == line.engineLife else { return }
        if line.isFarewell { return goOn(number, reply) }
        guard engines[index].isAlive, !engines[index].unwanted.contains(line.place) || line.generation != nil else {
            // The run was concluded, or is being, before this greeting: who greets is told to finish.
            if case .hello = reply {
                lines[number].isFarewell = true
                goOn(number, reply)
            } else if case .refused = reply {
                lines[number].hasFailed = true
                hangUp(number)
            }
            return
        }
        switch reply {
        case .hello(let identity, let attempts):
            lines[number].generation = identity.generation
            if line.isOpen { engines[index].lines[line.place] = number }
            put(.supervisorConnected(identity, attempts: attempts), to: index)
        case .report(let report): put(.attemptReported(report), to: index)
        case .refused(let reason, let epoch):
            if epoch > engines[index].epoch { return die(index, "it is barred: \(reason)") }
            if line.generation == nil {
                lines[number].isOpen = false
                lines[number].hasFailed = true
                retry(index, line.engineLife, line.place, line.tries, reason)
            } else if engines[index].unwanted.contains(line.place) {
                // It runs something that the journal does not know; `ensureGone` ends both.
                hangUp(number)
            }
        case .finished: lines[number].hasFinished = true
        }
    }

    func hungUp(_ number: Int) throws {
        let line = lines[number]
        let index = line.engine
        guard lives(index, line.engineLife) else { return }
        if engines[index].lines[line.place] == number { engines[index].lines[line.place] = nil }
        if line.isFarewell {
            // It may be the line that ended, and not the supervisor.
            if let awaited = line.awaited { try finishing(index, line.engineLife, line.place, awaited) }
        } else if let generation = line.generation {
            put(
                line.hasFinished
                    ? .supervisorGone(line.place, generation: generation)
                    : .supervisorLost(line.place, generation: generation), to: index)
        } else if !line.hasFailed {
            retry(index, line.engineLife, line.place, line.tries, "the line broke")
        }
    }
}
