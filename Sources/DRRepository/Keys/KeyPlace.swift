internal import DRCrypto

/// Which epoch of which domain of which repository a key file belongs to. Each says so inside, and nobody takes it for
/// another's.
struct KeyPlace: Hashable, Sendable {
    let repository: Digest
    let domain: String
    let epoch: UInt32

    func file(_ prefix: String, _ bytes: [UInt8]) -> SealedKeyFile {
        SealedKeyFile(
            file: KeyFile(domain: domain, epoch: epoch, prefix: prefix, digest: Digest.of(bytes)), bytes: bytes)
    }
}

/// A key file that is to be stored. Its name follows from its bytes, so a second attempt never meets the first one's.
struct SealedKeyFile: Sendable {
    let file: KeyFile
    let bytes: [UInt8]

    /// Durable on return.
    func store(in storage: any Storage) throws(RepositoryError) { try storage.put(bytes, at: file.path) }
}
