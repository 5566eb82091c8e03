package import DRMachine
package import DRRunbook
internal import DRSystem
internal import FoundationEssentials
internal import Synchronization

/// A line to a supervisor of this machine, over its socket.
package final class LocalSupervisorConnection: SupervisorConnection {
    package let place: Place
    package let news: AsyncStream<SupervisorNews>
    /// The supervisor's process as this process's namespaces see it.
    package let peerPID: Int32

    private let sender: LineSender
    private let connection: LocalConnection
    private let publisher: AsyncStream<SupervisorNews>.Continuation
    private let state = Mutex(State())

    private typealias Answer<Success> = CheckedContinuation<Result<Success, EngineError>, Never>

    private struct State {
        var epoch = 0
        var isLost = false
        var greeting: Answer<SupervisorGreeting>?
        var answers: [Int: Answer<CheckAnswer>] = [:]
        var questions = 0
    }

    init(_ connection: LocalConnection, place: Place) {
        self.place = place
        self.connection = connection
        peerPID = connection.peerPID
        sender = LineSender(connection)
        (news, publisher) = AsyncStream.makeStream()
        BlockingThread.detach { self.listen() }
    }

    package func hello(
        run: String, epoch: Int, journalHead: JournalHead?
    ) async throws(EngineError) -> SupervisorGreeting {
        let line = try Wire.encode(
            WireRequest.request(.hello(run: run, epoch: epoch, journalHead: journalHead)))
        let result: Result<SupervisorGreeting, EngineError> = await withCheckedContinuation { answer in
            let isLost = state.withLock { state in
                state.epoch = epoch
                if !state.isLost { state.greeting = answer }
                return state.isLost
            }
            if isLost { answer.resume(returning: .failure(lost)) } else { sender.send(line) }
        }
        return try result.get()
    }

    package func start(_ spec: AttemptSpec, secrets: [String: String]) async throws(EngineError) {
        try send(.start(epoch: try epoch(), spec: spec, secrets: secrets))
    }

    package func stop(_ attempt: AttemptID) async throws(EngineError) {
        try send(.stop(epoch: try epoch(), attempt: attempt))
    }

    package func finish() async throws(EngineError) { try send(.finish(epoch: try epoch())) }

    package func ask(_ check: ResolvedCheck, timeout: TimeSpan) async throws(EngineError) -> CheckAnswer {
        let epoch = try epoch()
        let id = state.withLock { state in
            state.questions += 1
            return state.questions
        }
        let line = try Wire.encode(WireRequest.ask(id: id, epoch: epoch, check: check, timeout: timeout))
        let result: Result<CheckAnswer, EngineError> = await withCheckedContinuation { answer in
            let isLost = state.withLock { state in
                if !state.isLost { state.answers[id] = answer }
                return state.isLost
            }
            if isLost { answer.resume(returning: .failure(lost)) } else { sender.send(line) }
        }
        return try result.get()
    }

    package func close() { connection.shutdown() }

    private var lost: EngineError {
        EngineError(.connectionLost, "the connection to the \(place.rawValue) supervisor ended")
    }

    private func epoch() throws(EngineError) -> Int {
        let (epoch, isLost) = state.withLock { ($0.epoch, $0.isLost) }
        if isLost { throw lost }
        return epoch
    }

    private func send(_ request: SupervisorRequest) throws(EngineError) {
        sender.send(try Wire.encode(WireRequest.request(request)))
    }

    /// On a thread of its own, until the connection ends.
    private func listen() {
        while let line = try? connection.readLine() {
            guard let reply = try? Wire.decode(WireReply.self, line) else { break }
            dispatch(reply)
        }
        connection.shutdown()
        let (greeting, answers) = state.withLock { state in
            defer { (state.isLost, state.greeting, state.answers) = (true, nil, [:]) }
            return (state.greeting, state.answers)
        }
        greeting?.resume(returning: .failure(lost))
        for answer in answers.values { answer.resume(returning: .failure(lost)) }
        publisher.finish()
        Task { await sender.finish() }
    }

    private func dispatch(_ reply: WireReply) {
        switch reply {
        case .reply(.hello(let identity, let attempts)):
            takeGreeting()?.resume(returning: .success(SupervisorGreeting(identity: identity, attempts: attempts)))
        case .reply(.refused(let reason, let epoch)):
            if let waiting = takeGreeting() {
                waiting.resume(returning: .failure(refusal(reason, epoch)))
            } else {
                publisher.yield(.refused(reason: reason, epoch: epoch))
            }
        case .reply(.report(let report)): publisher.yield(.report(report))
        case .reply(.finished):
            publisher.yield(.finished)
            publisher.finish()
        case .answer(let id, let exit, let detail):
            let waiting = state.withLock { $0.answers.removeValue(forKey: id) }
            waiting?.resume(returning: .success(CheckAnswer(CheckVerdict(exitCode: exit), detail: detail)))
        }
    }

    private func refusal(_ reason: String, _ highest: Int) -> EngineError {
        if highest > state.withLock({ $0.epoch }) {
            return EngineError(
                .barred, "the \(place.rawValue) supervisor refused: \(reason)",
                hint: "another runner has this run: look at `drctl status`")
        }
        return EngineError(
            .supervisorUnavailable, "the \(place.rawValue) supervisor refused: \(reason)",
            hint: "nobody else has this run: mend what it says, or cancel the run")
    }

    private func takeGreeting() -> Answer<SupervisorGreeting>? {
        state.withLock { state in
            defer { state.greeting = nil }
            return state.greeting
        }
    }
}
