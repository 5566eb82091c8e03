import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import Synchronization

/// A runner's connections to its supervisors. What it is asked for happens in the background; how it went comes into
/// the mailbox.
final class SupervisorCrew: Sendable {
    private struct State {
        var connections: [Place: any SupervisorConnection] = [:]
        /// Supervisors that are being started or greeted.
        var connecting: [Place: Task<Void, Never>] = [:]
        /// Places whose supervisor is to end: none is started there any longer.
        var unwanted: Set<Place> = []
        var stage = Stage.working
        var isClosed: Bool { stage != .working }
    }

    private enum Stage {
        case working
        /// This runner has let go; supervisors live on.
        case released
        /// The run is closed: no supervisor is needed any more.
        case ended
    }

    /// A supervisor that cannot be started is tried again this often, a little later each time.
    private static let connectAttempts = 4

    private let access: any SupervisorAccess
    private let run: String
    private let epoch: Int
    private let mailbox: Mailbox
    private let state = Mutex(State())

    init(_ access: any SupervisorAccess, run: String, epoch: Int, mailbox: Mailbox) {
        self.access = access
        self.run = run
        self.epoch = epoch
        self.mailbox = mailbox
    }

    func connection(_ place: Place) -> (any SupervisorConnection)? {
        state.withLock { $0.connections[place] }
    }

    /// Drops every line; supervisors and their processes live on.
    func close() {
        let connections = state.withLock { state in
            if !state.isClosed { state.stage = .released }
            defer { state.connections = [:] }
            return state.connections
        }
        for connection in connections.values { connection.close() }
    }

    /// The run is closed: ends the supervisors that were just being started when it was, of which the journal knows
    /// nothing.
    func end() async {
        let (connecting, connections) = state.withLock { state in
            if !state.isClosed { state.stage = .ended }
            defer { state.connections = [:] }
            return (state.connecting, state.connections)
        }
        // One that greeted when the run was closed already.
        for connection in connections.values { try? await connection.finish() }
        for task in connecting.values { await task.value }
    }

    // MARK: coming and going

    func connect(_ place: Place, head: JournalHead?) {
        let task = Task {
            for attempt in 1...Self.connectAttempts {
                if state.withLock({ $0.isClosed || $0.unwanted.contains(place) }) { return }
                do throws(EngineError) {
                    let connection = try await access.connect(place)
                    try await greet(connection, head: head)
                    return
                } catch {
                    if isFinal(error, place) { return }
                    guard attempt < Self.connectAttempts else {
                        unavailable(place, error)
                        return
                    }
                    try? await Task.sleep(for: .milliseconds(100 << attempt))
                }
            }
        }
        state.withLock { $0.connecting[place] = task }
    }

    /// Says hello, hands what the spool knows to the machine, and listens from then on.
    private func greet(_ connection: any SupervisorConnection, head: JournalHead?) async throws(EngineError) {
        let greeting: SupervisorGreeting
        do throws(EngineError) {
            greeting = try await connection.hello(run: run, epoch: epoch, journalHead: head)
        } catch {
            connection.close()
            throw error
        }
        let stage = state.withLock { state in
            if state.unwanted.contains(connection.place) { return Stage.ended }
            if !state.isClosed { state.connections[connection.place] = connection }
            return state.stage
        }
        switch stage {
        case .working: break
        case .ended:
            try? await connection.finish()
            for await _ in connection.news {}
            return
        case .released:
            connection.close()
            return
        }
        mailbox.put(.input(.supervisorConnected(greeting.identity, attempts: greeting.attempts)))
        listen(to: connection, generation: greeting.identity.generation)
    }

    private func listen(to connection: any SupervisorConnection, generation: Int) {
        Task {
            var hasFinished = false
            for await news in connection.news {
                switch news {
                case .report(let report):
                    mailbox.put(.input(.attemptReported(report)), isPatient: report.hasJustStarted)
                case .refused(let reason, let highest):
                    if highest > epoch {
                        mailbox.put(.fatal(EngineError(.barred, "another runner has taken over run \(run): \(reason)")))
                    } else if state.withLock({ $0.unwanted.contains(connection.place) }) {
                        // It runs something that the journal does not know, and will not end. `ensureGone` ends both.
                        connection.close()
                    }
                case .finished: hasFinished = true
                }
            }
            let isCurrent = state.withLock { state in
                state.connections[connection.place] = nil
                return !state.isClosed
            }
            guard isCurrent else { return }
            let place = connection.place
            mailbox.put(
                .input(
                    hasFinished
                        ? .supervisorGone(place, generation: generation)
                        : .supervisorLost(place, generation: generation)))
        }
    }

    private func isFinal(_ error: EngineError, _ place: Place) -> Bool {
        switch error.code {
        case .barred:
            mailbox.put(.fatal(error))
            return true
        case .cannotIsolate:
            unavailable(place, error)
            return true
        default: return false
        }
    }

    private func unavailable(_ place: Place, _ error: EngineError) {
        mailbox.put(.input(.placeUnavailable(place, reason: error.description)))
    }

    // MARK: attempts

    func start(_ spec: AttemptSpec, secrets: SecretSource) {
        guard let connection = connection(spec.place) else { return }
        // Most steps have no secrets, and are asked for before anything else gets a turn.
        Task.immediate {
            let values: [String: String]
            do throws(EngineError) {
                values = try await secrets.values(for: spec)
            } catch {
                // There was never a process, and the machine takes it as any other failure.
                mailbox.put(.input(.attemptReported(secrets.refusal(of: spec, error))))
                return
            }
            // A line that broke is noticed by whoever listens; the new supervisor is asked again.
            try? await connection.start(spec, secrets: values)
        }
    }

    func stop(_ attempt: AttemptID, at place: Place) {
        guard let connection = connection(place) else { return }
        Task { try? await connection.stop(attempt) }
    }

    /// Ends the supervisor that is connected; who listens to it says so when it has ended.
    func finish(_ place: Place) {
        guard let connection = connection(place) else { return }
        state.withLock { _ = $0.unwanted.insert(place) }
        Task { try? await connection.finish() }
    }

    /// Finds out whether a supervisor lives that is not connected, and ends it.
    func ensureGone(_ place: Place, generation: Int) {
        let connecting = state.withLock { state in
            state.unwanted.insert(place)
            return state.connecting[place]
        }
        Task {
            await connecting?.value
            for attempt in 1...Self.connectAttempts {
                guard let living = try? await access.reach(place) else { break }
                do {
                    try await end(living)
                } catch {
                    living.close()
                    try? await Task.sleep(for: .milliseconds(100 << attempt))
                }
            }
            mailbox.put(.input(.supervisorGone(place, generation: generation)))
        }
    }

    /// Ends a supervisor that nobody is connected to, with whatever it still runs.
    private func end(_ living: any SupervisorConnection) async throws(EngineError) {
        let greeting = try await living.hello(run: run, epoch: epoch, journalHead: nil)
        for report in greeting.attempts where report.isOpen { try await living.stop(report.attempt) }
        try await living.finish()
        // It refuses as long as something is under way.
        for await case .report(let report) in living.news where !report.isOpen { try await living.finish() }
    }
}

extension AttemptReport {
    /// That a process has started leads to nothing; its supervisor's spool knows it anyway.
    fileprivate var hasJustStarted: Bool {
        if case .started = phase { true } else { false }
    }
}
