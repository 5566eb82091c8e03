package import DRMachine

/// What a journal holds, all of it checked against the chain of its commits.
package struct JournalContents: Sendable {
    package var events: [JournaledEvent] = []
    /// One a commit, in order: number, last event, hash.
    package var commits: [JournalHead] = []
    /// Where the last batch begins in the file.
    package internal(set) var lastBatchStart = 0
    /// What the next commit chains to.
    package internal(set) var lastCommit: CommitLine?
    /// Of the last commit; 0 before any runner.
    package var epoch = 0
    /// Length of the committed part of the file.
    package var committedBytes = 0
    /// Bytes after the last commit that an append under way, or one that was cut short, explains. They are no part
    /// of the journal.
    package var uncommitted: Uncommitted?

    /// What lies behind the last commit, and why it is no part of the journal.
    package struct Uncommitted: Sendable, Equatable {
        package var sizeBytes: Int
        /// The events that the bytes would begin with, and what keeps them from being a batch.
        package var events: ClosedRange<Int>
        package var reason: String
    }

    /// The last commit; nil in an empty journal.
    package var head: JournalHead? { commits.last }

    /// Whether the run is over. What people add later (a note, a mark, an owed cleanup that is settled) still follows.
    package var isClosed: Bool {
        events.reversed().contains { if case .runClosed = $0.event { true } else { false } }
    }

    /// Event 1.
    package var created: RunCreated? {
        if case .runCreated(let created)? = events.first?.event { created } else { nil }
    }

    /// The last runner that the journal names.
    package var lastRunner: RunnerIdentity? {
        for event in events.reversed() {
            if case .runnerStarted(let runner) = event.event { return runner }
        }
        return nil
    }
}
