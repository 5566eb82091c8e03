import ArgumentParser
import DRJournal
import DRMachine
import DRSystem
import SystemPackage

struct Watch: Command {
    static let configuration = CommandConfiguration(
        abstract: "Follow runs that other processes drive, until they are closed.",
        discussion: """
            Example:  drctl watch orders-20261122
                      drctl watch --all
            """)

    @OptionGroup var selection: RunSelection
    @Flag(help: "Follow every open run, and those that begin meanwhile, until none is open.")
    var all = false
    @OptionGroup var output: OutputOptions

    private static let interval = Duration.milliseconds(250)

    func validate() throws {
        if all, selection.run != nil { throw ValidationError("name a run, or say --all") }
    }

    func perform() async throws -> Outcome {
        if all { return try await followAll() }
        var view = try selection.select("watch") { !$0.isClosed }
        var display = try RunDisplay(plan: view.plan)
        var shown = 0
        // Of the journal when it was read; nil: not known.
        var size: Int64?
        while true {
            display.show(view.contents.events.dropFirst(shown).map { $0 }, state: view.state)
            shown = view.contents.events.count
            if view.isClosed { break }
            try await Task.sleep(for: Self.interval)
            let now = try Self.size(of: view.directory)
            if now != size { view = try RunView(reading: view.directory) }
            size = now
        }
        display.end(view.state)
        let summary = RunSummary(view)
        return .run(summary.conditions, text: "\(summary.run): \(summary.status)", result: summary)
    }

    private func followAll() async throws -> Outcome {
        let root = try selection.state.root()
        var following = Following()
        var display = RunsDisplay()
        for view in try following.look(in: root) where view.isClosed {
            following.drop(view)
            display.skip(view)
        }
        guard !following.runs.isEmpty else {
            throw Failure(
                exit: .usage, code: "run.none", message: "no run is open in \(root)", hint: "see `drctl status --all`")
        }
        display.show(changed: following.runs, followed: following.runs)
        while !following.runs.allSatisfy(\.isClosed) {
            try await Task.sleep(for: Self.interval)
            let changed = try following.look(in: root)
            if !changed.isEmpty { display.show(changed: changed, followed: following.runs) }
        }
        let summaries = following.runs.map { RunSummary($0) }
        return .run(
            following.failures + summaries.flatMap(\.conditions),
            text: summaries.map { "\($0.run): \($0.status)" }.joined(separator: "\n"), result: summaries)
    }

    fileprivate static func size(of directory: RunDirectory) throws -> Int64 {
        try FileStatus(of: directory.journal).sizeBytes
    }
}

/// The runs under a state directory, each read again when its journal has grown. One that cannot be read is named
/// once, and keeps no other from being followed.
private struct Following {
    private var views: [String: RunView] = [:]
    private var sizes: [String: Int64] = [:]
    private var dropped: Set<String> = []
    private(set) var failures: [ExitStatus] = []

    /// Oldest first.
    var runs: [RunView] { views.values.sorted() }

    mutating func drop(_ view: RunView) {
        dropped.insert(view.directory.id)
        views[view.directory.id] = nil
    }

    /// - Returns: what is new or has changed.
    mutating func look(in root: FilePath) throws -> [RunView] {
        var changed: [RunView] = []
        for directory in try RunDirectory.list(in: root) where !dropped.contains(directory.id) {
            do {
                let size = try Watch.size(of: directory)
                guard sizes[directory.id] != size else { continue }
                let view = try RunView(reading: directory)
                sizes[directory.id] = size
                views[directory.id] = view
                changed.append(view)
            } catch {
                // A run that is being made has no journal for a moment.
                guard sizes[directory.id] != nil || (try? FileStatus(of: directory.journal)) != nil else { continue }
                let failure = Failure(error)
                Output.note("drctl: run \(directory.id) cannot be read: \(displayEscaped(failure.message))")
                failures.append(failure.exit)
                dropped.insert(directory.id)
                views[directory.id] = nil
            }
        }
        return changed.sorted()
    }
}
