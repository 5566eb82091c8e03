import DRMachine
import DRRunbook

/// What holds after every event of every run.
enum Invariants {
    static func check(_ event: JournaledEvent, after journal: [JournaledEvent], plan: Plan) throws {
        guard event.number == journal.count + 1 else { throw ScenarioError("event \(event.number) leaves a gap") }
        switch event.event {
        case .attemptIntended(let spec): try check(spec, after: journal, plan: plan)
        case .stepSucceeded(let id, _):
            let intents = journal.filter { intended($0)?.attempt.step == id }.count
            let isCard = plan.step(id)?.action.kind == .manual || plan.step(id)?.action.kind == .approve
            try require(intents > 0 || isCard, "\(id) succeeded without ever being tried")
        case .runClosed:
            for cleanup in plan.cleanup where plan.mode == .drill && journal.contains(where: { intended($0) != nil }) {
                let isSettled = journal.contains { entry in
                    switch entry.event {
                    case .stepSucceeded(let id, _), .stepSkipped(let id, _), .cleanupOwed(let id, _): id == cleanup.id
                    default: false
                    }
                }
                try require(isSettled, "the run closes, and cleanup \(cleanup.id) was neither done nor owed")
            }
        default: break
        }
    }

    private static func check(_ spec: AttemptSpec, after journal: [JournaledEvent], plan: Plan) throws {
        let id = spec.attempt
        guard let step = plan.step(id.step) else { throw ScenarioError("\(id) is of no step") }
        let isCleanup = plan.cleanup.contains { $0.id == id.step }
        let isStopping = journal.contains { if case .stoppingBegan = $0.event { true } else { false } }
        try require(!isStopping || isCleanup, "\(id) was intended while the run is stopping")
        try require(isStopping || !isCleanup, "cleanup \(id) was intended before its time")
        if id.part == .action {
            let earlier = journal.filter {
                intended($0)?.attempt.step == id.step && intended($0)?.attempt.part == .action
            }
            let hasSucceeded = journal.contains {
                if case .stepSucceeded(id.step, _) = $0.event { true } else { false }
            }
            try require(!hasSucceeded || step.background != nil, "\(id) was intended after \(id.step) had succeeded")
            try require(
                step.effect != .unsafe || earlier.isEmpty || step.background != nil,
                "the unsafe step \(id.step) was intended twice")
        }
        if plan.mode == .drill {
            var generation = 0
            var checked = 0
            for entry in journal {
                if case .supervisorReady(let identity) = entry.event, identity.place == .inside {
                    generation = identity.generation
                }
                if case .isolationChecked(let report) = entry.event { checked = report.generation }
            }
            try require(checked > 0, "\(id) was intended before isolation was shown")
            try require(
                spec.place == .outside || checked == generation || id.part != .action,
                "\(id) was intended inside before its isolation was shown")
        }
        try checkWidth(spec, after: journal, plan: plan)
    }

    private static func checkWidth(_ spec: AttemptSpec, after journal: [JournaledEvent], plan: Plan) throws {
        var live: Set<AttemptID> = [spec.attempt]
        for entry in journal {
            switch entry.event {
            case .attemptIntended(let other): live.insert(other.attempt)
            case .attemptEnded(let id, _), .attemptLost(let id, _): live.remove(id)
            case .stepSucceeded(let id, _): live = live.filter { $0.step != id }
            default: break
            }
        }
        // What a person asks for (a probe after `done`) is not made to wait.
        let steps = Set(live.filter { $0.part != .probe }.map(\.step))
        try require(steps.count <= plan.width, "\(steps.count) steps are under way at once")
    }

    private static func intended(_ entry: JournaledEvent) -> AttemptSpec? {
        if case .attemptIntended(let spec) = entry.event { spec } else { nil }
    }

    private static func require(_ holds: Bool, _ message: @autoclosure () -> String) throws {
        if !holds { throw ScenarioError(message()) }
    }
}
