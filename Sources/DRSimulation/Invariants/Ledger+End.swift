import DRMachine
import DRRunbook

// How a run ends, and what a drill may do before.
extension Ledger {
    mutating func takeRun(_ entry: JournaledEvent) throws {
        switch entry.event {
        case .runPaused:
            try require(stage == .starting || stage == .running, .pauseHolds, "a pause in stage \(stage)")
            stage = .paused
        case .runProceeded:
            try require(stage == .paused, .pauseHolds, "the run goes on, and was not paused")
            try requireConfirmed()
            stage = hasOpened ? .running : .starting
        case .stoppingBegan(let why, _):
            try require(stage.rawValue < Stage.stopping.rawValue, .stoppingOrder, "the run stops twice")
            stage = .stopping
            cause = why
            if why == .finished { try requireFinished() }
        case .rollbackAsked, .rollbackBegan, .rollbackDeclined: try takeRollback(entry)
        case .cleanupBegan:
            try require(
                stage == .stopping || stage == .rollback, .stoppingOrder, "cleanup begins in stage \(stage)")
            try requireNothingUnderWay()
            try requireRolledBack()
            stage = .cleanup
        case .cleanupOwed(let step, _):
            try require(cleanup.contains(step), .stoppingOrder, "\(step) is no cleanup, and owed")
            try require(hasNothingLive(step), .reportsAreTrue, "\(step) is owed while its attempt is under way")
            steps[step]?.over = .failed
            owed.insert(step)
        case .cleanupSettled(let step, _, _): owed.remove(step)
        case .closingBegan:
            try require(
                stage.rawValue >= Stage.stopping.rawValue && stage.rawValue < Stage.closing.rawValue, .stoppingOrder,
                "closing begins in stage \(stage)")
            try requireRolledBack()
            try requireReadyToClose()
            stage = .closing
        case .runClosed(let end, _): try close(end)
        default: break
        }
    }

    func requireIsolation(_ attempt: AttemptID, _ plan: Plan) throws {
        guard plan.hasInside else { return }
        guard let isolation, isolation.generation == insideGeneration, allows(isolation.verdict) else {
            throw Violation(.isolation, "\(attempt) is started inside, and isolation is not established")
        }
    }

    func allows(_ verdict: IsolationReport.Verdict) -> Bool {
        verdict == .demonstrated
            || (verdict == .enforcedNotDemonstrated && plan.isolation?.whenNotDemonstrated == .continue)
    }

    private var hasOpened: Bool {
        !plan.hasInside ? true : isolation.map { allows($0.verdict) } ?? false
    }

    func requireFinished() throws {
        for step in plan.steps {
            try require(
                steps[step.id]?.isDoubted != true, .restartIsNoticed,
                "the run is finished, and nobody knows whether \(step.id) outlived the restart")
            try require(steps[step.id]?.over != nil, .stoppingOrder, "the run is finished, and \(step.id) is not over")
        }
    }

    func requireNothingUnderWay() throws {
        for step in plan.steps {
            guard let account = steps[step.id], !account.isService else { continue }
            try require(account.live.isEmpty, .stoppingOrder, "\(step.id) is under way while the run cleans up")
        }
    }

    func requireReadyToClose() throws {
        try requireNothingUnderWay()
        for step in plan.steps {
            try require(hasNothingLive(step.id), .stoppingOrder, "the service \(step.id) lives while the run closes")
        }
        guard plan.mode == .drill, hasIntended else { return }
        for step in plan.cleanup {
            try require(
                steps[step.id]?.over != nil, .stoppingOrder, "the run closes, and \(step.id) is neither done nor owed")
        }
    }

    mutating func close(_ end: RunOutcome) throws {
        try require(stage == .closing, .stoppingOrder, "the run is closed in stage \(stage)")
        outcome = end
        stage = .closed
        guard end == .succeeded else { return }
        try require(
            cause == .finished, .endIsClean, "the run succeeded, and stopped as \(cause?.rawValue ?? "nothing")")
        try require(owed.isEmpty, .endIsClean, "the run succeeded, and owes cleanup")
        for step in plan.steps where steps[step.id]?.over == .failed {
            try require(step.onFailure == .continue, .endIsClean, "the run succeeded, and \(step.id) failed")
        }
    }
}
