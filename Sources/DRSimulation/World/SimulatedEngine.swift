import DRMachine
import DRRunbook

/// A runner: the shell around `RunMachine`, as `Runner` in DREngine is one, over a simulated world.
struct SimulatedEngine {
    /// Counts its starts; 0 before the first.
    var life = 0
    var isAlive = false
    /// It stands still until then.
    var pausedUntil: Int64 = 0
    var epoch = 0
    var state: RunState
    var agenda = Agenda()
    var inbox: [Input] = []
    var hasTurn = false
    /// What is written and not synced yet.
    var unsynced: [JournaledEvent] = []
    var isSyncing = false
    var handedOver: Set<String> = []
    /// Lines by place, once the supervisor at the other end has greeted.
    var lines: [Place: Int] = [:]
    /// Places whose supervisor is to end: none is started there any longer.
    var unwanted: Set<Place> = []
    var wake: Moment?
    var timerSerial = 0
    /// The run is closed, and what is being connected yet is sent away.
    var isOver = false
}

/// A line between a runner and a supervisor; what is sent arrives in order.
struct Line {
    var engine: Int
    var engineLife: Int
    var place: Place
    var supervisorLife: Int
    var tries: Int
    var generation: Int?
    var isOpen = true
    var lastToSupervisor: Int64 = 0
    var lastToEngine: Int64 = 0
    /// It came to nothing before the greeting, and another one is tried.
    var hasFailed = false
    /// The supervisor has said that it ends.
    var hasFinished = false
    /// The runner wants nothing but the supervisor's end.
    var isFarewell = false
    /// What the journal waits for, where that is another generation.
    var awaited: Int?
}

/// A supervisor's process with its spool, which is in the page cache.
struct SimulatedSupervisor {
    var life = 0
    var isAlive = false
    var spool: [SpoolRecord] = []
    /// How many of its records are on the disk.
    var syncedCount = 0
    var state = SupervisorState()
    /// Who hears of attempts: the line of the last hello.
    var client: Int?
    /// Attempts under way, and why they were told to end.
    var running: [AttemptID: AttemptEnd.Result?] = [:]

    mutating func keep(_ record: SpoolRecord) {
        spool.append(record)
        if record.outlivesTheDisk { syncedCount = spool.count }
    }
}

/// What an attempt started.
struct SimulatedProcess {
    var spec: AttemptSpec
    var place: Place
    /// The life of the supervisor whose child it is.
    var parent: Int
    var isLive = true
    /// What it would end with by itself.
    var result: AttemptEnd.Result
    var ignoresTermination: Bool
    /// What it did end with, or what ended it.
    var end: AttemptEnd.Result?
}
