package import DRCrypto
package import DRSystem

/// What an owner does to hosts.
extension Repository {
    /// Enrols a host that cannot read.
    /// - Parameters:
    ///   - roles: what it may do; to back up is the default.
    ///   - keys: that hold what the roles need.
    ///   - keep: keeps the host's identity, at mode 0600 and durably, before the host is enrolled: a name is never used
    ///     twice, so a host whose key was lost would be lost with it.
    /// - Returns: the repository with the host in its chain, and the host's identity.
    /// - Throws: what `keep` throws; `wrongKey` for another owner; `invalidArgument` for a name that is taken;
    ///   `missingKey` where the keys lack what the roles need.
    package func addingHost(
        _ name: String, roles: [HostRole] = [.writer], keys: RepositoryKeys, ownerFile: SecretBytes,
        time: any TimeSource,
        keep: (SecretBytes) throws -> Void
    ) throws -> (repository: Repository, writerFile: SecretBytes) {
        guard !config.hosts.contains(where: { $0.name == name }) else {
            throw RepositoryError(
                .invalidArgument, "host \(name) is enrolled already",
                hint: "a reinstalled host gets a new name, so that its log does not start twice")
        }
        let owner = try owner(ownerFile)
        if roles.contains(where: \.holdsIDKey) { _ = try keys.idKey }
        let host = try NewHost(name, roles: roles, secret: keys.secret, of: try newestPlace)
        try keep(host.identityFile)
        try host.secretFile?.store(in: storage)
        return (try adding(.hostAdded(host.record), owner, time), host.identityFile)
    }

    /// From now on nothing that the host signs counts; what its log holds up to its present end stays as it is.
    /// The host keeps the keys that it had: `rotating` keeps the next ones from it.
    /// - Parameter counter: the newest entry that counts, where the log's present end is too late.
    /// - Returns: the repository, and what the owner said. A host that is revoked stays so, and nothing is added.
    /// - Throws: `invalidArgument` for a host that is not enrolled, or an entry that is not in its log; `wrongKey`.
    package func revokingHost(
        _ name: String, trustedTo counter: UInt64? = nil, reason: String?, ownerFile: SecretBytes,
        time: any TimeSource
    ) throws(RepositoryError) -> (repository: Repository, revocation: HostRevocation) {
        let owner = try owner(ownerFile)
        guard let signer = config.hosts.first(where: { $0.name == name })?.signer else {
            throw RepositoryError(
                .invalidArgument, "host \(name) is not enrolled", hint: "`drctl repo info` lists the hosts")
        }
        if let revocation = config.revocation(of: signer) { return (self, revocation) }
        let log = try SignerLog(reading: signer, of: self)
        // Of a log with a gap, what comes before it.
        let whole = zip(log.entries, log.digests).enumerated().prefix { $0.element.0.counter == UInt64($0.offset) + 1 }
        let end = UInt64(whole.count)
        let last = counter ?? end
        guard last <= end else {
            throw RepositoryError(
                .invalidArgument, "the log of \(name) has \(end) whole entries, and no entry \(last)",
                hint: "without a number it is trusted to its present end")
        }
        let revocation = HostRevocation(
            name: name, host: signer, counter: last, entry: last == 0 ? nil : log.digests[Int(last) - 1],
            reason: reason)
        return (try adding(.hostRevoked(revocation), owner, time), revocation)
    }
}
