package import DRCrypto
package import DRMachine
package import DRMeasure
package import DRRunbook

/// `record.json`: what a run was, as an auditor reads it. Derived from plan and journal and from nothing else,
/// so that anybody who holds these can derive it again and compare.
///
/// Every number is an integer that says its unit in its name; there is no dictionary and no fraction, so that the
/// same facts always give the same bytes.
package struct Record: Codable, Sendable, Equatable {
    /// The format's name and version, and with it the rules of derivation.
    package static let schema = "drctl.record/1"

    package var schema: String = Self.schema
    package var run: RunFacts
    package var plan: PlanFacts
    package var journal: JournalHead
    package var verdict: RunVerdict
    package var services: [ServiceRecord]
    /// Nil where nothing was measured.
    package var criticalPath: CriticalPathFacts?
    /// In the plan's order, cleanup last.
    package var steps: [StepRecord]
    package var servicesLost: [LostService]
    /// What people asked of the run, refused requests included, in the journal's order.
    package var decisions: [Decision]
    package var resyncs: [ResyncFacts]
    package var backups: [BackupFacts]
    package var isolation: [IsolationFacts]
    /// What a drill did outside its namespaces; empty in a real run, where everything is outside.
    package var ranOutside: [OutsideWork]
    package var findings: [Finding]
    package var doesNotShow: [String]
}

/// Which run this was.
package struct RunFacts: Codable, Sendable, Equatable {
    package var id: String
    package var mode: RunMode
    package var purpose: Purpose
    package var runbook: String
    package var title: String
    package var owner: String
    package var environment: String
    package var initiator: String
    package var initiatorUID: UInt32
    package var unattended: Bool
    package var planned: Bool?
    package var incident: String?
    /// Which rules the run followed.
    package var semantics: Int
    package var createdAt: RecordTime
    /// Nil while the run is open.
    package var closedAt: RecordTime?
    /// From the first event to the run's end, or to the last one.
    package var elapsedNanoseconds: Int64
    /// Every process that drove the run, in order; more than one means that the run was taken up again.
    package var runners: [Runner]

    /// A process that held the run's lock.
    package struct Runner: Codable, Sendable, Equatable {
        package var epoch: Int
        package var at: RecordTime
        package var host: String
        package var pid: Int32
        package var bootID: String
        package var version: String
    }
}

/// What the run was to do, by digest.
package struct PlanFacts: Codable, Sendable, Equatable {
    /// SHA-256 of the exact bytes of `plan.json`, as event 1 holds it.
    package var digest: Digest
    package var runbookDigest: Digest
    package var siteDigest: Digest?
    package var catalogueDigest: Digest?
    package var inputs: [NamedText]
    package var files: [PlannedFile]
    /// How many attempts could be under way at once.
    package var width: Int
    /// The networks of its own that a drill had beside its loopback interface; nil: none.
    package var networks: [PlannedNetwork]?
    /// Why a drill was carried out without isolation; nil: it was isolated, or real.
    package var withoutIsolation: String?
    /// In what a drill differed from all of its runbook; nil: in nothing.
    package var shape: DrillShape?
}

/// How the run ended, and what became of its objectives.
package struct RunVerdict: Codable, Sendable, Equatable {
    /// How far a run came.
    package enum Outcome: String, Codable, Sendable, CaseIterable {
        case succeeded, failed, cancelled, refused
        /// The journal does not say how it ends: it is under way, or nobody took it up again.
        case open
    }

    package var outcome: Outcome
    package var reason: String
    /// All objectives together: missed if one is, else not established if one is; nil when there is none.
    package var objectives: ObjectiveVerdict.Outcome?
}

/// The chain of steps that took longest, and how much of a real run's path a drill exercised.
package struct CriticalPathFacts: Codable, Sendable, Equatable {
    /// A step of the path that a real run would do otherwise, or that was not done.
    package struct NotExercised: Codable, Sendable, Equatable {
        package var step: StepID
        package var reason: String
    }

    package var steps: [StepID]
    package var durationNanoseconds: Int64
    package var notExercised: [NotExercised]
    /// Exercised steps of the path, in thousandths of all its steps.
    package var exercisedThousandths: Int?
}

/// A name and the text that belongs to it.
package struct NamedText: Codable, Sendable, Equatable {
    package var name: String
    package var text: String
}

/// A name and a typed value; a null value was declared and never written.
package struct NamedValue: Codable, Sendable, Equatable {
    package var name: String
    package var value: Value
}

/// A background process that ended when nobody expected it to.
package struct LostService: Codable, Sendable, Equatable {
    package var step: StepID
    package var attempt: AttemptID
    package var at: RecordTime
}

/// Something that a person, or a process in a person's name, asked of the run.
package struct Decision: Codable, Sendable, Equatable {
    package var at: RecordTime
    /// Number of the event that holds the request's exact bytes, or its refusal.
    package var event: Int
    package var request: String
    /// The owner of the request's file.
    package var uid: UInt32?
    /// The plan's person with this uid; nil is *not established*.
    package var person: String?
    /// `approve`, `reject`, `resolve as done`, `cancel` and so on; nil when the request was refused unread.
    package var ask: String?
    package var step: StepID?
    /// The digest of the card that an approval answers.
    package var card: Digest?
    package var text: String?
    package var breakGlass: Bool
    /// Why the request was not carried out; nil when it was.
    package var refused: String?
}

/// What a resynchronisation moved and proved.
package struct ResyncFacts: Codable, Sendable, Equatable {
    package var step: StepID
    package var service: String
    package var from: String
    package var to: String
    package var startedAt: RecordTime
    package var endedAt: RecordTime
    package var elapsedNanoseconds: Int64
    package var filesCopied: Int64
    package var bytesCopied: Int64
    package var filesDeleted: Int64
    package var filesCompared: Int64
    package var sourceDigest: String?
    package var targetDigest: String?
    /// Nil is *not established*.
    package var treesEqual: Bool?
}

/// What a step did with a backup, as it reported it itself.
package struct BackupFacts: Codable, Sendable, Equatable {
    package var step: StepID
    /// `backup`, `verify` or `restore`.
    package var kind: StepKind
    package var outcome: StepOutcome
    package var repository: String
    package var dataset: String
    package var outputs: [NamedValue]
}

/// What the probes at a drill's border showed.
package struct IsolationFacts: Codable, Sendable, Equatable {
    package var at: RecordTime
    /// Which supervisor's namespaces were probed.
    package var generation: Int
    package var verdict: IsolationReport.Verdict
    package var probes: [IsolationReport.Probe]
}

/// A step of a drill that acted outside its namespaces, and why it may.
package struct OutsideWork: Codable, Sendable, Equatable {
    package var step: StepID
    package var kind: StepKind
    package var effect: Effect
    package var reason: String
}

/// What a reader has to know beside the verdict.
package struct Finding: Codable, Sendable, Equatable {
    /// How much it weighs.
    package enum Weight: String, Codable, Sendable, CaseIterable {
        /// Belongs beside the verdict.
        case headline
        /// The run took another course than planned.
        case deviation
        /// Good to know.
        case note
    }

    package var weight: Weight
    /// What kind of finding, in one word: `breakGlass`, `inDoubt`, `cleanupOwed` and so on.
    package var kind: String
    package var text: String
    package var step: StepID?
    /// Number of the event that shows it.
    package var event: Int?
}
