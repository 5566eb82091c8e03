package import DRCrypto

/// One entry of `config/`, the chain in which the repository's owner says what is true of it. Each is a statement
/// signed by the owner; the first is the genesis, and the repository's id is the SHA-256 of its payload.
struct ConfigEntry: Codable, Sendable {
    static let schema = "drctl/config/0"

    var schema = ConfigEntry.schema
    /// Counted from 1.
    let number: UInt64
    /// SHA-256 of the previous entry's payload; absent in the genesis.
    var previous: Digest?
    /// Absent in the genesis, which cannot hold its own digest.
    var repository: Digest?
    let writtenNanoseconds: Int64
    // Exactly one of these:
    var genesis: Genesis?
    var secretAdded: SecretRecord?
    var slotAdded: SlotRecord?
    var hostAdded: HostRecord?
}

/// What never changes about a repository.
struct Genesis: Codable, Sendable {
    /// The owner's Ed25519 public key, 64 hexadecimal digits.
    let owner: String
    /// 16 random bytes, in hexadecimal: two repositories of one owner differ.
    let nonce: String
    let domain: DomainRecord
}

/// A domain as it was created, with its first epoch.
struct DomainRecord: Codable, Sendable {
    let name: String
    /// `retained`: its keys are never destroyed on purpose.
    let kind: String
    /// Shows which id key is the domain's: the key itself comes from storage, and must fit this.
    let idKeyCommitment: Digest
    let epoch: EpochRecord
}

struct EpochRecord: Codable, Sendable {
    let number: UInt32
    /// The epoch's age recipient: run keys are sealed to it.
    let recipient: String
    let listKeyCommitment: Digest
}

/// An epoch's writer secret, an age file for the epoch's recipient.
struct SecretRecord: Codable, Hashable, Sendable {
    let domain: String
    let epoch: UInt32
    /// SHA-256 of the file.
    let file: Digest

    var path: StoragePath { .epoch(domain, epoch, WriterSecret.fileName) }
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

    package var path: StoragePath { .epoch(domain, epoch, "slot-\(file.hex.prefix(16))") }
}

/// A host that may sign, and what it may do.
package struct HostRecord: Codable, Hashable, Sendable {
    package let name: String
    /// Its Ed25519 public key, 64 hexadecimal digits.
    package let key: String
    package let roles: [String]

    package var publicKey: Ed25519.PublicKey? { Hexadecimal.bytes(key).flatMap { Ed25519.PublicKey($0) } }
}
