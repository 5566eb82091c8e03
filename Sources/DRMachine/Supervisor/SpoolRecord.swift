// The spool
// =========
//
// A supervisor appends what it does to its spool, one record a line, before it does it (`starting`) or tells
// anybody (`started`, `ended`, `lost`). The page cache suffices for most: what is lost with the machine's power is lost
// with its processes, and another boot id puts what had not ended in doubt. A file system that fails and is mended
// without a restart forgets it too, and then what nothing tells of would start again: so `starting` is synced before
// the spawn, and `supervisorStarted` and `epochBarred` are. Secrets are never in it: a spec names them only. Records
// of several supervisors follow each other in one spool, each beginning with `supervisorStarted`; a torn last line,
// which nobody was told of, is dropped by the reader.

internal import DRJSON

/// A line of a supervisor's spool.
package enum SpoolRecord: Sendable, Equatable {
    /// A supervisor took the spool over.
    case supervisorStarted(run: String, SupervisorIdentity)
    /// Lower epochs are barred for ever. The journal's head is an anchor outside the journal.
    case epochBarred(Int, journalHead: JournalHead?)
    /// Before the spawn: without it, the attempt has not started.
    case starting(AttemptSpec, at: Moment)
    case started(AttemptID, AttemptStart)
    /// Also the tombstone of an attempt that was to be stopped before it was ever started.
    case ended(AttemptID, AttemptEnd)
    /// An earlier supervisor had it under way; its process is gone.
    case lost(AttemptID, at: Moment)
}

extension SpoolRecord {
    /// Whether harm could come of its being forgotten: it is synced before anything follows from it.
    package var outlivesTheDisk: Bool {
        switch self {
        case .supervisorStarted, .epochBarred, .starting: true
        // What it tells is only known less well without it: the attempt is lost then.
        case .started, .ended, .lost: false
        }
    }
}

extension SpoolRecord: Codable {
    private struct Supervisor: Codable {
        var run: String
        var supervisor: SupervisorIdentity
    }
    private struct Barred: Codable {
        var epoch: Int
        var journalHead: JournalHead?
    }
    private struct Starting: Codable {
        var spec: AttemptSpec
        var at: Moment
    }
    private struct Started: Codable {
        var attempt: AttemptID
        var start: AttemptStart
    }
    private struct Ended: Codable {
        var attempt: AttemptID
        var end: AttemptEnd
    }
    private struct Lost: Codable {
        var attempt: AttemptID
        var at: Moment
    }

    package init(from decoder: any Decoder) throws {
        let one = try OneKeyReader(decoder)
        switch one.name {
        case "supervisorStarted":
            let started: Supervisor = try one.payload()
            self = .supervisorStarted(run: started.run, started.supervisor)
        case "epochBarred":
            let barred: Barred = try one.payload()
            self = .epochBarred(barred.epoch, journalHead: barred.journalHead)
        case "starting":
            let starting: Starting = try one.payload()
            self = .starting(starting.spec, at: starting.at)
        case "started":
            let started: Started = try one.payload()
            self = .started(started.attempt, started.start)
        case "ended":
            let ended: Ended = try one.payload()
            self = .ended(ended.attempt, ended.end)
        case "lost":
            let lost: Lost = try one.payload()
            self = .lost(lost.attempt, at: lost.at)
        default: throw one.unknown
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .supervisorStarted(let run, let identity):
            try encoder.writeOneKey("supervisorStarted", Supervisor(run: run, supervisor: identity))
        case .epochBarred(let epoch, let head):
            try encoder.writeOneKey("epochBarred", Barred(epoch: epoch, journalHead: head))
        case .starting(let spec, let at): try encoder.writeOneKey("starting", Starting(spec: spec, at: at))
        case .started(let attempt, let start):
            try encoder.writeOneKey("started", Started(attempt: attempt, start: start))
        case .ended(let attempt, let end): try encoder.writeOneKey("ended", Ended(attempt: attempt, end: end))
        case .lost(let attempt, let at): try encoder.writeOneKey("lost", Lost(attempt: attempt, at: at))
        }
    }
}
