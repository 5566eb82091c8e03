import DRMachine
import DRRunbook
import Synchronization

/// What was committed, on its way from the runner to the display; the runner never waits for the screen.
final class RunFeed: Sendable {
    private struct State {
        var run: RunState
        var unseen: [JournaledEvent] = []
        var hasEnded = false
    }

    private let state: Mutex<State>
    /// That there is something to look at; what nobody has looked at yet is said once.
    let news: AsyncStream<Void>
    private let newsSource: AsyncStream<Void>.Continuation

    /// - Parameter run: as far as it is known.
    init(of run: RunState) {
        state = Mutex(State(run: run))
        (news, newsSource) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        nudge()
    }

    /// Has the display look once more.
    func nudge() { newsSource.yield() }

    /// What happened before, which is shown but not told again.
    func start(from known: RunState) {
        state.withLock { state in
            if state.run.lastEvent < known.lastEvent { state.run = known }
        }
        nudge()
    }

    func add(_ events: [JournaledEvent]) {
        state.withLock { state in
            for event in events where event.number > state.run.lastEvent {
                // The runner applied it before it was committed; here it only moves the picture.
                try? RunMachine.apply(&state.run, event)
                state.unseen.append(event)
            }
        }
        nudge()
    }

    /// Whether the card is still to be answered.
    func asks(_ card: Card) -> Bool {
        state.withLock { state in
            !state.hasEnded && !state.run.status.isEnding && state.run.steps[card.step]?.phase == .asking
                && state.run.steps[card.step]?.card?.digest == card.digest
        }
    }

    func end() {
        state.withLock { $0.hasEnded = true }
        nudge()
    }

    /// The state as it is, what came since the last look, and whether nothing more will come.
    func take() -> (run: RunState, events: [JournaledEvent], hasEnded: Bool) {
        state.withLock { state in
            defer { state.unseen = [] }
            return (state.run, state.unseen, state.hasEnded)
        }
    }
}
