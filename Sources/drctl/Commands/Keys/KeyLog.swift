import ArgumentParser
import DRCrypto
import DRRepository
import DRSystem

struct KeyLog: Command {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Everything that the owner did to keys and hosts, in order.",
        usage: "drctl key log [--repo DIR] [options]",
        discussion: "Needs no key; each entry is signed and chained.\n\nExample:  drctl key log --repo /srv/backup")

    @OptionGroup var options: RepositoryOptions
    @OptionGroup var output: OutputOptions

    struct Row: Encodable {
        var number: UInt64
        var writtenAt: String
        var act: String
        var what: String
        var reason: String?
    }

    func perform() async throws -> Outcome {
        let repository = try options.open(try options.identityIfGiven())
        let rows = repository.config.acts.map { entry in
            let (act, what, reason) = entry.act.words
            return Row(
                number: entry.number, writtenAt: TimeText.full(wallNanoseconds: entry.writtenNanoseconds), act: act,
                what: what, reason: reason)
        }
        let lines = rows.map { row in
            "\(row.number)  \(row.writtenAt)  \(row.act.padded(to: 16))  \(displayEscaped(row.what))"
                + (row.reason.map { "  because: \(displayEscaped($0))" } ?? "")
        }
        return .verification([], text: lines.joined(separator: "\n"), result: rows)
    }
}

extension ConfigAct {
    /// The act, whom or what it is about, and why.
    fileprivate var words: (act: String, what: String, reason: String?) {
        switch self {
        case .genesis: ("genesis", "the repository was made", nil)
        case .domainAdded(let addition):
            (
                "domain added",
                "\(addition.domain.kind.rawValue) domain \(addition.domain.name), "
                    + counted(addition.epoch.slots.count, "slot"), nil
            )
        case .epochAdded(let epoch):
            (
                "epoch added",
                "epoch \(epoch.number), \(counted(epoch.slots.count, "slot")), "
                    + counted(epoch.hosts.count, "host"), nil
            )
        case .epochMarked(let mark): ("epoch marked", "epoch \(mark.epoch): \(mark.state.rawValue)", mark.reason)
        case .slotAdded(let slot): ("slot added", "\(slot.kind.rawValue) \(slot.label)", nil)
        case .slotRemoved(let removal): ("slot removed", removal.label, removal.reason)
        case .hostAdded(let host): ("host added", "\(host.name) (\(host.roles.joined(separator: ", ")))", nil)
        case .hostRevoked(let revocation):
            ("host revoked", "\(revocation.name), trusted to entry \(revocation.counter)", revocation.reason)
        case .domainDestroyed(let destruction): ("destroyed", "domain \(destruction.domain)", destruction.reason)
        }
    }
}
