internal import DRCrypto

/// Age files of the repository, with errors in its own terms.
enum AgeFile {
    static func seal(_ plaintext: SecretText, to recipients: [AgeRecipient]) throws(RepositoryError) -> [UInt8] {
        let plaintext = try plaintext.bytes()
        do throws(CryptoError) {
            return try Age.encrypt(plaintext, to: recipients)
        } catch {
            throw RepositoryError(.internalFault, "an age file could not be written: \(error.message)", cause: error)
        }
    }

    /// - Throws: `wrongKey` when none of the identities fits; `damaged` when the file was changed or is none.
    static func open(
        _ file: [UInt8], with identities: [AgeIdentity], name: String
    ) throws(RepositoryError) -> SecretBytes {
        do throws(CryptoError) {
            return try Age.decrypt(file, identities: identities)
        } catch {
            switch error.code {
            case .noMatchingIdentity, .wrongPassphrase:
                throw RepositoryError(.wrongKey, "\(name) does not open: \(error.message)", cause: error)
            case .library, .overLimit:
                throw RepositoryError(.storageFailed, "\(name) could not be opened: \(error.message)", cause: error)
            default:
                throw RepositoryError(.damaged, "\(name) is not a whole age file: \(error.message)", cause: error)
            }
        }
    }
}
