internal import DRCrypto

/// What the owner's chain says, entry by entry.
struct ConfigState: Sendable {
    private let domain: DomainRecord
    /// By number, the first is 1.
    private(set) var epochs: [Epoch] = []
    /// Of those who read what is written now.
    private(set) var slots: [SlotRecord] = []
    /// All that were ever enrolled.
    private(set) var hosts: [HostRecord] = []
    /// The newest epoch's writer secret, sealed to each host that holds keys.
    private(set) var hostFiles: [SignerID: KeyFile] = [:]
    private(set) var revocations: [SignerID: HostRevocation] = [:]
    /// Why a new epoch is owed: who was put out since the newest began, and still opens what is written now.
    private(set) var rotationReasons: [String] = []
    private(set) var destruction: DomainDestruction?
    private(set) var acts: [KeyAct]

    init(_ genesis: Genesis, writtenNanoseconds: Int64) {
        domain = genesis.domain
        acts = [KeyAct(number: 1, writtenNanoseconds: writtenNanoseconds, act: .genesis(genesis))]
    }

    /// - Throws: `damaged` for what cannot follow what was said before.
    mutating func apply(_ act: ConfigAct, number: UInt64, writtenNanoseconds: Int64) throws(RepositoryError) {
        let wasDestroyed = destruction != nil
        let isFit =
            switch act {
            case .genesis: false
            case .epochAdded(let epoch): begin(epoch, writtenNanoseconds)
            case .epochMarked(let mark): apply(mark)
            case .slotAdded(let slot): add(slot)
            case .slotRemoved(let removal): remove(removal)
            case .hostAdded(let host): enrol(host)
            case .hostRevoked(let revocation): revoke(revocation)
            case .domainDestroyed(let destruction): destroy(destruction)
            }
        guard isFit, !wasDestroyed else {
            throw RepositoryError(
                .damaged, "entry \(number) of the owner's chain does not fit what the entries before it say",
                hint: "compare config/ with a copy of the repository")
        }
        acts.append(KeyAct(number: number, writtenNanoseconds: writtenNanoseconds, act: act))
    }

    private mutating func begin(_ epoch: EpochRecord, _ now: Int64) -> Bool {
        guard epoch.domain == domain.name, epoch.number == UInt32(epochs.count) + 1, !epoch.slots.isEmpty,
            epoch.slots.allSatisfy({ $0.domain == domain.name && $0.epoch == epoch.number })
        else { return false }
        epochs.append(Epoch(record: epoch, beganNanoseconds: now))
        slots = epoch.slots
        hostFiles = [:]
        for host in epoch.hosts {
            hostFiles[host.host] = KeyFile(
                domain: domain.name, epoch: epoch.number, prefix: "host", digest: host.file)
        }
        rotationReasons = []
        return true
    }

    private mutating func apply(_ mark: EpochMark) -> Bool {
        let index = Int(mark.epoch) - 1
        guard mark.domain == domain.name, epochs.indices.contains(index) else { return false }
        epochs[index].mark = mark
        if index == epochs.count - 1, mark.state == .compromised {
            rotationReasons.append("epoch \(mark.epoch) is compromised")
        }
        return true
    }

    private mutating func add(_ slot: SlotRecord) -> Bool {
        guard slot.domain == domain.name, slot.epoch == UInt32(epochs.count) else { return false }
        slots.append(slot)
        return true
    }

    private mutating func remove(_ removal: SlotRemoval) -> Bool {
        guard removal.domain == domain.name, let index = slots.firstIndex(where: { $0.file == removal.file }) else {
            return false
        }
        slots.remove(at: index)
        rotationReasons.append("\(removal.label) was removed")
        return true
    }

    private mutating func enrol(_ host: HostRecord) -> Bool {
        guard let key = host.publicKey else { return false }
        hosts.append(host)
        if let file = host.file {
            hostFiles[SignerID(of: key)] = KeyFile(
                domain: domain.name, epoch: UInt32(epochs.count), prefix: "host", digest: file)
        }
        return true
    }

    private mutating func revoke(_ revocation: HostRevocation) -> Bool {
        guard hosts.contains(where: { $0.signer == revocation.host }), revocations[revocation.host] == nil else {
            return false
        }
        revocations[revocation.host] = revocation
        if hostFiles.removeValue(forKey: revocation.host) != nil {
            rotationReasons.append("host \(revocation.name) was revoked")
        }
        return true
    }

    private mutating func destroy(_ destruction: DomainDestruction) -> Bool {
        guard destruction.domain == domain.name else { return false }
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
    /// The epochs, the first to begin first.
    package var epochs: [Epoch] { state.epochs }
    /// Of those who read what is written now.
    package var slots: [SlotRecord] { state.slots }
    /// Every host that was ever enrolled.
    package var hosts: [HostRecord] { state.hosts }
    /// Every entry of the chain, in order.
    package var acts: [KeyAct] { state.acts }
    /// Why a new epoch is owed; empty when none is.
    package var rotationReasons: [String] { state.rotationReasons }
    /// Set once the domain's keys were given up.
    package var destruction: DomainDestruction? { state.destruction }

    /// The revocation of a host; nil while it is trusted.
    package func revocation(of signer: SignerID) -> HostRevocation? { state.revocations[signer] }

    /// What is true of an epoch's keys now.
    package func state(of epoch: Epoch) -> EpochState {
        if state.destruction != nil { return .destroyed }
        return epoch.mark?.state ?? (epoch.record.number == UInt32(epochs.count) ? .active : .deactivated)
    }

    /// The newest epoch's files for hosts.
    var hostFiles: [KeyFile] { state.hostFiles.values.sorted { $0.digest < $1.digest } }

    /// The newest epoch's file for a host; nil where its roles need no keys.
    func hostFile(of signer: SignerID) -> KeyFile? { state.hostFiles[signer] }

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
