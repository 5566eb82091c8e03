import DREngine
import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import FoundationEssentials
import Synchronization
import SystemPackage

/// Supervisors without processes, whose spool is a file: a runner that dies finds again what was done.
///
/// An attempt's effect is a line in `effects`; it happens between `starting` and `ended`, at once.
final class FakeSupervisors: SupervisorAccess {
    struct Behaviour: Sendable {
        /// How an attempt ends; nil: it goes on until it is stopped.
        var result: @Sendable (AttemptSpec) -> AttemptEnd.Result? = { _ in .exited(0) }
        /// Reports of ends are held back until this many attempts have ended.
        var endsTogether = 1
    }

    private struct State {
        var connections: [FakeConnection] = []
        var secrets: [AttemptID: [String: String]] = [:]
        var waiting: [AttemptReport] = []
        /// Spooled reports, the last of each attempt, in order of the first.
        var reports: [AttemptReport] = []
        var isAlive = false
        /// Called instead of finishing.
        var onFinish: (@Sendable () -> Void)?
        var generation = 0
        var epoch = 0
    }

    let folder: FilePath
    private let behaviour: Behaviour
    private let time: any TimeSource
    private let state = Mutex(State())

    init(in folder: FilePath, time: any TimeSource, behaviour: Behaviour = Behaviour()) throws {
        self.folder = folder
        self.time = time
        self.behaviour = behaviour
    }

    // MARK: what a test looks at

    /// Attempts that had their effect, in order, one entry each time.
    func effects() throws -> [AttemptID] { try lines("effects").compactMap { AttemptID($0) } }

    func secrets(of attempt: AttemptID) -> [String: String]? { state.withLock { $0.secrets[attempt] } }

    /// The supervisor dies, with what was under way; the next one connected to takes over.
    func die() {
        let connections = state.withLock { state in
            defer { state.connections = [] }
            state.isAlive = false
            return state.connections
        }
        for connection in connections { connection.end() }
    }

    /// A supervisor that is told to finish does this instead; nil: it finishes.
    func insteadOfFinishing(_ action: (@Sendable () -> Void)?) { state.withLock { $0.onFinish = action } }

    /// Another supervisor takes over without any runner having asked for it.
    func replace() throws {
        die()
        try state.withLock { state in
            try takeOver(&state)
            state.isAlive = true
        }
    }

    // MARK: SupervisorAccess

    func connect(_ place: Place) async throws(EngineError) -> any SupervisorConnection {
        do {
            try state.withLock { state in
                if !state.isAlive { try takeOver(&state) }
                state.isAlive = true
            }
        } catch {
            throw EngineError(.spoolDamaged, "\(error)")
        }
        return FakeConnection(place: place, of: self)
    }

    func reach(_ place: Place) async throws(EngineError) -> (any SupervisorConnection)? {
        state.withLock { $0.isAlive } ? FakeConnection(place: place, of: self) : nil
    }

    // MARK: what connections ask for

    fileprivate func hello(_ connection: FakeConnection, epoch: Int) throws(EngineError) -> SupervisorGreeting {
        try state.withLock { state throws(EngineError) in
            guard epoch >= state.epoch else { throw EngineError(.barred, "epoch \(state.epoch) was here") }
            state.epoch = epoch
            state.connections.append(connection)
            return SupervisorGreeting(
                identity: SupervisorIdentity(
                    place: connection.place, pid: 1, startTicks: 1, bootID: time.bootID, generation: state.generation),
                attempts: state.reports)
        }
    }

    fileprivate func start(_ spec: AttemptSpec, _ secrets: [String: String]) {
        state.withLock { state in
            guard !state.reports.contains(where: { $0.attempt == spec.attempt }) else { return }
            state.secrets[spec.attempt] = secrets
            let start = AttemptStart(at: time.moment(), pid: 2, startTicks: 2, executable: "/bin/true")
            tell(AttemptReport(attempt: spec.attempt, phase: .starting(at: start.at)), &state)
            append("\(spec.attempt)", to: "effects")
            tell(AttemptReport(attempt: spec.attempt, phase: .started(start)), &state)
            if let result = behaviour.result(spec) { end(spec.attempt, start, result, &state) }
        }
    }

    fileprivate func stop(_ attempt: AttemptID) {
        state.withLock { state in
            if let report = state.reports.first(where: { $0.attempt == attempt }) {
                guard case .started(let start) = report.phase else { return }
                end(attempt, start, .stopped, &state)
            } else {
                end(attempt, nil, .stopped, &state)
            }
        }
    }

    fileprivate func finish() {
        if let instead = state.withLock({ $0.onFinish }) { return instead() }
        let connections = state.withLock { state in
            defer { state.connections = [] }
            state.isAlive = false
            return state.connections
        }
        for connection in connections { connection.end(after: .finished) }
    }

    // MARK: the spool

    private func end(_ attempt: AttemptID, _ start: AttemptStart?, _ result: AttemptEnd.Result, _ state: inout State) {
        let end = AttemptEnd(at: time.moment(), result: result, outputs: [:], survivors: [])
        tell(AttemptReport(attempt: attempt, phase: .ended(start, end)), &state)
    }

    private func tell(_ report: AttemptReport, _ state: inout State) {
        if let bytes = try? JSONEncoder().encode(report) { append(String(decoding: bytes, as: UTF8.self), to: "spool") }
        note(report, &state)
        state.waiting.append(report)
        let ends = state.waiting.count { if case .ended = $0.phase { true } else { false } }
        guard behaviour.endsTogether == 1 || ends >= behaviour.endsTogether else { return }
        for report in state.waiting {
            for connection in state.connections { connection.tell(.report(report)) }
        }
        state.waiting = []
    }

    private func note(_ report: AttemptReport, _ state: inout State) {
        if let index = state.reports.firstIndex(where: { $0.attempt == report.attempt }) {
            state.reports[index] = report
        } else {
            state.reports.append(report)
        }
    }

    /// A supervisor takes the spool over: what had not ended is lost.
    private func takeOver(_ state: inout State) throws {
        state.reports = []
        state.waiting = []
        for line in try lines("spool") {
            if let report = try? JSONDecoder().decode(AttemptReport.self, from: Data(line.utf8)) {
                note(report, &state)
            }
        }
        for report in state.reports {
            switch report.phase {
            case .starting: note(AttemptReport(attempt: report.attempt, phase: .lost(nil, at: time.moment())), &state)
            case .started(let start):
                note(AttemptReport(attempt: report.attempt, phase: .lost(start, at: time.moment())), &state)
            case .ended, .lost: break
            }
        }
        append("generation", to: "generations")
        state.generation = try lines("generations").count
    }

    private func append(_ line: String, to name: String) {
        let path = folder.appending(name)
        do {
            var file =
                try FileStatus.ifPresent(at: path) == nil
                ? AppendFile(at: path, creatingWithMode: 0o600) : AppendFile(at: path)
            try file.append(Array((line + "\n").utf8))
        } catch {
            preconditionFailure("the fake spool cannot be written: \(error)")
        }
    }

    private func lines(_ name: String) throws -> [String] {
        let path = folder.appending(name)
        guard try FileStatus.ifPresent(at: path) != nil else { return [] }
        let text = String(decoding: try DurableFile.read(at: path, limit: 64 << 20), as: UTF8.self)
        return text.split(separator: "\n").map(String.init)
    }
}

final class FakeConnection: SupervisorConnection {
    let place: Place
    let news: AsyncStream<SupervisorNews>
    private let continuation: AsyncStream<SupervisorNews>.Continuation
    private let supervisors: FakeSupervisors

    init(place: Place, of supervisors: FakeSupervisors) {
        self.place = place
        self.supervisors = supervisors
        (news, continuation) = AsyncStream.makeStream()
    }

    func hello(run: String, epoch: Int, journalHead: JournalHead?) async throws(EngineError) -> SupervisorGreeting {
        try supervisors.hello(self, epoch: epoch)
    }

    func start(_ spec: AttemptSpec, secrets: [String: String]) async throws(EngineError) {
        supervisors.start(spec, secrets)
    }

    func stop(_ attempt: AttemptID) async throws(EngineError) { supervisors.stop(attempt) }

    func ask(_ check: ResolvedCheck, timeout: TimeSpan) async throws(EngineError) -> CheckAnswer {
        CheckAnswer(.notEstablished, detail: "not asked")
    }

    func finish() async throws(EngineError) { supervisors.finish() }

    func close() { continuation.finish() }

    func tell(_ news: SupervisorNews) { continuation.yield(news) }

    func end(after last: SupervisorNews? = nil) {
        if let last { continuation.yield(last) }
        continuation.finish()
    }
}

/// No drill is isolated here: nobody is to ask.
struct NoIsolation: IsolationProbing {
    func check(
        _ isolation: PlannedIsolation, inside: any SupervisorConnection, generation: Int
    ) async throws -> IsolationReport {
        throw EngineError(.isolationNotEstablished, "not in this test")
    }
}
