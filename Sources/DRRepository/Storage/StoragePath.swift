package import DRCrypto

/// A name inside a repository, the same on every backend: folders and a file name, joined by `/`.
package struct StoragePath: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) { self.text = text }

    package var description: String { text }

    /// Named by its SHA-256.
    package static func pack(_ name: Digest) -> StoragePath { StoragePath("packs/\(name.hex)") }
    /// Named by its SHA-256.
    package static func index(_ name: Digest) -> StoragePath { StoragePath("indexes/\(name.hex)") }
    /// Named by its SHA-256.
    package static func snapshot(_ name: Digest) -> StoragePath { StoragePath("snapshots/\(name.hex)") }

    /// Lies there while the repository is being made; whoever makes it removes it last.
    package static let setup = StoragePath("setup.json")

    /// An entry of the owner's chain; number 1 is the genesis.
    package static func config(_ number: UInt64) -> StoragePath { StoragePath("config/\(decimal(number))") }

    /// An entry of a signer's log; the first one's counter is 1.
    package static func log(_ signer: SignerID, _ counter: UInt64) -> StoragePath {
        StoragePath("logs/\(signer)/\(decimal(counter))")
    }

    /// A file of a domain's epoch: a slot, or a key that is sealed to it.
    package static func epoch(_ domain: String, _ number: UInt32, _ file: String) -> StoragePath {
        StoragePath("domains/\(domain)/epochs/\(number)/\(file)")
    }

    /// Twelve digits, so that names sort as numbers do.
    static func decimal(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    }

    /// - Returns: nil unless the name is what `decimal` makes of a number.
    static func number(_ name: String) -> UInt64? {
        guard let value = UInt64(name), decimal(value) == name else { return nil }
        return value
    }
}

/// The folders of a repository.
package enum StorageFolder: String, Sendable, CaseIterable {
    case config, domains, packs, indexes, snapshots, logs

    package var path: StoragePath { StoragePath(rawValue) }
}
