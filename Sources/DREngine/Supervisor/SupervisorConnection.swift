package import DRMachine
package import DRRunbook

/// A runner's line to one supervisor, which outlives the runner and may die before it.
///
/// The order of things: `hello` first and once; after it the other requests, in any number and from any task.
/// A request that returned was written to the socket; whether it was carried out is told by `news`. Everything
/// may be asked again: `start` is idempotent by attempt, `stop` of an attempt that ended does nothing, and what
/// was missed while nobody listened is in the answer to the next `hello`.
package protocol SupervisorConnection: Sendable {
    /// Where this supervisor's processes live.
    var place: Place { get }

    /// What the supervisor says after `hello`, in the order in which it was spooled.
    /// Has one consumer. It ends when the connection is lost, or after `finished`.
    var news: AsyncStream<SupervisorNews> { get }

    /// Bars every lower epoch for ever, and gives the supervisor's identity with all that its spool knows.
    /// - Parameter journalHead: the journal's last commit, which the spool keeps as an anchor.
    /// - Throws: `barred` where a runner with a higher epoch has been here; `connectionLost`.
    func hello(run: String, epoch: Int, journalHead: JournalHead?) async throws(EngineError) -> SupervisorGreeting

    /// Asks for an attempt's process. The intent has to be durable in the journal before.
    /// - Parameter secrets: name to base64 of the secret's bytes; they cross the socket and are never spooled.
    /// - Throws: `connectionLost`.
    func start(_ spec: AttemptSpec, secrets: [String: String]) async throws(EngineError)

    /// Asks that an attempt be ended: SIGTERM, a time of grace, SIGKILL to all of its processes.
    /// - Throws: `connectionLost`.
    func stop(_ attempt: AttemptID) async throws(EngineError)

    /// Asks a question where this place's steps run, outside the journal: for the isolation check.
    /// The process leaves no report, and has no secrets.
    /// - Returns: `notEstablished` also where the process could not be started or took longer than allowed.
    /// - Throws: `connectionLost`.
    func ask(_ check: ResolvedCheck, timeout: TimeSpan) async throws(EngineError) -> CheckAnswer

    /// Tells the supervisor that nothing is under way and nothing will come; it says `finished` and exits.
    /// - Throws: `connectionLost`.
    func finish() async throws(EngineError)

    /// Drops the line; the supervisor and its processes live on.
    func close()
}

/// The answer to `hello`.
package struct SupervisorGreeting: Sendable, Equatable {
    package var identity: SupervisorIdentity
    /// Every attempt in the spool, in order of their start.
    package var attempts: [AttemptReport]

    package init(identity: SupervisorIdentity, attempts: [AttemptReport]) {
        self.identity = identity
        self.attempts = attempts
    }
}

/// What a supervisor says unasked.
package enum SupervisorNews: Sendable, Equatable {
    case report(AttemptReport)
    /// A request was refused; with an epoch above the runner's own, this runner has been replaced and must stop.
    case refused(reason: String, epoch: Int)
    case finished
}

/// The answer to a check, with a sentence for people.
package struct CheckAnswer: Sendable, Equatable {
    package var verdict: CheckVerdict
    package var detail: String

    package init(_ verdict: CheckVerdict, detail: String) {
        self.verdict = verdict
        self.detail = detail
    }
}

/// The three values of a probe.
package enum CheckVerdict: Int32, Sendable, Equatable {
    /// Exit 0.
    case holds = 0
    /// Exit 1.
    case doesNotHold = 1
    /// Any other end of the process.
    case notEstablished = 2

    /// The value that a probe's end stands for.
    package init(exitCode: Int32) { self = CheckVerdict(rawValue: exitCode) ?? .notEstablished }
}

/// How a runner comes to its supervisors.
package protocol SupervisorAccess: Sendable {
    /// Connects to the supervisor of this place; where none lives, starts one (which replaces a dead one:
    /// it reports as lost what that one left under way, once those processes are gone).
    /// - Throws: `supervisorUnavailable` with what its log says; `cannotIsolate`.
    func connect(_ place: Place) async throws(EngineError) -> any SupervisorConnection

    /// Connects to the supervisor of this place if one lives; starts none.
    /// - Returns: nil where nobody listens.
    func reach(_ place: Place) async throws(EngineError) -> (any SupervisorConnection)?
}
