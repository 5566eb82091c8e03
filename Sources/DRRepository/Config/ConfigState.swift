internal import DRCrypto

/// What the owner's chain says, entry by entry.
struct ConfigState: Sendable {
    /// The genesis' domain first, then in the order in which they were made.
    private(set) var domains: [DomainState]
    /// All that were ever enrolled.
    private(set) var hosts: [HostRecord] = []
    private(set) var revocations: [SignerID: HostRevocation] = [:]
    private(set) var acts: [KeyAct]

    init(_ genesis: Genesis, writtenNanoseconds: Int64) {
        domains = [DomainState(genesis.domain)]
        acts = [KeyAct(number: 1, writtenNanoseconds: writtenNanoseconds, act: .genesis(genesis))]
    }

    /// - Throws: `damaged` for what cannot follow what was said before.
    mutating func apply(_ act: ConfigAct, number: UInt64, writtenNanoseconds now: Int64) throws(RepositoryError) {
        let isFit =
            switch act {
            case .genesis: false
            case .domainAdded(let addition): add(addition, now)
            case .epochAdded(let epoch): change(epoch.domain) { $0.begin(epoch, now) }
            case .epochMarked(let mark): change(mark.domain) { $0.apply(mark) }
            case .slotAdded(let slot): change(slot.domain) { $0.add(slot) }
            case .slotRemoved(let removal): change(removal.domain) { $0.remove(removal) }
            case .hostAdded(let host): enrol(host)
            case .hostRevoked(let revocation): revoke(revocation)
            case .domainDestroyed(let destruction): change(destruction.domain) { $0.destroy(destruction) }
            }
        guard isFit else {
            throw RepositoryError(
                .damaged, "entry \(number) of the owner's chain does not fit what the entries before it say",
                hint: "compare config/ with a copy of the repository")
        }
        acts.append(KeyAct(number: number, writtenNanoseconds: now, act: act))
    }

    /// Of a domain whose keys were given up nothing more can be said.
    private mutating func change(_ name: String, _ body: (inout DomainState) -> Bool) -> Bool {
        guard let index = domains.firstIndex(where: { $0.record.name == name }), domains[index].destruction == nil
        else {
            return false
        }
        return body(&domains[index])
    }

    private mutating func add(_ addition: DomainAddition, _ now: Int64) -> Bool {
        guard DomainState.isName(addition.domain.name),
            !domains.contains(where: { $0.record.name == addition.domain.name })
        else { return false }
        domains.append(DomainState(addition.domain))
        return change(addition.domain.name) { $0.begin(addition.epoch, now) }
    }

    private mutating func enrol(_ host: HostRecord) -> Bool {
        guard let key = host.publicKey else { return false }
        hosts.append(host)
        return change(host.domain) { domain in
            domain.addFile(host.file, of: SignerID(of: key))
            return true
        }
    }

    private mutating func revoke(_ revocation: HostRevocation) -> Bool {
        guard let host = hosts.first(where: { $0.signer == revocation.host }), revocations[revocation.host] == nil
        else {
            return false
        }
        revocations[revocation.host] = revocation
        // A domain whose keys were given up has no files left, and its hosts can still sign.
        _ = change(host.domain) { domain in
            domain.removeFile(of: revocation)
            return true
        }
        return true
    }
}

/// What the owner's chain says of one domain.
struct DomainState: Sendable {
    let record: DomainRecord
    /// By number, the first is 1.
    private(set) var epochs: [Epoch] = []
    /// Of those who read what is written now.
    private(set) var slots: [SlotRecord] = []
    /// The newest epoch's writer secret, sealed to each host that holds keys.
    private(set) var hostFiles: [SignerID: KeyFile] = [:]
    /// Why a new epoch is owed: who was put out since the newest began, and still opens what is written now.
    private(set) var rotationReasons: [String] = []
    private(set) var destruction: DomainDestruction?

    init(_ record: DomainRecord) { self.record = record }

    /// Whether a text can be a domain's name: it is a folder's, and stands in what people type.
    static func isName(_ text: String) -> Bool {
        let letters = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "-")
        }
        return letters && (1...64).contains(text.utf8.count) && !text.hasPrefix("-")
    }

    fileprivate mutating func begin(_ epoch: EpochRecord, _ now: Int64) -> Bool {
        guard epoch.domain == record.name, epoch.number == UInt32(epochs.count) + 1, !epoch.slots.isEmpty,
            epoch.slots.allSatisfy({ $0.domain == record.name && $0.epoch == epoch.number })
        else { return false }
        epochs.append(Epoch(record: epoch, beganNanoseconds: now))
        slots = epoch.slots
        hostFiles = [:]
        for host in epoch.hosts { addFile(host.file, of: host.host) }
        rotationReasons = []
        return true
    }

    fileprivate mutating func apply(_ mark: EpochMark) -> Bool {
        let index = Int(mark.epoch) - 1
        guard epochs.indices.contains(index) else { return false }
        epochs[index].mark = mark
        if index == epochs.count - 1, mark.state == .compromised {
            rotationReasons.append("epoch \(mark.epoch) is compromised")
        }
        return true
    }

    fileprivate mutating func add(_ slot: SlotRecord) -> Bool {
        guard slot.epoch == UInt32(epochs.count) else { return false }
        slots.append(slot)
        return true
    }

    fileprivate mutating func remove(_ removal: SlotRemoval) -> Bool {
        guard let index = slots.firstIndex(where: { $0.file == removal.file }) else { return false }
        slots.remove(at: index)
        rotationReasons.append("\(removal.label) was removed")
        return true
    }

    /// - Parameter file: nil for a host whose roles need no keys.
    fileprivate mutating func addFile(_ file: Digest?, of host: SignerID) {
        hostFiles[host] = file.map {
            KeyFile(domain: record.name, epoch: UInt32(epochs.count), prefix: "host", digest: $0)
        }
    }

    fileprivate mutating func removeFile(of revocation: HostRevocation) {
        if hostFiles.removeValue(forKey: revocation.host) != nil {
            rotationReasons.append("host \(revocation.name) was revoked")
        }
    }

    fileprivate mutating func destroy(_ destruction: DomainDestruction) -> Bool {
        self.destruction = destruction
        slots = []
        hostFiles = [:]
        rotationReasons = []
        return true
    }
}

/// A period of the domain with an age identity and a list key of its own.
package struct Epoch: Sendable {
    package let record: EpochRecord
    package let beganNanoseconds: Int64
    package internal(set) var mark: EpochMark?
}

/// An entry of the owner's chain: who may do what from then on.
package struct KeyAct: Sendable {
    package let number: UInt64
    package let writtenNanoseconds: Int64
    package let act: ConfigAct
}

extension HostRecord {
    var signer: SignerID? { publicKey.map { SignerID(of: $0) } }
}

extension ConfigChain {
    /// The domain that was chosen, by the others' names below.
    var domain: DomainState { state.domains[chosenDomain] }
    /// Every domain, the genesis' first.
    package var domains: [DomainRecord] { state.domains.map(\.record) }
    /// The epochs, the first to begin first.
    package var epochs: [Epoch] { domain.epochs }
    /// Of those who read what is written now.
    package var slots: [SlotRecord] { domain.slots }
    /// Every host that was ever enrolled.
    package var hosts: [HostRecord] { state.hosts }
    /// Every entry of the chain, in order.
    package var acts: [KeyAct] { state.acts }
    /// Why a new epoch is owed; empty when none is.
    package var rotationReasons: [String] { domain.rotationReasons }
    /// Set once the domain's keys were given up.
    package var destruction: DomainDestruction? { domain.destruction }

    /// The revocation of a host; nil while it is trusted.
    package func revocation(of signer: SignerID) -> HostRevocation? { state.revocations[signer] }

    /// What is true of an epoch's keys now.
    package func state(of epoch: Epoch) -> EpochState {
        if destruction != nil { return .destroyed }
        return epoch.mark?.state ?? (epoch.record.number == UInt32(epochs.count) ? .active : .deactivated)
    }

    /// The newest epoch's files for hosts.
    var hostFiles: [KeyFile] { domain.hostFiles.values.sorted { $0.digest < $1.digest } }

    /// The newest epoch's file for a host; nil where its roles need no keys.
    func hostFile(of signer: SignerID) -> KeyFile? { domain.hostFiles[signer] }

    /// The epoch to which backups are sealed.
    /// - Throws: `notAuthentic` where the chain names none.
    package var newest: EpochRecord {
        get throws(RepositoryError) {
            guard let epoch = epochs.last else {
                throw RepositoryError(
                    .notAuthentic, "the owner's chain names no epoch",
                    hint: "entries of config/ are missing: compare with a copy of the repository")
            }
            return epoch.record
        }
    }
}
