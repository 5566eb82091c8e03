import DRMachine
import DRRunbook

/// Holds what really happened in a world against what its journal says. It knows the promises, and nothing of how
/// `RunMachine` keeps them.
final class Checker {
    /// The one that the run began with.
    private let plan: Plan
    private let syncsLie: Bool

    /// What is acknowledged: events whose sync returned, or which a new runner read.
    private(set) var trace: [JournaledEvent] = []
    var ledger: Ledger
    private var intents: [AttemptID: AttemptSpec] = [:]

    // The truth
    /// How often a process was started for an attempt.
    private(set) var spawns: [AttemptID: Int] = [:]
    private(set) var results: [AttemptID: AttemptEnd.Result] = [:]
    private(set) var requests: [String: AcceptedRequest] = [:]
    private var highestHello: [Place: Int] = [:]
    /// How many processes of unsafe steps there were, and how often people asked for one more.
    private var unsafeSpawns: [StepID: Int] = [:]

    init(plan: Plan, syncsLie: Bool) {
        self.plan = plan
        self.syncsLie = syncsLie
        ledger = Ledger(plan)
    }

    var isClosed: Bool { ledger.outcome != nil }

    // MARK: The journal

    func acknowledge(_ events: [JournaledEvent], in world: World) throws {
        for event in events { try take(event, in: world) }
        world.statistics.events += events.count
    }

    /// What a new runner reads: all that was acknowledged, and perhaps what was written and not acknowledged.
    func recover(_ events: [JournaledEvent], in world: World) throws {
        if events.count < trace.count || events[trace.count - 1] != trace[trace.count - 1] {
            guard syncsLie else {
                throw Violation(
                    .acknowledgedIsKept, "event \(trace.count) was acknowledged; the journal has \(events.count)")
            }
            // The disk forgot what it had promised to keep. What is left is all that there is.
            trace = []
            ledger = Ledger(plan)
            intents = [:]
            for event in events { try take(event, in: world, isReplay: true) }
            return
        }
        guard world.rates.journalIsBytes == false || events.prefix(trace.count).elementsEqual(trace) else {
            throw Violation(.acknowledgedIsKept, "what was acknowledged reads otherwise now")
        }
        try acknowledge(Array(events[trace.count...]), in: world)
    }

    /// A state that was folded anew.
    func compare(_ state: RunState, after count: Int) throws {
        guard state.lastEvent == count else {
            throw Violation(.replayIsTheSame, "\(count) events fold to a state after event \(state.lastEvent)")
        }
    }

    private func take(_ entry: JournaledEvent, in world: World, isReplay: Bool = false) throws {
        guard entry.number == trace.count + 1 else {
            throw Violation(.acknowledgedIsKept, "event \(entry.number) follows event \(trace.count)")
        }
        if let last = trace.last, last.at.bootID == entry.at.bootID, entry.at.boot < last.at.boot {
            throw Violation(.timeGoesForward, "event \(entry.number) is earlier than the one before it")
        }
        trace.append(entry)
        world.tell("  \(entry.words)")
        if case .attemptIntended(let spec) = entry.event { intents[spec.attempt] = spec }
        try ledger.take(entry, Judge(checker: self, world: world, isReplay: isReplay))
    }

    // MARK: The truth

    func heard(_ epoch: Int, at place: Place) { highestHello[place] = max(highestHello[place] ?? 0, epoch) }

    func submitted(_ request: AcceptedRequest) { requests[request.request.id] = request }

    /// A supervisor is about to start a process.
    /// - Parameter epoch: the epoch of the runner that asked.
    func spawning(_ spec: AttemptSpec, epoch: Int?, at place: Place) throws {
        guard syncsLie || intents[spec.attempt] == spec else {
            throw Violation(.intentBeforeEffect, "\(spec.attempt) is started, and no acknowledged event intends it")
        }
        if let epoch, epoch < highestHello[place] ?? 0, !syncsLie {
            throw Violation(
                .oneRunnerAnEpoch, "\(spec.attempt) is started for epoch \(epoch), after a hello of a later one")
        }
        if place == .inside { try ledger.requireIsolation(spec.attempt, ledger.plan) }
    }

    func spawned(_ attempt: AttemptID, in world: World) throws {
        spawns[attempt, default: 0] += 1
        // A disk that lied may have forgotten the intent, and its number is given again.
        guard spawns[attempt] == 1 || syncsLie else {
            throw Violation(.startedOnce, "\(attempt) was started \(spawns[attempt] ?? 0) times")
        }
        guard attempt.part == .action, let step = ledger.planned[attempt.step], step.effect == .unsafe, !syncsLie else {
            return
        }
        unsafeSpawns[attempt.step, default: 0] += 1
        let allowed = 1 + (ledger.steps[attempt.step]?.askedAgain ?? 0)
        guard (unsafeSpawns[attempt.step] ?? 0) <= allowed else {
            throw Violation(.unsafeRunsOnce, "\(attempt.step) runs once more, and nobody asked for it")
        }
    }

    func ended(_ attempt: AttemptID, _ result: AttemptEnd.Result) { results[attempt] = result }

    // MARK: The end

    func finish(_ world: World) throws {
        guard isClosed else { throw Violation(.runsEnd, "nothing happens any more, and the run is not closed") }
        world.statistics.outcome = ledger.outcome?.rawValue ?? ""
        world.statistics.happenings = world.happenings
        let left = world.processes.filter { $0.value.isLive }.keys.filter { attempt in
            ledger.steps[attempt.step]?.givenUp.contains(attempt) != true
        }
        if let left = left.min(), !syncsLie {
            throw Violation(.endIsClean, "the run is closed, and the process of \(left) lives")
        }
        if let place = Place.allCases.first(where: { world.supervisors[$0]?.isAlive == true }) {
            throw Violation(.endIsClean, "the run is closed, and its \(place.rawValue) supervisor lives")
        }
        var folded = RunState(plan: plan)
        for event in trace { try RunMachine.apply(&folded, event) }
        let last = world.lastKnown
        guard folded == last else {
            throw Violation(.replayIsTheSame, "folding the journal gives another \(Self.difference(folded, last))")
        }
        for (id, request) in requests.sorted(by: { $0.key < $1.key }) where world.requestFiles[id] == nil {
            guard ledger.appliedRequests.contains(id) || ledger.refusedRequests.contains(id) || syncsLie else {
                throw Violation(.requestsAreAnswered, "the request \(request.request.ask) is gone without an answer")
            }
        }
    }
}

extension Checker {
    /// The first field in which two values differ, with both values.
    private static func difference<Value>(_ one: Value, _ other: Value) -> String {
        for (mine, others) in zip(Mirror(reflecting: one).children, Mirror(reflecting: other).children) {
            let (folded, kept) = ("\(mine.value)", "\(others.value)")
            if folded != kept { return "\(mine.label ?? "field"): \(folded), not \(kept)" }
        }
        return "state"
    }
}

/// What an event is held against.
struct Judge {
    let checker: Checker
    let world: World
    /// The disk lied, and what it kept is read once more: the truth has gone on since.
    let isReplay: Bool
}
