internal import DRCrypto

/// What was found out about one pack.
struct PackCheck: Sendable {
    let pack: Digest
    var bytesRead = 0
    var objectsOpened = 0
    var bodyBytes = 0
    var findings: [VerificationFinding] = []
    /// Objects that do not open here, by the pack's own directory.
    var lost: Set<ObjectID> = []
    /// At level `structure`: what the objects of its directory take, and how many of them no index places there.
    var directoryBytes = 0
    var objectsUnindexed = 0
    /// Objects that opened and are what their ids name, with their links; at level `structure` those of the directory.
    var good: [ObjectID: [ObjectLink]] = [:]
    /// Nothing of the pack can be told object by object: it is missing, unreadable, or its directory does not open.
    var isOpaque = false

    var isGood: Bool { findings.isEmpty }
    /// Its bytes could not be read: that is no damage, and nothing is known.
    var isUnread: Bool { isOpaque && findings.allSatisfy { $0.condition == .notEstablished } }

    mutating func note(_ error: RepositoryError) { findings.append(VerificationFinding(error, pack: pack)) }
}
