import DRRunbook

/// Where the steps stand, kept up to date with every event: derived from the rest of the state, so that no
/// input has to look at every step.
struct Progress: Sendable, Equatable {
    /// For each step, its needs that are not over yet.
    var openNeeds: [Int]
    /// Pending steps whose needs are over: those to be skipped or failed without being started, those that show
    /// a card, those that start no process, and those that start an attempt, by group.
    var refusals = StepIndices()
    var cards = StepIndices()
    var effectFree = StepIndices()
    var ready: [StepIndices]
    /// Steps that can begin, be shown or be skipped now, whatever the width.
    var hasMoreToBegin: Bool { !(refusals.isEmpty && cards.isEmpty && effectFree.isEmpty) }
    /// Steps that had succeeded when the machine was restarted, and whose doubt is open.
    var doubted = StepIndices()
    /// How many steps of each group have an attempt under way.
    var busy: [Int]
    /// Steps that are neither pending nor over.
    var active = StepIndices()
    /// Steps with a living service, or with one that was lost a moment ago.
    var services = StepIndices()
    /// Steps of the plan that have an attempt under way; living services are not among them.
    var running = 0
    /// Steps of the plan that are not over.
    var open: Int
    /// The first cleanup step that is not over.
    var nextCleanup: Int

    init(_ topology: Topology) {
        openNeeds = topology.needCounts
        ready = topology.groupLimits.map { _ in StepIndices() }
        busy = topology.groupLimits.map { _ in 0 }
        open = topology.mainCount
        nextCleanup = topology.cleanupStart
    }
}

/// Indices of steps, in order.
struct StepIndices: Sendable, Equatable {
    private var sorted: [Int] = []
    /// What lies before was taken away: mostly it is the first that goes.
    private var start = 0

    var values: ArraySlice<Int> { sorted[start...] }

    var isEmpty: Bool { start == sorted.count }

    mutating func insert(_ value: Int) {
        let place = place(of: value)
        if place == sorted.count || sorted[place] != value { sorted.insert(value, at: place) }
    }

    mutating func remove(_ value: Int) {
        let place = place(of: value)
        guard place < sorted.count, sorted[place] == value else { return }
        if place == start { _ = popFirst() } else { sorted.remove(at: place) }
    }

    mutating func popFirst() -> Int? {
        guard !isEmpty else { return nil }
        defer {
            start += 1
            // What is left is moved once for every time that as much was taken.
            if start > 32, start * 2 > sorted.count {
                sorted.removeFirst(start)
                start = 0
            }
        }
        return sorted[start]
    }

    /// Where a value is, or would be.
    private func place(of value: Int) -> Int {
        var low = start
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    static func == (one: StepIndices, other: StepIndices) -> Bool { one.values == other.values }
}

extension RunState {
    subscript(index: Int) -> StepState { steps.values[index] }

    /// Changes a step in place; its phase changes through `setPhase` only.
    mutating func update(_ index: Int, _ change: (inout StepState) -> Void) {
        change(&steps.values[index])
    }

    /// Moves a step to another phase, and with it everything that is derived from phases.
    mutating func setPhase(_ index: Int, _ phase: StepPhase) {
        let old = self[index].phase
        update(index) { $0.phase = phase }
        if old == .pending { dequeue(index) }
        if phase.isActive { progress.active.insert(index) } else { progress.active.remove(index) }
        if !topology.isMain(index) {
            while progress.nextCleanup < topology.steps.count, self[progress.nextCleanup].phase.isOver {
                progress.nextCleanup += 1
            }
            return
        }
        // Whoever is told of a card is not made to wait for others, and makes nobody wait.
        let counts = topology.steps[index].escalation == nil
        let change = counts ? (phase == .running ? 1 : 0) - (old == .running ? 1 : 0) : 0
        progress.running += change
        let group = topology.groups[index]
        progress.busy[group] +=
            topology.isGateGroup[group] ? (phase.isActive ? 1 : 0) - (old.isActive ? 1 : 0) : change
        guard old.isOver != phase.isOver else {
            // What had succeeded and now has another end, by a person's word, is another answer to those that need it.
            if old.isOver { for dependent in topology.dependents[index] { requeue(dependent) } }
            return
        }
        let opened = phase.isOver ? -1 : 1
        progress.open += opened
        for dependent in topology.dependents[index] {
            progress.openNeeds[dependent] += opened
            requeue(dependent)
        }
    }

    /// Puts a pending step where it belongs now that one of its needs has changed.
    private mutating func requeue(_ index: Int) {
        guard self[index].phase == .pending else { return }
        dequeue(index)
        if progress.openNeeds[index] == 0 { enqueue(index) }
    }

    /// Whether one more step of a group may be under way.
    func hasRoom(inGroup group: Int) -> Bool { progress.busy[group] < topology.groupLimits[group] }

    /// Whether the next attempt of a step that had one has its group's room: a gate keeps it in between.
    func hasRoomAgain(_ index: Int) -> Bool {
        let group = topology.groups[index]
        return topology.isGateGroup[group] || hasRoom(inGroup: group)
    }

    /// The first gate that could be asked, and need not be.
    func knownGate(at now: Moment) -> Int? {
        for group in topology.isGateGroup.indices where topology.isGateGroup[group] && hasRoom(inGroup: group) {
            if let index = progress.ready[group].values.first, knownAnswer(index, at: now) != nil { return index }
        }
        return nil
    }

    /// Puts a pending step whose needs are over where it will be found.
    mutating func enqueue(_ index: Int) {
        // It begins with the card that it tells of.
        if topology.steps[index].escalation != nil { return }
        switch readiness(index) {
        case .skip, .fail: progress.refusals.insert(index)
        case .start:
            let step = topology.steps[index]
            if step.isCard {
                progress.cards.insert(index)
            } else if step.action.isEffectFree {
                progress.effectFree.insert(index)
            } else {
                progress.ready[topology.groups[index]].insert(index)
            }
        }
    }

    private mutating func dequeue(_ index: Int) {
        progress.refusals.remove(index)
        progress.cards.remove(index)
        progress.effectFree.remove(index)
        progress.ready[topology.groups[index]].remove(index)
    }

    enum Readiness: Equatable {
        case start
        case skip(reason: String)
        case fail(reason: String)
    }

    /// The truth table of `needs`, then `inDrill: {skip}`, then `when`; asked once all needs are over.
    func readiness(_ index: Int) -> Readiness {
        let step = topology.steps[index]
        if let unmet = unmetNeed(index) { return .skip(reason: unmet) }
        if plan.mode == .drill, let reason = step.skipInDrill { return .skip(reason: reason) }
        guard let condition = step.condition else { return .start }
        do {
            switch try condition.evaluate(in: EvaluationContext(values: values)) {
            case .boolean(true): return .start
            case .boolean(false): return .skip(reason: "when is false: \(condition.source)")
            case .null: return .fail(reason: "when has no value: \(condition.source)")
            case .string, .integer: return .fail(reason: "when is neither true nor false: \(condition.source)")
            }
        } catch {
            return .fail(reason: "when cannot be evaluated: \(error)")
        }
    }

    /// The first need that is not over in an accepted end, in words; nil: all are.
    func unmetNeed(_ index: Int) -> String? {
        if !topology.isMain(index) { return nil }
        for need in topology.steps[index].needs {
            guard let outcome = steps[need.step]?.phase.outcome, need.accept.contains(outcome) else {
                return "needs \(need.step), which \(outcomeWords(need.step))"
            }
        }
        return nil
    }

    private func outcomeWords(_ id: StepID) -> String {
        switch steps[id]?.phase.outcome {
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .skipped: "was skipped"
        case nil: "is not over"
        }
    }
}
