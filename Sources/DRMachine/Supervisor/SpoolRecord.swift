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
    package init(from decoder: any Decoder) throws {
        let one = try OneKeyReader(decoder)
        let record = try one.members()
        switch one.name {
        case "supervisorStarted":
            self = .supervisorStarted(run: try record.text("run"), try record.value("supervisor"))
        case "epochBarred":
            self = .epochBarred(
                try record.integer("epoch"), journalHead: try record.valueIfPresent("journalHead"))
        case "starting": self = .starting(try record.value("spec"), at: try record.value("at"))
        case "started": self = .started(try record.value("attempt"), try record.value("start"))
        case "ended": self = .ended(try record.value("attempt"), try record.value("end"))
        case "lost": self = .lost(try record.value("attempt"), at: try record.value("at"))
        default: throw one.unknown
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .supervisorStarted(let run, let identity):
            try encoder.writeOneKey("supervisorStarted") { record in
                try record.write("run", text: run)
                try record.write("supervisor", identity)
            }
        case .epochBarred(let epoch, let head):
            try encoder.writeOneKey("epochBarred") { record in
                try record.write("epoch", integer: epoch)
                try record.writeIfPresent("journalHead", head)
            }
        case .starting(let spec, let at):
            try encoder.writeOneKey("starting") { record in
                try record.write("at", at)
                try record.write("spec", spec)
            }
        case .started(let attempt, let start):
            try encoder.writeOneKey("started") { record in
                try record.write("attempt", text: attempt.description)
                try record.write("start", start)
            }
        case .ended(let attempt, let end):
            try encoder.writeOneKey("ended") { record in
                try record.write("attempt", text: attempt.description)
                try record.write("end", end)
            }
        case .lost(let attempt, let at):
            try encoder.writeOneKey("lost") { record in
                try record.write("at", at)
                try record.write("attempt", text: attempt.description)
            }
        }
    }
}
