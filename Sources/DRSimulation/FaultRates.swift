/// What goes wrong in a simulated run, and how often: drawn anew for every seed, so that some worlds know one fault
/// only and others all of them.
package struct FaultRates: Sendable {
    /// What happens to the machine, at random moments.
    package enum Fault: String, Sendable, CaseIterable {
        /// `kill -9` of the runner.
        case killEngine
        /// The runner stands still for a while, and comes back as if nothing had been.
        case pauseEngine
        case killOutside, killInside
        /// A line between runner and supervisor breaks.
        case breakConnection
        /// The machine loses its power, and with it what was not synced.
        case powerLoss
        /// The wall clock is set, forwards or back.
        case setClock
        /// The machine sleeps: time goes on, nothing else does.
        case suspend
        /// For a while nothing can be written.
        case fillDisk
        /// The next sync fails.
        case failSync
        /// The file system fails and forgets what was not synced; it is mended, and the machine was not restarted.
        case failDisk
    }

    /// Nanoseconds between two faults of a kind, on the average; a fault that is not here does not happen.
    package var meanGaps: [Fault: Int64] = [:]
    /// Whether syncs are reported that never happened.
    package var syncsLie = false
    /// Whether a power loss takes what the spools have synced as well; the journal keeps what it has.
    package var spoolsForget = false
    /// Whether the journal is bytes, written and read by the real codec, or events kept as they are (faster).
    package var journalIsBytes = false
    /// Runners that try to have the run.
    package var engineCount = 1
    /// In 1000 attempts.
    package var failing = 0
    package var hanging = 0
    package var ignoringTermination = 0
    package var notStarting = 0
    package var probesUnsure = 0
    /// In 1000 spawns: the supervisor dies between spawning and saying so, and between an end and saying so.
    package var dyingAtSpawn = 0
    package var dyingAtEnd = 0
    /// In 1000 checks of a drill's isolation.
    package var isolationNotShown = 0
    package var isolationBroken = 0
    /// In 1000 starts of a supervisor.
    package var supervisorsNotStarting = 0
    /// How long people take to answer, at most.
    package var slowestAnswer: Int64 = 60 * .second
    /// In 1000 answers.
    package var answeringTwice = 0
    package var wrongPerson = 0
    package var staleCard = 0
    package var rejecting = 0
    package var interrupting = 0
    /// In 1000 starts of a runner: the run is to go on by another plan.
    package var adopting = 0
    /// How long a message is under way, at most.
    package var slowestMessage: Int64 = 2 * .millisecond
    /// Until when faults happen, from the beginning.
    package var lastFault: Int64 = 600 * .second

    static func drawn(_ dice: inout Dice) -> FaultRates {
        var rates = FaultRates()
        for fault in Fault.allCases where dice.oneIn(3) {
            rates.meanGaps[fault] = dice.of([3, 10, 30, 120]) * .second
        }
        // A run that is never interrupted shows little here.
        if rates.meanGaps[.killEngine] == nil, rates.meanGaps[.powerLoss] == nil {
            rates.meanGaps[.killEngine] = dice.of([5, 15, 40]) * .second
        }
        rates.syncsLie = rates.meanGaps[.powerLoss] != nil && dice.oneIn(6)
        rates.journalIsBytes = dice.oneIn(16)
        rates.engineCount = dice.of([1, 1, 1, 2, 3, 5])
        func share(_ odds: Int, _ values: [Int]) -> Int { dice.oneIn(odds) ? dice.of(values) : 0 }
        rates.failing = share(2, [30, 150, 400])
        rates.hanging = share(4, [20, 100])
        rates.ignoringTermination = share(4, [50, 500])
        rates.notStarting = share(4, [20, 100])
        rates.probesUnsure = share(4, [50, 300])
        rates.dyingAtSpawn = share(4, [30, 150])
        rates.dyingAtEnd = share(4, [30, 150])
        rates.isolationNotShown = share(8, [50, 500])
        rates.isolationBroken = share(8, [50, 300])
        rates.supervisorsNotStarting = share(6, [100, 600])
        rates.slowestAnswer = dice.of([1, 10, 60, 600]) * .second
        rates.answeringTwice = share(3, [100, 500])
        rates.wrongPerson = share(3, [100, 400])
        rates.staleCard = share(3, [100, 400])
        rates.rejecting = share(4, [50, 200])
        rates.interrupting = share(5, [5, 30])
        rates.slowestMessage = dice.of([1 * .millisecond, 1 * .millisecond, 50 * .millisecond, 3 * .second])
        rates.lastFault = dice.of([60, 200, 600]) * .second
        rates.adopting = share(3, [50, 300])
        rates.spoolsForget = rates.meanGaps[.powerLoss] != nil && !rates.syncsLie && dice.oneIn(6)
        return rates
    }
}
