import DRCrypto

@testable import DRRepository

/// Takes a test's bytes into memory that is kept for secrets.
func secret(_ bytes: [UInt8]) throws(RepositoryError) -> SecretBytes {
    try newSecret(bytes.count) { span in
        for (index, byte) in bytes.enumerated() { span[index] = byte }
    }
}
