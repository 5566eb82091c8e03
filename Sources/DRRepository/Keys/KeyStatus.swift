/// The epochs of a repository at a time, and whether the newest one's keys have been in use for too long.
package struct KeyStatus: Sendable {
    /// NIST SP 800-57 part 1, table 1, gives keys that encrypt data one to two years of use.
    package static let defaultCryptoperiodNanoseconds: Int64 = 365 * 86_400 * 1_000_000_000

    /// An epoch as it is now.
    package struct EpochStatus: Sendable {
        package let number: UInt32
        package let state: EpochState
        package let beganNanoseconds: Int64
        /// When the next one began; nil for the newest.
        package let endedNanoseconds: Int64?
        /// Why it is compromised or destroyed.
        package let reason: String?
    }

    /// The first to begin first.
    package let epochs: [EpochStatus]
    /// When the newest epoch's cryptoperiod ends.
    package let endsNanoseconds: Int64
    /// Whether that is over.
    package let isPast: Bool
    /// Why a new epoch is owed; empty when none is.
    package let rotationReasons: [String]

    /// - Parameter now: nanoseconds since 1970.
    /// - Throws: `notAuthentic` where the chain names no epoch.
    package init(of repository: Repository, cryptoperiodNanoseconds: Int64, now: Int64) throws(RepositoryError) {
        let config = repository.config
        let newest = try config.newest.number
        epochs = config.epochs.map { epoch in
            let number = epoch.record.number
            return EpochStatus(
                number: number, state: config.state(of: epoch), beganNanoseconds: epoch.beganNanoseconds,
                endedNanoseconds: number == newest ? nil : config.epochs[Int(number)].beganNanoseconds,
                reason: config.destruction?.reason ?? epoch.mark?.reason)
        }
        let began = epochs.last?.beganNanoseconds ?? now
        let (sum, isTooLate) = began.addingReportingOverflow(cryptoperiodNanoseconds)
        endsNanoseconds = isTooLate ? .max : sum
        // An epoch that begins in the time to come was written by a clock that was wrong, or now is.
        isPast = now > endsNanoseconds || began > now
        rotationReasons = config.rotationReasons
    }
}

/// What is still sealed to some epochs' keys.
package struct SealedVolume: Hashable, Sendable {
    package private(set) var packs = 0
    package private(set) var bytes = 0
    /// Packs that could not be read: to which epochs they are sealed is not known.
    package private(set) var packsUnread = 0

    /// Reads what every pack that the logs name says of itself in clear; needs no key.
    package init(sealedTo epochs: Set<UInt32>, in repository: Repository, ledger: Ledger) {
        for pack in ledger.packs {
            do throws(RepositoryError) {
                let head = try PackHead(reading: pack.name, from: repository.storage)
                guard head.origins.contains(where: { epochs.contains($0.epoch) }) else { continue }
                packs += 1
                bytes += pack.bytes
            } catch {
                packsUnread += 1
            }
        }
    }
}
