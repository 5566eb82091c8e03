import DRMachine
import DRRunbook

/// What measuring needs of a journal, in one pass over it.
struct Chronicle {
    /// The state after the last event.
    private(set) var state: RunState
    private(set) var marks: [ServiceMeasurement.Mark] = []
    /// For each stretch between two events, whether the run did nothing but wait for people.
    private var stretches: [(from: Moment, to: Moment, isWaiting: Bool)] = []
    private(set) var resolvedAt: [StepID: Moment] = [:]
    private(set) var shownAt: [StepID: Moment] = [:]

    var losses: [LossMeasure] { state.losses }

    /// - Throws: `eventDoesNotFit` where no run of this plan can have written these events.
    init(plan: Plan, events: [JournaledEvent]) throws(MachineError) {
        state = RunState(plan: plan)
        var waiting: Set<StepID> = []
        var running: Set<AttemptID> = []
        for entry in events {
            if let last = state.lastAt {
                let isPaused = if case .paused = state.status { true } else { false }
                stretches.append((last, entry.at, running.isEmpty && (isPaused || !waiting.isEmpty)))
            }
            try RunMachine.apply(&state, entry)
            if case .clockMarked(let mark) = entry.event {
                marks.append(.init(event: entry.number, mark: mark, isSuperseded: false))
            }
            follow(entry, waiting: &waiting, running: &running)
        }
    }

    private mutating func follow(
        _ entry: JournaledEvent, waiting: inout Set<StepID>, running: inout Set<AttemptID>
    ) {
        switch entry.event {
        case .attemptIntended(let spec):
            running.insert(spec.attempt)
            waiting.remove(spec.attempt.step)
        case .attemptEnded(let attempt, _), .attemptLost(let attempt, _): running.remove(attempt)
        case .cardShown(let card):
            waiting.insert(card.step)
            if shownAt[card.step] == nil { shownAt[card.step] = entry.at }
        case .stepHeld(let step, _, _): waiting.insert(step)
        case .attemptInDoubt(let attempt, _, _): waiting.insert(attempt.step)
        case .retryScheduled(let step, _, _): waiting.remove(step)
        case .stepSucceeded(let step, _):
            waiting.remove(step)
            // A service goes on, and is nothing that the run waits for.
            if let service = state.steps[step]?.service { running.remove(service) }
            resolvedAt[step] = entry.at
        case .stepFailed(let step, _, _), .stepSkipped(let step, _):
            waiting.remove(step)
            resolvedAt[step] = entry.at
        default: break
        }
    }

    /// How long the run did nothing but wait for people between two moments.
    func waiting(from start: Moment, to end: Moment) -> TimeSpan {
        var sum = TimeSpan.zero
        for stretch in stretches where stretch.isWaiting {
            let first = stretch.from.elapsed(since: start) > .zero ? stretch.from : start
            let last = end.elapsed(since: stretch.to) > .zero ? stretch.to : end
            let span = last.elapsed(since: first)
            if span > .zero { sum = sum + span }
        }
        return sum
    }
}
