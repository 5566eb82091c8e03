package import DRCrypto
package import DRSystem

/// A reader whose key nobody has: a random secret was shared out in words (SLIP-39) and forgotten, and so many of the
/// shares make it again.
///
/// The secret's age identity has the private key HKDF-SHA-256(secret, no salt, `drctl/1/escrow`), 32 bytes, so the words
/// alone are enough, with any tool that knows SLIP-39.
package enum Escrow {
    /// A file for one keeper of a share. Secret; mode 0600.
    package struct ShareFile: Sendable {
        /// Counted from 1.
        package let number: Int
        package let text: SecretBytes
    }

    /// Something with shares in it: each line that is neither empty nor starts with `#` is one.
    package struct Source: Sendable {
        /// What people call it.
        package let name: String
        package let text: SecretBytes

        package init(name: String, text: SecretBytes) {
            self.name = name
            self.text = text
        }
    }

    /// What shares made.
    package struct Recovered: Sendable {
        /// An identity file, which stock age takes too. Secret; mode 0600.
        package let identityFile: SecretBytes
        package let recipient: String
        /// The repository that the shares' files name.
        package let repository: Digest?
    }

    static let label = "drctl/1/escrow"

    /// Makes the reader's identity file from shares.
    /// - Throws: `invalidKeyFile` saying in which source and line, which word, what is wrong with it, or how many shares
    ///   are missing; `notAuthentic` for shares that do not fit together, or name two repositories.
    package static func recover(from sources: [Source]) throws(RepositoryError) -> Recovered {
        var shares: [SLIP39Share] = []
        var repository: Digest?
        for source in sources {
            if let text = Remarks(of: source.text).text(IdentityFile.repositoryRemark) {
                guard let named = Digest(hex: text), repository == nil || repository == named else {
                    throw RepositoryError(
                        .notAuthentic, "\(source.name) is of another repository than the shares before it",
                        hint: "bring shares of one set together")
                }
                repository = named
            }
            let found = try Self.shares(in: source)
            if found.isEmpty {
                throw RepositoryError(
                    .invalidKeyFile, "\(source.name) holds no share", hint: "a share is one line of words")
            }
            shares += found
        }
        let secret: SecretBytes
        do throws(CryptoError) {
            secret = try SLIP39.combine(shares)
        } catch {
            throw RepositoryError(
                error.code == .notAuthentic || error.code == .invalidArgument ? .notAuthentic : .invalidKeyFile,
                error.message, hint: error.hint ?? "")
        }
        let identity = try identity(of: secret)
        return Recovered(
            identityFile: try identityFile(identity.identity, identity.recipient, repository),
            recipient: identity.recipient, repository: repository)
    }

    /// The reader of a secret.
    static func identity(of secret: SecretBytes) throws(RepositoryError) -> (identity: AgeIdentity, recipient: String) {
        do throws(CryptoError) {
            let key = try HKDF.sha256(secret: secret, salt: [], info: Array(label.utf8), count: 32)
            let identity = AgeIdentity(try X25519.PrivateKey(key))
            guard let text = identity.recipient?.text else { throw CryptoError(.library, "it has no recipient") }
            return (identity, text)
        } catch {
            throw RepositoryError(.internalFault, "no identity could be derived: \(error.message)", cause: error)
        }
    }

    private static func shares(in source: Source) throws(RepositoryError) -> [SLIP39Share] {
        var shares: [SLIP39Share] = []
        for (number, range) in source.text.lineRanges.enumerated() {
            let isSilent = source.text.withBytes { bytes in
                guard let first = range.first(where: { bytes[$0] > UInt8(ascii: " ") }) else { return true }
                return bytes[first] == UInt8(ascii: "#")
            }
            if isSilent { continue }
            do throws(CryptoError) {
                shares.append(try SLIP39Share(words: try source.text.part(range)))
            } catch {
                throw RepositoryError(
                    .invalidKeyFile, "\(source.name), line \(number + 1): \(error.message)", hint: error.hint ?? "")
            }
        }
        return shares
    }

    private static func identityFile(
        _ identity: AgeIdentity, _ recipient: String, _ repository: Digest?
    ) throws(RepositoryError) -> SecretBytes {
        let pin = repository.map { "# \(IdentityFile.repositoryRemark): \($0)\n" } ?? ""
        let text: SecretText = """
            # Made from escrow shares. Keep it secret, and destroy it when it is no longer needed.
            \(pin)# public key: \(recipient)
            \(secret: try identityText(identity))

            """
        return try text.bytes()
    }
}

extension Repository {
    /// Gives a slot to a secret that is shared out and forgotten.
    /// - Parameters:
    ///   - secretByteCount: 16 or 32.
    ///   - keep: stores the shares' files, durably, before the slot is there; nothing has changed where it throws.
    /// - Returns: as `addingSlot`.
    /// - Throws: `invalidArgument` for numbers that do not go together; otherwise as `addingSlot`, and what `keep` throws.
    package func addingEscrow(
        threshold: Int, shares count: Int, secretByteCount: Int, keys: RepositoryKeys, ownerFile: SecretBytes,
        time: any TimeSource, keep: ([Escrow.ShareFile]) throws -> Void
    ) throws -> (repository: Repository, slot: SlotRecord) {
        // Whoever may not add a slot is told before shares of it lie about.
        _ = try owner(ownerFile)
        guard keys.opensContent else { throw Self.noContent }
        let secret = try randomSecret(secretByteCount)
        let recipient = try Escrow.identity(of: secret).recipient
        let files = try shareFiles(secret, threshold: threshold, count: count)
        // What was written is what opens: each run of as many shares as are needed is combined again.
        for start in files.indices {
            let sources = (0..<threshold).map { offset in
                Escrow.Source(name: "a share", text: files[(start + offset) % count].text)
            }
            guard try Escrow.recover(from: sources).recipient == recipient else {
                throw RepositoryError(.internalFault, "the shares do not give the key back")
            }
        }
        try keep(files)
        return try addingSlot(
            for: .recipient(recipient, label: "escrow \(threshold)-of-\(count)"), keys: keys, ownerFile: ownerFile,
            time: time)
    }

    private func shareFiles(
        _ whole: SecretBytes, threshold: Int, count: Int
    ) throws(RepositoryError) -> [Escrow.ShareFile] {
        let shares: [SecretBytes]
        do throws(CryptoError) {
            shares = try SLIP39.split(whole, threshold: threshold, shares: count).map { share throws(CryptoError) in
                try share.words()
            }
        } catch {
            throw RepositoryError(
                error.code == .invalidArgument ? .invalidArgument : .internalFault, error.message,
                hint: error.hint ?? "", cause: error)
        }
        var files: [Escrow.ShareFile] = []
        for (number, words) in zip(1..., shares) {
            let text: SecretText = "\(shareHeader(number, threshold: threshold, count: count))\(secret: words)\n"
            files.append(Escrow.ShareFile(number: number, text: try text.bytes()))
        }
        return files
    }

    private func shareHeader(_ number: Int, threshold: Int, count: Int) -> String {
        """
        # Share \(number) of \(count) of a key to repository \(id).
        # Any \(threshold) of the \(count) shares open all its backups; fewer open nothing.
        # Keep this one secret, apart from the others, and readable for years: paper will do.
        # To use it, bring \(threshold) shares together on a computer that you trust, and run
        #     drctl key escrow combine SHARE-FILE… --out recovered.txt
        # The words are a SLIP-39 share without a passphrase; drctl's RepositoryFormat says what they make.
        # \(IdentityFile.repositoryRemark): \(id)

        """
    }
}
