import ArgumentParser
import DREngine
import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import SystemPackage

/// A run as its directory tells it: the plan, and the state that its journal folds to. Reads only.
struct RunView: Sendable {
    var directory: RunDirectory
    /// The one that the run began with.
    var firstPlan: Plan
    /// The one in force.
    var plan: Plan
    var contents: JournalContents
    var state: RunState

    /// - Throws: when the plan or the journal cannot be read, or is not what was committed.
    init(reading directory: RunDirectory) throws {
        self.directory = directory
        let recorded = try directory.recordedHead().map { [$0] } ?? []
        (firstPlan, contents) = try RunCreation.read(directory, anchors: recorded)
        state = RunState(plan: firstPlan)
        for event in contents.events { try RunMachine.apply(&state, event) }
        plan = state.plan
    }

    /// The runs under a state directory that can be read, oldest first, and why the others cannot: one of those must not hide the
    /// rest, and is named on standard error.
    static func all(in root: FilePath) throws -> (readable: [RunView], failures: [Failure]) {
        var readable: [RunView] = []
        var failures: [Failure] = []
        for directory in try RunDirectory.list(in: root) {
            do { readable.append(try RunView(reading: directory)) } catch {
                let failure = Failure(error)
                Output.note("drctl: run \(directory.id) cannot be read: \(displayEscaped(failure.message))")
                failures.append(failure)
            }
        }
        return (readable.sorted(), failures)
    }

    /// The cards that somebody has to answer, in the plan's order.
    var openCards: [Card] {
        // What is closed asks nothing any more.
        isClosed
            ? []
            : plan.allSteps.compactMap { step in
                guard let current = state.steps[step.id], current.phase == .asking else { return nil }
                return current.card
            }
    }

    /// The steps that only a person can take further, in the plan's order.
    var stuckSteps: [StepID] {
        isClosed
            ? []
            : plan.allSteps.map(\.id).filter { id in
                switch state.steps[id]?.phase {
                case .held, .inDoubt: true
                case .asking: state.steps[id]?.card?.kind == .manual
                default: false
                }
            }
    }

    /// The steps that wait for a time to come, which a person may end before it.
    var waitingSteps: [StepID] {
        isClosed
            ? []
            : plan.steps.map(\.id).filter { id in
                if case .waiting(due: .some) = state.steps[id]?.phase { true } else { false }
            }
    }

    /// Finished steps that may not have outlived a restart of the machine.
    var doubtedSteps: [StepID] {
        isClosed ? [] : plan.steps.map(\.id).filter { state.steps[$0]?.restartDoubt == .open }
    }

    /// Whether somebody has to say if what was done is undone.
    var isAskedForRollback: Bool {
        guard case .stopping(_, _, .rollback) = state.status, case .asked = state.rollback else { return false }
        return true
    }

    var isClosed: Bool {
        if case .closed = state.status { return true }
        return false
    }
}

extension RunView: Comparable {
    /// By when they began; ids are whatever people called them.
    private var order: (Int64, String) { (state.firstAt?.wall ?? .min, directory.id) }

    static func < (one: RunView, other: RunView) -> Bool { one.order < other.order }
    static func == (one: RunView, other: RunView) -> Bool { one.order == other.order }
}

/// Which run is meant: the one named, or the only one that fits.
struct RunSelection: ParsableArguments {
    @Argument(help: "The run's id, or its beginning; left out, the only run that this command fits.")
    var run: String?

    @OptionGroup var state: StateOptions

    /// - Parameters:
    ///   - views: all runs that can be read, where they are known already.
    ///   - fits: what makes a run a candidate where none is named.
    func select(_ purpose: String, among views: [RunView]? = nil, where fits: (RunView) -> Bool) throws -> RunView {
        let root = try state.root()
        if let run { return try RunView(reading: RunDirectory.find(run, in: root)) }
        let candidates = try (views ?? RunView.all(in: root).readable).filter(fits)
        if let only = candidates.first, candidates.count == 1 { return only }
        throw Failure(
            exit: .usage, code: "run.ambiguous",
            message: candidates.isEmpty ? "no run to \(purpose) in \(root)" : "\(candidates.count) runs to \(purpose)",
            hint: candidates.isEmpty
                ? "see `drctl status --all`"
                : "name one: " + candidates.map(\.directory.id).joined(separator: ", "))
    }
}
