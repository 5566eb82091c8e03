internal import DRCrypto

/// A key slot: an age file whose plaintext is an ordinary age identity file, so that with stock tools
/// `age -d -i mine slot-… > epochs` gives what `age -d -i epochs` opens run keys of every epoch with.
///
///     # drctl slot 1
///     # repository: 64 digits
///     # domain: default
///     # epoch: 2
///     AGE-SECRET-KEY-1…     (of epoch 2)
///     AGE-SECRET-KEY-1…     (of epoch 1)
enum EpochSlot {
    private static func header(_ place: KeyPlace) -> String {
        """
        # drctl slot \(RepositoryFormat.number)
        # repository: \(place.repository)
        # domain: \(place.domain)
        # epoch: \(place.epoch)

        """
    }

    /// - Parameter identities: by epoch: the place's own, and the earlier ones that are still needed.
    static func seal(
        _ identities: [UInt32: AgeIdentity], of place: KeyPlace, to recipient: AgeRecipient
    ) throws(RepositoryError) -> [UInt8] {
        var plaintext: SecretText = "\(header(place))"
        for (_, identity) in identities.sorted(by: { $0.key > $1.key }) {
            plaintext += "\(secret: try identityText(identity))\n"
        }
        return try AgeFile.seal(plaintext, to: [recipient])
    }

    /// - Parameter epochs: what the owner signed.
    /// - Returns: the identities by epoch, the place's own among them.
    /// - Throws: `wrongKey` when the identities do not open it; `notAuthentic` when it belongs elsewhere or holds
    ///   another key than the owner signed.
    static func open(
        _ file: [UInt8], with identities: [AgeIdentity], of place: KeyPlace, epochs: [EpochRecord], name: String
    ) throws(RepositoryError) -> [UInt32: AgeIdentity] {
        let plaintext = try AgeFile.open(file, with: identities, name: name)
        let header = Array(header(place).utf8)
        guard plaintext.withBytes({ $0.extracting(first: header.count).copied() == header }) else {
            throw RepositoryError(.notAuthentic, "\(name) belongs to another repository, domain or epoch")
        }
        var found: [UInt32: AgeIdentity] = [:]
        for identity in try identitiesOfFile(plaintext, name: name) {
            guard let epoch = epochs.first(where: { $0.recipient == identity.recipient?.text }) else {
                throw RepositoryError(.notAuthentic, "\(name) holds a key of no epoch that the owner signed")
            }
            found[epoch.number] = identity
        }
        guard found[place.epoch] != nil else {
            throw RepositoryError(
                .notAuthentic, "\(name) holds another key than the one the owner signed for epoch \(place.epoch)")
        }
        return found
    }
}

/// `AGE-SECRET-KEY-1…`.
func identityText(_ identity: AgeIdentity) throws(RepositoryError) -> SecretBytes {
    do throws(CryptoError) {
        guard let text = try identity.text() else {
            throw CryptoError(.invalidArgument, "a passphrase has no identity text")
        }
        return text
    } catch {
        throw RepositoryError(.internalFault, "an identity could not be written: \(error.message)", cause: error)
    }
}

/// What an age identity file holds.
/// - Throws: `damaged` when it holds none, or something else.
func identitiesOfFile(_ file: SecretBytes, name: String) throws(RepositoryError) -> [AgeIdentity] {
    do throws(CryptoError) {
        return try AgeIdentity.parse(file: file)
    } catch {
        throw RepositoryError(.damaged, "\(name) holds no identity: \(error.message)", cause: error)
    }
}
