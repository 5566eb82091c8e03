package import DRCrypto

/// What a finding means for whoever relies on the repository. In the order in which a verification reports them when
/// several hold.
package enum RepositoryCondition: Int, Sendable, CaseIterable, Comparable {
    /// Not authentic, rolled back or forged.
    case notAuthentic
    /// Damage, and no good copy is known.
    case damaged
    /// Damage, and every object that it hit has another good place in this repository.
    case damagedWithCopy
    /// A key is wrong or missing.
    case keyMissing
    /// Could not be established.
    case notEstablished

    package static func < (one: RepositoryCondition, other: RepositoryCondition) -> Bool {
        one.rawValue < other.rawValue
    }

    /// What an error says about the repository.
    package init(_ error: RepositoryError) {
        self =
            switch error.code {
            case .notAuthentic, .rolledBack: .notAuthentic
            case .damaged, .missingPack, .missingObject: .damaged
            case .wrongKey, .missingKey, .invalidKeyFile: .keyMissing
            default: .notEstablished
            }
    }
}

/// One thing that is wrong with a repository, or that could not be found out.
package struct VerificationFinding: Sendable {
    package let condition: RepositoryCondition
    package let error: RepositoryError
    /// The pack it is about, if it is about one.
    package let pack: Digest?

    init(_ error: RepositoryError, pack: Digest? = nil, condition: RepositoryCondition? = nil) {
        self.error = error
        self.pack = pack
        self.condition = condition ?? RepositoryCondition(error)
    }
}

/// A file, or a part of a tree, that damage makes unreadable.
package struct HurtFile: Hashable, Sendable {
    package let snapshot: Digest
    /// As it was backed up; of any encoding.
    package let path: [UInt8]
    /// A directory whose page is lost: everything beneath it is.
    package let isWholeDirectory: Bool
}
