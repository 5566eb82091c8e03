package import DRCrypto
package import DRRunbook

/// The supervisor's protocol: one JSON object a line over its socket, requests from the runner, reports from
/// the supervisor. The spool holds the same reports.
package enum SupervisorRequest: Sendable, Equatable {
    /// Bars every lower epoch for ever; answered by `hello` with all that the spool knows.
    case hello(run: String, epoch: Int, journalHead: JournalHead?)
    /// Idempotent by attempt. `secrets` maps names to base64; they are never spooled.
    indirect case start(epoch: Int, spec: AttemptSpec, secrets: [String: String])
    case stop(epoch: Int, attempt: AttemptID)
    /// Nothing is under way and nothing will come.
    case finish(epoch: Int)
}

/// What a supervisor tells the runner that is connected.
package enum SupervisorReply: Sendable, Equatable {
    case hello(SupervisorIdentity, attempts: [AttemptReport])
    case refused(reason: String, epoch: Int)
    case report(AttemptReport)
    case finished
}

/// A supervisor, named for ever by its generation, or by pid, start time and boot.
package struct SupervisorIdentity: Codable, Sendable, Equatable {
    package var place: Place
    package var pid: Int32
    package var startTicks: UInt64
    package var bootID: String
    /// Counted from 1; a supervisor that replaces a dead one is the next.
    package var generation: Int

    package init(place: Place, pid: Int32, startTicks: UInt64, bootID: String, generation: Int) {
        self.place = place
        self.pid = pid
        self.startTicks = startTicks
        self.bootID = bootID
        self.generation = generation
    }
}

/// All that a supervisor knows of one attempt.
package struct AttemptReport: Sendable, Equatable {
    package var attempt: AttemptID
    package var phase: Phase

    package init(attempt: AttemptID, phase: Phase) {
        self.attempt = attempt
        self.phase = phase
    }

    /// Whether its end is yet to come.
    package var isOpen: Bool {
        switch phase {
        case .starting, .started: true
        case .ended, .lost: false
        }
    }

    /// How far an attempt has come, as the spool knows it.
    package indirect enum Phase: Sendable, Equatable {
        /// `starting` is spooled, `started` is not (yet).
        case starting(at: Moment)
        case started(AttemptStart)
        case ended(AttemptStart?, AttemptEnd)
        /// The supervisor that started it died, and its process is gone: what it did, nobody knows.
        case lost(AttemptStart?, at: Moment)
    }
}

/// The position and hash of the journal's last commit.
package struct JournalHead: Codable, Sendable, Hashable {
    /// Number of the commit, counted from 1.
    package var commit: Int
    /// Number of its last event.
    package var event: Int
    package var hash: Digest

    package init(commit: Int, event: Int, hash: Digest) {
        self.commit = commit
        self.event = event
        self.hash = hash
    }
}
