package import DRCrypto

/// What a person or a host opens a repository with: an age identity file, a passphrase, or a host's identity.
package struct Identity: Sendable {
    enum Kind: Sendable {
        case reader([AgeIdentity])
        case passphrase(SecretBytes)
        case host(HostIdentity)
    }

    let kind: Kind
    /// The repository that the identity file names; opening another one is refused.
    package let pinnedRepository: Digest?
    /// The signing key of the host that the identity file names, for those who also write.
    let signingKey: Ed25519.PrivateKey?

    /// Whether this identity can open content at all.
    package var opensContent: Bool {
        if case .host = kind { false } else { true }
    }

    private init(_ kind: Kind, pinned: Digest? = nil, signingKey: Ed25519.PrivateKey? = nil) {
        self.kind = kind
        pinnedRepository = pinned
        self.signingKey = signingKey
    }

    /// What a passphrase slot is opened with.
    package static func passphrase(_ passphrase: SecretBytes) -> Identity { Identity(.passphrase(passphrase)) }

    /// Whether these bytes are a key file of any kind: an identity, a writer's, an owner's.
    package static func isKeyFile(_ bytes: SecretBytes) -> Bool {
        (try? parse(bytes)) != nil || (try? IdentityFile.parseOwner(bytes)) != nil
    }

    /// Reads an identity file: what `age-keygen` or `drctl repo init` writes, or a host's identity.
    /// - Throws: `invalidKeyFile` saying what is wrong, without showing the file.
    package static func parse(_ file: SecretBytes) throws(RepositoryError) -> Identity {
        let bytes = file.withBytes { $0.copied() }
        if bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") {
            let host = try HostIdentity(parsing: bytes)
            return Identity(.host(host), pinned: host.repository, signingKey: host.signingKey)
        }
        let identities: [AgeIdentity]
        do throws(CryptoError) {
            identities = try AgeIdentity.parse(file: file)
        } catch {
            throw RepositoryError(
                .invalidKeyFile, "the identity file cannot be used: \(error.message)",
                hint: error.hint ?? "give the file that `repo init`, `key writer` or `age-keygen` wrote", cause: error)
        }
        let remarks = Remarks(bytes)
        var pinned: Digest?
        if let text = remarks[IdentityFile.repositoryRemark] {
            guard let digest = Digest(hex: text) else {
                throw RepositoryError(.invalidKeyFile, "the identity file names a repository that is no id")
            }
            pinned = digest
        }
        var signingKey: Ed25519.PrivateKey?
        if let text = remarks[IdentityFile.signingKeyRemark] {
            signingKey = try Self.signingKey(text, of: "the identity file")
        }
        return Identity(.reader(identities), pinned: pinned, signingKey: signingKey)
    }

    static func signingKey(_ text: String, of name: String) throws(RepositoryError) -> Ed25519.PrivateKey {
        guard let seed = Hexadecimal.bytes(text) else {
            throw RepositoryError(.invalidKeyFile, "\(name) holds a signing key that is not hexadecimal")
        }
        do throws(CryptoError) {
            return try Ed25519.PrivateKey(seed: try SecretBytes(copying: seed))
        } catch {
            throw RepositoryError(
                .invalidKeyFile, "\(name) holds no usable signing key: \(error.message)", cause: error)
        }
    }
}

/// The lines `# NAME: VALUE` of an identity file, which stock age passes over.
struct Remarks {
    private var values: [String: String] = [:]

    init(_ bytes: [UInt8]) {
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.first == UInt8(ascii: "#") {
            let text = String(decoding: line.dropFirst(), as: UTF8.self)
            guard let colon = text.firstIndex(of: ":") else { continue }
            let name = text[..<colon].drop { $0 == " " }
            let value = text[text.index(after: colon)...].filter { !$0.isWhitespace }
            values[String(name)] = String(value)
        }
    }

    subscript(_ name: String) -> String? { values[name] }
}
