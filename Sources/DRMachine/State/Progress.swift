import DRRunbook

/// Where the steps stand, kept up to date with every event: derived from the rest of the state, so that no
/// input has to look at every step.
struct Progress: Sendable, Equatable {
    /// For each step, its needs that are not over yet.
    var openNeeds: [Int]
    /// Pending steps whose needs are over: those to be skipped or failed without being started, those that show
    /// a card, and those that start an attempt.
    var refusals = StepIndices()
    var cards = StepIndices()
    var ready = StepIndices()
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
        open = topology.mainCount
        nextCleanup = topology.cleanupStart
    }
}

/// Indices of steps, in order.
struct StepIndices: Sendable, Equatable {
    private(set) var values: [Int] = []

    var isEmpty: Bool { values.isEmpty }

    mutating func insert(_ value: Int) {
        let place = place(of: value)
        if place == values.count || values[place] != value { values.insert(value, at: place) }
    }

    mutating func remove(_ value: Int) {
        let place = place(of: value)
        if place < values.count, values[place] == value { values.remove(at: place) }
    }

    mutating func popFirst() -> Int? { values.isEmpty ? nil : values.removeFirst() }

    /// Where the value is, or would be.
    private func place(of value: Int) -> Int {
        var low = 0
        var high = values.count
        while low < high {
            let middle = (low + high) / 2
            if values[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
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
        progress.running += (phase == .running ? 1 : 0) - (old == .running ? 1 : 0)
        guard old.isOver != phase.isOver else { return }
        let change = phase.isOver ? -1 : 1
        progress.open += change
        for dependent in topology.dependents[index] {
            progress.openNeeds[dependent] += change
            guard self[dependent].phase == .pending else { continue }
            if progress.openNeeds[dependent] == 0 { enqueue(dependent) } else { dequeue(dependent) }
        }
    }

    /// Puts a pending step whose needs are over where it will be found.
    mutating func enqueue(_ index: Int) {
        switch readiness(index) {
        case .skip, .fail: progress.refusals.insert(index)
        case .start:
            switch topology.steps[index].action {
            case .manual, .approve: progress.cards.insert(index)
            case .run, .http, .wait, .backup, .verify, .restore, .resync: progress.ready.insert(index)
            }
        }
    }

    private mutating func dequeue(_ index: Int) {
        progress.refusals.remove(index)
        progress.cards.remove(index)
        progress.ready.remove(index)
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
