package import DRCrypto

/// One entry of `config/`, the chain in which the repository's owner says what is true of it. Each is a statement
/// signed by the owner; the first is the genesis, and the repository's id is the SHA-256 of its payload.
struct ConfigEntry: Codable, Sendable {
    static let schema = RepositoryFormat.schema("config")

    var schema = ConfigEntry.schema
    /// Counted from 1.
    let number: UInt64
    /// SHA-256 of the previous entry's payload; absent in the genesis.
    var previous: Digest?
    /// Absent in the genesis, which cannot hold its own digest.
    var repository: Digest?
    let writtenNanoseconds: Int64
    // Exactly one of these:
    private var genesis: Genesis?
    private var domainAdded: DomainAddition?
    private var epochAdded: EpochRecord?
    private var epochMarked: EpochMark?
    private var slotAdded: SlotRecord?
    private var slotRemoved: SlotRemoval?
    private var hostAdded: HostRecord?
    private var hostRevoked: HostRevocation?
    private var domainDestroyed: DomainDestruction?

    /// - Parameter previous: where the chain ends, and of which repository it is; nil for the genesis.
    init(
        number: UInt64, after previous: (payload: Digest, repository: Digest)?, writtenNanoseconds: Int64,
        _ act: ConfigAct
    ) {
        self.number = number
        self.previous = previous?.payload
        repository = previous?.repository
        self.writtenNanoseconds = writtenNanoseconds
        switch act {
        case .genesis(let genesis): self.genesis = genesis
        case .domainAdded(let addition): domainAdded = addition
        case .epochAdded(let epoch): epochAdded = epoch
        case .epochMarked(let mark): epochMarked = mark
        case .slotAdded(let slot): slotAdded = slot
        case .slotRemoved(let removal): slotRemoved = removal
        case .hostAdded(let host): hostAdded = host
        case .hostRevoked(let revocation): hostRevoked = revocation
        case .domainDestroyed(let destruction): domainDestroyed = destruction
        }
    }

    /// What the entry says; nil unless it is exactly one thing that this drctl knows.
    var act: ConfigAct? {
        let acts = [
            genesis.map(ConfigAct.genesis), domainAdded.map(ConfigAct.domainAdded),
            epochAdded.map(ConfigAct.epochAdded),
            epochMarked.map(ConfigAct.epochMarked), slotAdded.map(ConfigAct.slotAdded),
            slotRemoved.map(ConfigAct.slotRemoved), hostAdded.map(ConfigAct.hostAdded),
            hostRevoked.map(ConfigAct.hostRevoked), domainDestroyed.map(ConfigAct.domainDestroyed),
        ].compactMap { $0 }
        return acts.count == 1 ? acts[0] : nil
    }
}

/// What an owner can say. Every key act is one of these, so the chain is the ledger of key acts.
package enum ConfigAct: Sendable {
    case genesis(Genesis)
    case domainAdded(DomainAddition)
    case epochAdded(EpochRecord)
    case epochMarked(EpochMark)
    case slotAdded(SlotRecord)
    case slotRemoved(SlotRemoval)
    case hostAdded(HostRecord)
    case hostRevoked(HostRevocation)
    case domainDestroyed(DomainDestruction)
}

/// What never changes about a repository.
package struct Genesis: Codable, Sendable {
    /// The owner's Ed25519 public key, 64 hexadecimal digits.
    let owner: String
    /// 16 random bytes, in hexadecimal: two repositories of one owner differ.
    let nonce: String
    let domain: DomainRecord
}

/// A domain as it was created: datasets with keys of their own, which can be destroyed together.
package struct DomainRecord: Codable, Sendable {
    /// Where the files lie that open a domain.
    package enum Kind: String, Codable, Sendable {
        /// With the repository.
        case retained
        /// In a place of their own, which nothing locks against deletion, so that giving them up is possible.
        case shreddable
    }

    package let name: String
    package let kind: Kind
    /// Shows which id key is the domain's: the key itself comes from storage, and must fit this.
    let idKeyCommitment: Digest
}

/// A further domain with its first epoch, in one entry: it is there and can be read, or it is not there.
package struct DomainAddition: Codable, Sendable {
    package let domain: DomainRecord
    package let epoch: EpochRecord
}

/// A new epoch with everything that opens it, in one entry: it is there for all who may use it, or not at all.
package struct EpochRecord: Codable, Sendable {
    let domain: String
    /// Counted from 1.
    package let number: UInt32
    /// The epoch's age recipient: run keys are sealed to it.
    package let recipient: String
    let listKeyCommitment: Digest
    /// SHA-256 of the writer secret for readers.
    let writerSecret: Digest
    /// Of all readers.
    package let slots: [SlotRecord]
    /// Of the hosts that were enrolled before and not revoked, without those that hold no keys.
    package let hosts: [HostSecretRecord]

    var secretFile: KeyFile { KeyFile(domain: domain, epoch: number, prefix: "writer-secret", digest: writerSecret) }
}

/// A host's copy of an epoch's writer secret.
package struct HostSecretRecord: Codable, Sendable {
    package let host: SignerID
    /// SHA-256 of the file.
    let file: Digest
}

/// A file of an epoch that the owner named by its digest; its name ends in the digest's first 16 digits.
struct KeyFile: Hashable, Sendable {
    let domain: String
    let epoch: UInt32
    let prefix: String
    let digest: Digest

    var path: StoragePath { .epoch(domain, epoch, "\(prefix)-\(digest.hex.prefix(16))") }
}

/// What became of an epoch, after NIST SP 800-57. An epoch that nothing was said of is active while it is the newest,
/// and deactivated from then on.
package struct EpochMark: Codable, Sendable {
    let domain: String
    package let epoch: UInt32
    package let state: EpochState
    package let reason: String
}

/// The state of an epoch's keys.
package enum EpochState: String, Codable, Sendable {
    /// New backups are sealed to it.
    case active
    /// It only opens what was sealed to it.
    case deactivated
    /// Somebody who should not may hold its keys.
    case compromised
    /// Nothing that opens it is kept.
    case destroyed
}

/// A key slot: an age file that holds the epoch's identity.
package struct SlotRecord: Codable, Hashable, Sendable {
    /// Whom the slot is for.
    package enum Kind: String, Codable, Sendable {
        case recipient, passphrase
    }

    package let domain: String
    package let epoch: UInt32
    /// SHA-256 of the file; the file's name is `slot-` and the first 16 digits.
    package let file: Digest
    package let kind: Kind
    /// What people call it: the recipient, or a name.
    package let label: String
    /// Whom the file is sealed to: a reader, or the identity that a passphrase opens.
    package let recipient: String
    /// A passphrase's identity file; absent for recipients.
    package let passphrase: PassphraseRecord?

    package var path: StoragePath { keyFile.path }
    var keyFile: KeyFile { KeyFile(domain: domain, epoch: epoch, prefix: "slot", digest: file) }
}

/// An age file for a passphrase that holds an identity of its own. The slots of all epochs are sealed to that identity,
/// so that whoever starts an epoch need not know the passphrase.
package struct PassphraseRecord: Codable, Hashable, Sendable {
    /// The epoch in whose folder it lies.
    let epoch: UInt32
    /// SHA-256 of the file.
    let file: Digest

    func keyFile(_ domain: String) -> KeyFile {
        KeyFile(domain: domain, epoch: epoch, prefix: "passphrase", digest: file)
    }
}

/// A reader that loses its slot: it has none in the epochs to come.
package struct SlotRemoval: Codable, Sendable {
    let domain: String
    /// The slot's, which identifies it.
    let file: Digest
    package let label: String
    package let reason: String?
}

/// A host that may sign, and what it may do.
package struct HostRecord: Codable, Hashable, Sendable {
    package let name: String
    /// The domain that it serves.
    package let domain: String
    /// Its Ed25519 public key, 64 hexadecimal digits.
    package let key: String
    package let roles: [String]
    /// Its age recipient: the writer secrets of epochs are sealed to it.
    package let recipient: String
    /// SHA-256 of its file in the epoch in which it was enrolled; absent where its roles need no keys.
    var file: Digest?

    /// Whether its roles need keys of the domain's.
    package var holdsKeys: Bool { file != nil }

    package var publicKey: Ed25519.PublicKey? { Hexadecimal.bytes(key).flatMap { Ed25519.PublicKey($0) } }
}

/// From here on nothing that the host signs counts; what it signed before does.
package struct HostRevocation: Codable, Sendable {
    package let name: String
    package let host: SignerID
    /// The newest entry of its log that counts; 0 for none.
    package let counter: UInt64
    /// SHA-256 of that entry's file; absent for counter 0.
    let entry: Digest?
    package let reason: String?
}

/// The domain's keys are given up: nothing opens it any more.
package struct DomainDestruction: Codable, Sendable {
    package let domain: String
    package let reason: String?
}
