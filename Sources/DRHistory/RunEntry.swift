import DRCrypto
import DRJournal
import DRMachine
import DRRunbook
import GRDB

/// A run as the index has it: what lists and forecasts need, derived from plan and journal.
package struct RunEntry: Codable, Sendable, Equatable {
    package var run: String
    package var runbook: String
    package var title: String
    package var mode: String
    package var environment: String
    /// `running`, `paused`, `succeeded` and so on.
    package var status: String
    package var isClosed: Bool
    /// Nothing was done, it was only talked through.
    package var isTabletop: Bool
    /// Nanoseconds since 1970.
    package var startedAt: Int64
    package var elapsedNanoseconds: Int64
    package var stepsDone: Int
    package var steps: Int
    /// The journal's last commit, by which the entry is known to be what the journal says.
    package var commit: Int
    package var hash: String

    init(_ run: String, _ state: RunState, head: JournalHead) {
        self.run = run
        runbook = state.plan.runbook.name
        title = state.plan.runbook.title
        mode = state.plan.mode.rawValue
        environment = state.plan.environment
        (status, isClosed) =
            if case .closed(let outcome, _) = state.status { (outcome.rawValue, true) } else {
                (state.status.words, false)
            }
        isTabletop = state.plan.shape?.isTabletop == true
        startedAt = state.firstAt?.wall ?? 0
        elapsedNanoseconds =
            state.firstAt.flatMap { first in state.lastAt?.elapsed(since: first).nanoseconds } ?? 0
        steps = state.plan.steps.count
        stepsDone = steps - state.openSteps.count
        commit = head.commit
        hash = head.hash.hex
    }
}

extension RunEntry: FetchableRecord, PersistableRecord {
    static var databaseTableName: String { "run" }
}

/// How long a step that succeeded took, waiting and retries included.
struct StepTime: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "stepTime"

    var run: String
    var step: String
    var nanoseconds: Int64
}
