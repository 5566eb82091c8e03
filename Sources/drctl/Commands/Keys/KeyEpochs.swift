import ArgumentParser
import DRCrypto
import DRRepository
import DRRunbook
import DRSystem

/// Who changes a repository's readers and epochs: its owner, with what a reader can open.
struct OwnerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The owner's key file.", valueName: "file"))
    var ownerKey: String
    @OptionGroup var options: RepositoryOptions

    func perform<Result: Sendable>(
        _ act: @escaping @Sendable (Repository, RepositoryKeys, SecretBytes, any TimeSource) throws -> Result
    ) async throws -> Result {
        let (repository, identity) = try options.openWithIdentity()
        let owner = try RepositoryOptions.secretFile(Paths.absolute(ownerKey))
        return try await BlockingThread.run {
            try act(repository, try repository.unlock(identity), owner, try SystemTimeSource())
        }
    }
}

struct KeyRotate: Command {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Start an epoch: backups that begin from now on are sealed to a new key.",
        usage: "drctl key rotate --owner-key FILE [--repo DIR] [options]",
        discussion: """
            Nothing is sealed again, and what is stored is found again as before. Readers keep their identities,
            and hosts get the new keys from the repository.

            Example:  drctl key rotate --owner-key owner.key --repo /srv/backup --identity mine.txt
            """)

    @OptionGroup var owner: OwnerOptions
    @OptionGroup var output: OutputOptions

    struct Result: Encodable {
        var epoch: UInt32
    }

    func perform() async throws -> Outcome {
        let epoch = try await owner.perform { repository, keys, ownerFile, time in
            try repository.rotating(keys: keys, ownerFile: ownerFile, time: time).config.newest.number
        }
        return .verification([], text: "started epoch \(epoch)", result: Result(epoch: epoch))
    }
}

struct KeyRemove: Command {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Take a reader's slot, and start an epoch that it cannot open.",
        usage: "drctl key remove RECIPIENT|LABEL|SLOT --owner-key FILE [--repo DIR] [options]",
        discussion: """
            Whoever is removed can still read what it could read before, where it kept a copy: no command undoes
            that. Interrupted, the same command finishes it.

            Example:  drctl key remove age1… --reason "left" --owner-key owner.key \\
                              --repo /srv/backup --identity mine.txt
            """)

    @Argument(help: "The age recipient, the passphrase's label, or the first digits of the slot's file.")
    var reader: String
    @Option(help: "Why; it stays in the owner's chain.")
    var reason: String?
    @OptionGroup var owner: OwnerOptions
    @OptionGroup var output: OutputOptions

    struct Result: Encodable {
        var removed: String
        var epoch: UInt32
    }

    func perform() async throws -> Outcome {
        let (reader, reason) = (reader, try Words.given(reason, for: "--reason"))
        let done = try await owner.perform { repository, keys, ownerFile, time in
            let (repository, label) = try repository.removingSlot(
                reader, reason: reason, keys: keys, ownerFile: ownerFile, time: time)
            return Result(removed: label, epoch: try repository.config.newest.number)
        }
        return .verification(
            [],
            text: """
                removed \(displayEscaped(done.removed)), and started epoch \(done.epoch)
                What it could read before, it can still read where it kept a copy: rotate passwords that lie in it.
                """, result: done)
    }
}

struct KeyCompromise: Command {
    static let configuration = CommandConfiguration(
        commandName: "compromise",
        abstract: "Mark an epoch's keys as known to others, and start a new epoch.",
        usage: "drctl key compromise --reason TEXT --owner-key FILE [--epoch N] [--repo DIR] [options]",
        discussion: """
            An epoch's slots hold the keys of those before it, so these are marked too. Says how much is still sealed
            to them: whoever copied it can read it for good. Interrupted, the same command finishes it.

            Example:  drctl key compromise --reason "laptop stolen" --owner-key owner.key \\
                              --repo /srv/backup --identity mine.txt
            """)

    @Option(help: ArgumentHelp("The newest epoch that others may know (default: the newest).", valueName: "n"))
    var epoch: UInt32?
    @Option(help: "Why; it stays in the owner's chain.")
    var reason: String
    @OptionGroup var owner: OwnerOptions
    @OptionGroup var output: OutputOptions

    struct Result: Encodable {
        var compromised: [UInt32]
        var epoch: UInt32
        /// Packs that are still sealed to compromised epochs.
        var packs: Int
        var bytes: Int
        /// Packs of which that is not known.
        var packsUnread: Int
    }

    func perform() async throws -> Outcome {
        _ = try Words.given(reason, for: "--reason")
        let (epoch, reason) = (epoch, reason)
        let done = try await owner.perform { repository, keys, ownerFile, time in
            let (after, epochs) = try repository.compromising(
                epoch: epoch, reason: reason, keys: keys, ownerFile: ownerFile, time: time)
            let volume = SealedVolume(sealedTo: Set(epochs), in: after, ledger: try Ledger(reading: after))
            return Result(
                compromised: epochs, epoch: try after.config.newest.number, packs: volume.packs, bytes: volume.bytes,
                packsUnread: volume.packsUnread)
        }
        var lines = [
            "compromised: epoch \(done.compromised.map(String.init).joined(separator: ", ")); "
                + "new backups are sealed to epoch \(done.epoch)",
            "\(counted(done.packs, "pack")), \(ByteCount(Int64(done.bytes))), still sealed to compromised keys: "
                + "`drctl key reencrypt` seals what snapshots need to the new ones",
        ]
        if done.packsUnread > 0 {
            lines.append("NOT ESTABLISHED: \(counted(done.packsUnread, "pack")) could not be read")
        }
        return .verification(
            done.packsUnread > 0 ? [.notEstablished] : [], text: lines.joined(separator: "\n"), result: done)
    }
}

struct KeyStatusCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "The epochs of a repository, and whether its keys have been in use for too long.",
        usage: "drctl key status [--max-age 365d] [--repo DIR] [options]",
        discussion: """
            Needs no key. Exits 4 where the newest epoch is older than --max-age, or a new one is owed after a
            removal or a compromise.

            Example:  drctl key status --max-age 365d --repo /srv/backup --repo-id 4be1…
            """)

    @Option(help: ArgumentHelp("How long an epoch's keys may be in use.", valueName: "duration"))
    var maxAge: TimeSpan = TimeSpan(nanoseconds: KeyStatus.defaultCryptoperiodNanoseconds)
    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    struct Row: Encodable {
        var epoch: UInt32
        var state: String
        var beganAt: String
        var endedAt: String?
        var reason: String?
    }

    struct Result: Encodable {
        var domain: String
        var epochs: [Row]
        /// When the newest epoch will have been in use for too long.
        var endsAt: String
        var past: Bool
        /// Why a new epoch is owed.
        var rotationOwed: [String]
    }

    func perform() async throws -> Outcome {
        let repository = try options.open(try options.identityIfGiven())
        let now = try SystemTimeSource().wallNanoseconds()
        var lines: [String] = []
        var results: [Result] = []
        for domain in try repository.eachDomain {
            let result = try Self.result(
                domain.domainName,
                KeyStatus(of: domain, cryptoperiodNanoseconds: maxAge.nanoseconds, now: now))
            if repository.isAboutAllDomains { lines.append("domain \(result.domain)") }
            lines += text(result, isDestroyed: domain.config.destruction != nil)
            results.append(result)
        }
        let isMissed = results.contains { $0.past || !$0.rotationOwed.isEmpty }
        return .verification(isMissed ? [.policyMissed] : [], text: lines.joined(separator: "\n"), result: results)
    }

    private static func result(_ domain: String, _ status: KeyStatus) -> Result {
        Result(
            domain: domain,
            epochs: status.epochs.map { epoch in
                Row(
                    epoch: epoch.number, state: epoch.state.rawValue,
                    beganAt: TimeText.full(wallNanoseconds: epoch.beganNanoseconds),
                    endedAt: epoch.endedNanoseconds.map { TimeText.full(wallNanoseconds: $0) }, reason: epoch.reason)
            }, endsAt: TimeText.full(wallNanoseconds: status.endsNanoseconds), past: status.isPast,
            rotationOwed: status.rotationReasons)
    }

    private func text(_ result: Result, isDestroyed: Bool) -> [String] {
        var lines = result.epochs.map { row in
            "epoch \(row.epoch)  \(row.state.padded(to: 11))  from \(row.beganAt)"
                + (row.endedAt.map { " to \($0)" } ?? "") + (row.reason.map { "  \(displayEscaped($0))" } ?? "")
        }
        if isDestroyed { return lines }
        lines.append(
            result.past
                ? "PAST: the newest epoch's keys are in use for longer than \(maxAge.dayText); next: `drctl key rotate`"
                : "the newest epoch's keys are good until \(result.endsAt)")
        for reason in result.rotationOwed {
            lines.append("OWED: a new epoch, because \(displayEscaped(reason)); next: `drctl key rotate`")
        }
        return lines
    }
}

extension TimeSpan {
    /// Whole days where it is such, as periods of keys are named.
    fileprivate var dayText: String {
        let day: Int64 = 86_400 * 1_000_000_000
        return nanoseconds >= 2 * day && nanoseconds % day == 0 ? "\(nanoseconds / day) days" : TimeText.span(self)
    }
}
