package import DRJournal
package import DRMachine
package import DRRunbook
package import DRSystem

/// Drives one run: the thin shell around `RunMachine`.
///
/// It drains its mailbox, decides input by input on the tentative state, appends everything once, and only then
/// performs what the new state asks for. While a commit is in flight the mailbox fills, so batches grow by themselves.
/// Nothing is remembered outside the journal but what is being performed right now, and performing again does no harm.
package actor Runner {
    /// What a runner is told about its surroundings.
    package struct Configuration: Sendable {
        package var directory: RunDirectory
        package var access: any SupervisorAccess
        package var isolationProbe: any IsolationProbing
        package var time: any TimeSource
        /// drctl's own version, for the journal.
        package var version: String
        /// What whoever takes the run up has read of it: what is the same is not read again.
        package var known: KnownRun?
        /// Told of the events of every commit, once they are durable, in order.
        package var onCommit: @Sendable ([JournaledEvent]) -> Void

        package init(
            directory: RunDirectory, access: any SupervisorAccess, isolationProbe: any IsolationProbing,
            time: any TimeSource, version: String, known: KnownRun? = nil,
            onCommit: @escaping @Sendable ([JournaledEvent]) -> Void = { _ in }
        ) {
            self.directory = directory
            self.access = access
            self.isolationProbe = isolationProbe
            self.time = time
            self.version = version
            self.known = known
            self.onCommit = onCommit
        }
    }

    /// A run's journal and the state that it folds to.
    package struct KnownRun: Sendable {
        /// The one that the run began with.
        package var plan: Plan
        package var contents: JournalContents
        package var state: RunState

        package init(plan: Plan, contents: JournalContents, state: RunState) {
            self.plan = plan
            self.contents = contents
            self.state = state
        }
    }

    /// How the runner ended.
    package enum Ending: Sendable {
        /// The run is closed.
        case closed(JournalHead)
        /// This process lets go of the run; its supervisors live on, and `resume` takes it up.
        case detached
    }

    /// Of its own, for it waits for the disk at every commit.
    private let thread = DedicatedThread()
    nonisolated package var unownedExecutor: UnownedSerialExecutor { thread.executor }

    let configuration: Configuration
    let mailbox = Mailbox()
    let crew: SupervisorCrew
    private var requests: RequestWatch
    private var state: RunState
    private let writer: JournalWriter
    private var timer: Task<Void, Never>?
    private var timerDue: Moment?
    /// What was begun for the state as it is, so that it is not begun twice.
    private var agenda = Agenda()
    private var hasStarted = false

    /// Takes the run's lock, recovers the journal and folds it. Nothing is appended yet.
    /// - Throws: `JournalError` (`heldByAnother`, `notAuthentic`, …); `EngineError` for a run that this drctl cannot
    ///   go on with; `RunbookError` or `SystemError` where the plan cannot be read.
    package init(_ configuration: Configuration) async throws {
        let directory = configuration.directory
        let opened = try await BlockingThread.run {
            let bytes = try DurableFile.read(at: directory.plan, limit: RunCreation.planByteLimit)
            let opened = try JournalWriter.open(
                at: directory.journal, anchors: JournalAnchors.read(directory), known: configuration.known?.contents)
            return (opened, bytes)
        }
        let state = try Self.state(of: opened.0.contents, plan: opened.1, known: configuration.known)
        try await BlockingThread.run { try RunCreation.checkFiles(of: state, in: directory) }
        guard RunMachine.canResume(state) else {
            throw EngineError(
                .runner, "run \(directory.id) follows rules that this drctl does not know",
                hint: "go on with the drctl that started it")
        }
        self.configuration = configuration
        self.state = state
        writer = opened.0.writer
        crew = SupervisorCrew(configuration.access, run: directory.id, epoch: writer.epoch, mailbox: mailbox)
        requests = RequestWatch(
            RequestBox(of: directory), SignatureCheck(directory, people: state.plan.people), mailbox: mailbox)
    }

    /// What the journal folds to; what is known of it is not read again.
    private static func state(
        of contents: JournalContents, plan bytes: [UInt8], known: KnownRun?
    ) throws -> RunState {
        var state: RunState
        if let known, known.state.lastEvent == known.contents.events.count,
            contents.commits.starts(with: known.contents.commits)
        {
            try RunCreation.checkPlan(bytes, of: contents)
            state = known.state
        } else {
            state = RunState(plan: try RunCreation.plan(bytes, of: contents))
        }
        for event in contents.events.dropFirst(state.lastEvent) { try RunMachine.apply(&state, event) }
        return state
    }

    /// The run's state as far as it is durable, before `run` as the journal left it.
    package var current: RunState { state }

    /// Says something to the run from this process: a signal, for example.
    nonisolated package func tell(_ input: Input) { mailbox.put(.input(input)) }

    /// Lets go of the run after what is decided has been made durable.
    nonisolated package func detach() { mailbox.put(.detach) }

    /// Has the run go on by another plan, before `run`. Durable on return.
    /// - Throws: `MachineError` (`adoptionRefused`) with everything that speaks against it; nothing was written then.
    package func adopt(_ adoption: PlanAdoption) async throws {
        try await commit(try decide([.runnerStarted(try identity), .adoptPlan(adoption)]))
        hasStarted = true
        requests = RequestWatch(
            RequestBox(of: configuration.directory),
            SignatureCheck(configuration.directory, people: state.plan.people), mailbox: mailbox)
    }

    /// Runs until the run is closed or let go of.
    /// - Throws: `JournalError` when the journal cannot be appended to; `EngineError` (`barred`) when another runner
    ///   has taken over. The run is then as its journal says, and `resume` goes on.
    package func run() async throws -> Ending {
        if case .closed = state.status { return .closed(try await takeLateRequests()) }
        defer {
            requests.stop()
            timer?.cancel()
            crew.close()
        }
        mailbox.put(.input(hasStarted ? .tick : .runnerStarted(try identity)))
        requests.start()
        while true {
            let messages = await mailbox.take()
            var inputs: [Input] = []
            var isLeaving = false
            for message in messages {
                switch message {
                case .input(let input): inputs.append(input)
                case .detach: isLeaving = true
                case .fatal(let error): throw error
                }
            }
            try await commit(try decide(inputs))
            if isLeaving { return .detached }
            if perform() {
                guard let head = writer.head else { continue }
                await crew.end()
                return .closed(head)
            }
        }
    }

    private var identity: RunnerIdentity {
        get throws {
            RunnerIdentity(
                epoch: writer.epoch, host: Host.name, pid: try ProcessIdentity.current().pid,
                bootID: configuration.time.bootID, version: configuration.version)
        }
    }

    /// A run that is closed takes up what is still said of it, and nothing else.
    private func takeLateRequests() async throws -> JournalHead {
        if await requests.look(), !mailbox.isEmpty {
            var inputs: [Input] = [.runnerStarted(try identity)]
            for case .input(let input) in await mailbox.take() { inputs.append(input) }
            try await commit(try decide(inputs))
        }
        guard let head = writer.head else {
            throw EngineError(.runner, "the journal of run \(configuration.directory.id) is empty")
        }
        return head
    }

    // MARK: deciding

    private func decide(_ inputs: [Input]) throws -> [[JournaledEvent]] {
        var groups: [[JournaledEvent]] = []
        for input in inputs {
            agenda.take(input)
            let events = try RunMachine.advance(&state, input, now: configuration.time.moment())
            if !events.isEmpty { groups.append(events) }
        }
        return groups
    }

    /// Makes the events durable: as few commits as their size allows, none split within what one input led to.
    private func commit(_ groups: [[JournaledEvent]]) async throws {
        guard let first = groups.first?.first else { return }
        var batches: [(JournalBatch, [JournaledEvent])] = []
        var batch = JournalBatch(after: first.number - 1)
        var held: [JournaledEvent] = []
        for group in groups {
            if try !batch.add(group) {
                batches.append((batch, held))
                batch = JournalBatch(after: batch.last)
                held = []
                _ = try batch.add(group)
            }
            held += group
        }
        batches.append((batch, held))
        for (batch, events) in batches {
            _ = try writer.append(batch)
            configuration.onCommit(events)
        }
        requests.settle(state)
    }

    // MARK: performing

    /// Begins what the state asks for and is not under way.
    /// - Returns: whether the run is concluded.
    private func perform() -> Bool {
        let next = agenda.next(state)
        if next.isConcluded { return true }
        for action in next.begin { begin(action) }
        schedule(next.wake)
        return false
    }

    private func begin(_ action: Action) {
        switch action {
        case .connect(let place): crew.connect(place, head: writer.head)
        case .checkIsolation: checkIsolation()
        case .start(let attempt):
            guard let spec = state.steps[attempt.step]?.attempts.last(where: { $0.spec.attempt == attempt })?.spec
            else {
                return
            }
            crew.start(spec, secrets: SecretSource(plan: state.plan, time: configuration.time))
        case .stop(let attempt):
            guard let spec = state.steps[attempt.step]?.attempts.last(where: { $0.spec.attempt == attempt })?.spec
            else {
                return
            }
            crew.stop(attempt, at: spec.place)
        case .finish(let place): crew.finish(place)
        case .ensureGone(let place):
            if let generation = state.lingering[place] { crew.ensureGone(place, generation: generation) }
        case .wake, .conclude: break
        }
    }

    private func checkIsolation() {
        guard let isolation = state.plan.isolation, let inside = crew.connection(.inside),
            let generation = state.supervisors[.inside]?.generation
        else { return }
        let probe = configuration.isolationProbe
        let mailbox = mailbox
        Task {
            do {
                let report = try await probe.check(isolation, inside: inside, generation: generation)
                mailbox.put(.input(.isolationChecked(report)))
            } catch let error as EngineError where error.code == .connectionLost {
                // Whoever listens to the supervisor says so, and the next one is probed.
            } catch {
                // Not established: nothing starts on the strength of it.
                mailbox.put(.input(.placeUnavailable(.inside, reason: "isolation could not be checked: \(error)")))
            }
        }
    }

    /// One timer, for the earliest due moment. Sleeps are short, so that a wall clock that jumps is noticed; where the
    /// moment is far, nobody minds five seconds, and a runner that waits for a person sleeps.
    private func schedule(_ due: Moment?) {
        guard due != timerDue else { return }
        timerDue = due
        timer?.cancel()
        timer = nil
        guard let due else { return }
        let time = configuration.time
        let mailbox = mailbox
        let second: Int64 = 1_000_000_000
        timer = Task { [weak self] in
            while !Task.isCancelled {
                let now = time.moment()
                if now.isPast(due) {
                    await self?.forgetTimer()
                    mailbox.put(.input(.tick))
                    return
                }
                // Across a restart of the machine boot times say nothing of each other.
                let distance = now.bootID == due.bootID ? due.boot - now.boot : due.wall - now.wall
                let left = min(distance, distance > 60 * second ? 5 * second : second)
                try? await Task.sleep(for: .nanoseconds(max(left, 1_000_000)))
            }
        }
    }

    private func forgetTimer() { timerDue = nil }
}
