import DRRunbook

/// What a runner has to begin next: of everything that is outstanding, what it has not begun yet.
///
/// The part of a runner between the state and the world that needs neither. A runner that was killed, and forgot
/// it, begins everything outstanding once more, which supervisors and people bear.
package struct Agenda: Sendable {
    private var begun: [Place: Set<Action>] = [:]

    package init() {}

    /// What follows from a state.
    package struct Next: Sendable {
        /// To be begun now, in this order.
        package var begin: [Action] = []
        /// When a `tick` is due, if nothing else happens before; nil: never.
        package var wake: Moment?
        /// The run is closed: nothing is left to be done.
        package var isConcluded = false
    }

    /// Learns from an input what is over: a new line to a place, or the loss of one, and everything there is begun
    /// anew, also where the state before and after it asks for the same.
    ///
    /// A line that is being made is in the making until it is there or cannot be had, whatever the state asks for
    /// meanwhile: two at once would each be told of the other one's end, and be made anew for ever.
    package mutating func take(_ input: Input) {
        switch input {
        case .supervisorConnected(let identity, _): begun[identity.place] = nil
        case .supervisorGone(let place, _), .placeUnavailable(let place, _): begun[place] = nil
        case .supervisorLost(let place, _): begun[place]?.formIntersection([.connect(place)])
        case .isolationChecked: begun[.inside]?.remove(.checkIsolation)
        case .createRun, .runnerStarted, .adoptPlan, .attemptReported, .request, .requestRefused, .cancel, .pause,
            .tick:
            break
        }
    }

    /// Looks at a state whose events are durable. What is not outstanding any longer may be begun again later, except
    /// for a line that is in the making.
    package mutating func next(_ state: RunState) -> Next {
        var next = Next()
        var outstanding: [Place: Set<Action>] = [:]
        for action in RunMachine.outstanding(state) {
            guard let place = state.place(of: action) else {
                switch action {
                case .wake(let due): if next.wake.map({ due.wall < $0.wall }) ?? true { next.wake = due }
                case .conclude: next.isConcluded = true
                default: break
                }
                continue
            }
            outstanding[place, default: []].insert(action)
            if begun[place]?.contains(action) != true { next.begin.append(action) }
        }
        for (place, actions) in begun where actions.contains(.connect(place)) {
            outstanding[place, default: []].insert(.connect(place))
        }
        begun = outstanding
        return next
    }
}

extension RunState {
    /// Where an action is performed; nil: nowhere.
    fileprivate func place(of action: Action) -> Place? {
        switch action {
        case .connect(let place), .finish(let place), .ensureGone(let place): place
        case .checkIsolation: .inside
        case .start(let attempt), .stop(let attempt): steps[attempt.step]?.attempt(attempt)?.spec.place
        case .wake, .conclude: nil
        }
    }
}
