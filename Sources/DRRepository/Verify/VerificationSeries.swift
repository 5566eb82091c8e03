internal import DRCrypto
package import DRSystem

/// What makes a verification one of many: what others read before it, how much it may read itself, and under whose
/// name it says what it read.
package struct VerificationSeries: Sendable {
    /// How much may be read. Packs that are begun are read to their end, and one is always read.
    package enum Budget: Hashable, Sendable {
        case bytes(Int)
        case nanoseconds(Int64)
    }

    package var time: any TimeSource
    /// Nil reads everything.
    package var budget: Budget?
    /// Every byte is to be read again within this time.
    package var rereadNanoseconds: Int64?
    /// The host that records what was read, where it has the role `verifier`.
    package var recorder: Identity?
    /// What this host read without recording it in the repository.
    package var unrecorded: [ReadRecord]

    package init(
        time: any TimeSource, budget: Budget? = nil, rereadNanoseconds: Int64? = nil, recorder: Identity? = nil,
        unrecorded: [ReadRecord] = []
    ) {
        self.time = time
        self.budget = budget
        self.rereadNanoseconds = rereadNanoseconds
        self.recorder = recorder
        self.unrecorded = unrecorded
    }
}

/// In which order packs are read: those that nobody has read, the newest first; then those that were read longest ago.
/// Where a time was set within which everything is to be read again, what is overdue takes turns with the rest, so that
/// many new packs never keep it waiting.
struct ReadingOrder {
    private let history: ReadHistory
    private let stored: [Digest: Int64]
    private let overdueBefore: Int64

    /// - Parameter stored: when each pack was stored.
    init(_ history: ReadHistory, stored: [Digest: Int64], now: Int64, rereadNanoseconds: Int64?) {
        self.history = history
        self.stored = stored
        overdueBefore = rereadNanoseconds.map { now.subtractingReportingOverflow($0).partialValue } ?? .min
    }

    func callAsFunction(_ packs: [Ledger.Expected]) -> [Ledger.Expected] {
        var (new, old, overdue): ([Ledger.Expected], [Ledger.Expected], [Ledger.Expected]) = ([], [], [])
        for pack in packs {
            if time(pack) < overdueBefore {
                overdue.append(pack)
            } else if history.lastRead[pack.name] == nil {
                new.append(pack)
            } else {
                old.append(pack)
            }
        }
        new.sort { (time($1), $0.name) < (time($0), $1.name) }
        old.sort { (time($0), $0.name) < (time($1), $1.name) }
        overdue.sort { (time($0), $0.name) < (time($1), $1.name) }
        return Self.alternating(overdue, new + old)
    }

    private func time(_ pack: Ledger.Expected) -> Int64 { history.lastRead[pack.name] ?? stored[pack.name] ?? .max }

    private static func alternating(_ one: [Ledger.Expected], _ other: [Ledger.Expected]) -> [Ledger.Expected] {
        let pairs = zip(one, other).flatMap { [$0, $1] }
        return pairs + one.dropFirst(other.count) + other.dropFirst(one.count)
    }
}
