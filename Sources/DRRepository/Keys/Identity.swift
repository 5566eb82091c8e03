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
        let isJSON = file.withBytes { bytes in
            bytes.indices.first { bytes[$0] > UInt8(ascii: " ") }.map { bytes[$0] == UInt8(ascii: "{") } ?? false
        }
        if isJSON {
            let host = try HostIdentity(parsing: file)
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
        let remarks = Remarks(of: file)
        var pinned: Digest?
        if let text = remarks.text(IdentityFile.repositoryRemark) {
            guard let digest = Digest(hex: text) else {
                throw RepositoryError(.invalidKeyFile, "the identity file names a repository that is no id")
            }
            pinned = digest
        }
        var signingKey: Ed25519.PrivateKey?
        if let text = try remarks.secret(IdentityFile.signingKeyRemark) {
            signingKey = try Self.signingKey(text, of: "the identity file")
        }
        return Identity(.reader(identities), pinned: pinned, signingKey: signingKey)
    }

    static func signingKey(_ text: SecretBytes, of name: String) throws(RepositoryError) -> Ed25519.PrivateKey {
        guard let seed = try text.ofHexadecimal() else {
            throw RepositoryError(.invalidKeyFile, "\(name) holds a signing key that is not hexadecimal")
        }
        do throws(CryptoError) {
            return try Ed25519.PrivateKey(seed: seed)
        } catch {
            throw RepositoryError(
                .invalidKeyFile, "\(name) holds no usable signing key: \(error.message)", cause: error)
        }
    }
}

/// The lines `# NAME: VALUE` of a key file, which stock age passes over. Values may be secrets: they stay where they are.
struct Remarks {
    private let file: SecretBytes
    private var values: [String: Range<Int>] = [:]

    init(of file: SecretBytes) {
        self.file = file
        for line in file.lineRanges {
            file.withBytes { bytes in
                guard !line.isEmpty, bytes[line.lowerBound] == UInt8(ascii: "#"),
                    let colon = line.first(where: { bytes[$0] == UInt8(ascii: ":") })
                else { return }
                let name = Self.trimmed(line.lowerBound + 1..<colon, in: bytes)
                let text = String(decoding: bytes.extracting(name).copied(), as: UTF8.self)
                values[text] = Self.trimmed(colon + 1..<line.upperBound, in: bytes)
            }
        }
    }

    private static func trimmed(_ range: Range<Int>, in bytes: Span<UInt8>) -> Range<Int> {
        var range = range
        while let first = range.first, bytes[first] <= UInt8(ascii: " ") { range = range.dropFirst() }
        while let last = range.last, bytes[last] <= UInt8(ascii: " ") { range = range.dropLast() }
        return range
    }

    /// A value that anybody may see.
    func text(_ name: String) -> String? {
        values[name].map { range in
            String(decoding: file.withBytes { $0.extracting(range).copied() }, as: UTF8.self)
        }
    }

    func secret(_ name: String) throws(RepositoryError) -> SecretBytes? {
        guard let range = values[name] else { return nil }
        return try file.within(range)
    }
}
