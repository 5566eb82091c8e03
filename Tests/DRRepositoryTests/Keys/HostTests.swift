import DRCrypto
import Testing

@testable import DRRepository

/// Hosts with their roles: what each opens, and what is left of one that was revoked.
@Suite struct HostTests {
    private func enrolled(_ test: TestRepository, _ name: String, _ roles: [HostRole]) throws -> Identity {
        let (repository, keys) = try test.reopened()
        let file = try repository.addingHost(
            name, roles: roles, keys: keys, ownerFile: test.ownerFile, time: test.time, keep: { _ in }
        ).writerFile
        return try Identity.parse(file)
    }

    @Test(arguments: [[HostRole.writer], [.pruner], [.lister], [.verifier], [.writer, .verifier]])
    func aRoleGetsItsKeysAndNoMore(roles: [HostRole]) throws {
        let test = try TestRepository()
        let snapshot = try test.backUp([someBytes(3000, seed: 1)])
        let identity = try enrolled(test, "beta", roles)
        // As well in the epoch in which it was enrolled as in the next.
        for _ in 0..<2 {
            let (repository, reader) = try test.reopened()
            let ledger = try Ledger(reading: repository)
            if roles == [.verifier] {
                let refusal = #expect(throws: RepositoryError.self) { try repository.unlock(identity) }
                #expect(refusal?.code == .missingKey)
            } else {
                let keys = try repository.unlock(identity)
                #expect(!keys.opensContent)
                #expect(repository.snapshots(keys, ledger: ledger).snapshots.map(\.id) == [snapshot.id])
                let shut = #expect(throws: RepositoryError.self) { try repository.reader(keys, ledger: ledger) }
                #expect(shut?.code == .missingKey)
                #expect(((try? keys.idKey) != nil) == (roles != [.lister]))
                if !roles.contains(.writer) {
                    let refusal = #expect(throws: RepositoryError.self) {
                        try WriteSession(repository, keys: keys, time: test.time)
                    }
                    #expect(refusal?.code == .wrongKey)
                }
                // What it holds lets it enrol nobody who may do more, and no reader.
                let more = #expect(throws: RepositoryError.self) {
                    try repository.rotating(keys: keys, ownerFile: test.ownerFile, time: test.time)
                }
                #expect(more?.code == .missingKey)
            }
            _ = try repository.rotating(keys: reader, ownerFile: test.ownerFile, time: test.time)
        }
    }

    @Test func aListerEnrolsNoWriter() throws {
        let test = try TestRepository()
        let lister = try enrolled(test, "beta", [.lister])
        let (repository, _) = try test.reopened()
        let refusal = #expect(throws: RepositoryError.self) {
            try repository.addingHost(
                "gamma", keys: try repository.unlock(lister), ownerFile: test.ownerFile, time: test.time,
                keep: { _ in Issue.record("an identity was made for nothing") })
        }
        #expect(refusal?.code == .missingKey)
    }

    /// Every secret that a writer has, and every file that one of them opens, is tried on every run key.
    @Test func nothingThatAWriterHoldsOpensARunKey() throws {
        let test = try TestRepository()
        try test.backUp([someBytes(2000, seed: 7)])
        let (repository, keys) = try test.reopened()
        _ = try repository.rotating(keys: keys, ownerFile: test.ownerFile, time: test.time)
        let host = try HostIdentity(parsing: test.writerFile)
        let (now, _) = try test.reopened()
        let writer = try now.unlock(try Identity.parse(test.writerFile))
        try test.backUp([someBytes(2000, seed: 8)], keys: writer)
        var secrets = [host.signingKey.seed]
        var opened = 0
        for name in test.storage.names(in: .domains) {
            guard let plain = try? Age.decrypt(try #require(test.storage[name]), identities: [host.identity]) else {
                continue
            }
            opened += 1
            #expect(name.contains("/host-"))
            let text = String(decoding: plain.withBytes { $0.copied() }, as: UTF8.self)
            #expect(!text.contains("AGE-SECRET-KEY"))
            for word in text.split(separator: "\"") where word.utf8.count == 64 {
                if let bytes = Hexadecimal.bytes(String(word)) { secrets.append(try secret(bytes)) }
            }
        }
        #expect(opened == 2)
        // The signing key, the repository's id and the keys of both epochs, twice the id key.
        #expect(secrets.count == 8)
        var identities = [host.identity]
        for secret in secrets { identities.append(AgeIdentity(try X25519.PrivateKey(secret))) }
        let packs = try test.storage.list(StorageFolder.packs.path).compactMap { Digest(hex: $0.name) }
        #expect(packs.count >= 2)
        for pack in packs {
            let origin = try #require(try PackHead(reading: pack, from: test.storage).origins.first)
            #expect(throws: CryptoError.self) { try Age.decrypt(origin.sealedRunKey, identities: identities) }
        }
    }

    @Test func aRevokedHostWritesNothingMoreAndLosesNothing() throws {
        let test = try TestRepository()
        let writer = try Identity.parse(test.writerFile)
        let kept = try test.backUp([someBytes(3000, seed: 1)], keys: try test.repository.unlock(writer))
        // What the host still has in memory, after the owner's word.
        let stale = try test.repository.unlock(writer)
        let (repository, revocation) = try test.repository.revokingHost(
            "alpha", reason: "taken over", ownerFile: test.ownerFile, time: test.time)
        #expect(revocation.counter == 1)
        #expect(repository.config.rotationReasons == ["host alpha was revoked"])
        #expect(#expect(throws: RepositoryError.self) { try repository.unlock(writer) }?.code == .wrongKey)
        let refusal = #expect(throws: RepositoryError.self) { try test.backUp([someBytes(3000, seed: 2)], keys: stale) }
        #expect(refusal?.code == .wrongKey)
        let (now, keys) = try test.reopened()
        let ledger = try Ledger(reading: now)
        #expect(ledger.faults.isEmpty)
        #expect(try now.snapshots(keys, ledger: ledger).latest(nil).id == kept.id)
        #expect(try test.reader().read(kept.manifest.root).links.count == 1)
        // With a drctl that does not look, it signs all the same: that is a fault, and counts for nothing.
        let forged = LogEntry(
            repository: now.id, signer: try #require(stale.signer), counter: 2, previous: ledger.heads[0].entry,
            writtenNanoseconds: 0, act: "backup", run: try RunID())
        let name = StoragePath.log(try #require(stale.signer), 2)
        try test.storage.put(
            try SignedStatement.seal(forged, as: .log, signedBy: try #require(stale.signingKey)), at: name)
        let after = try Ledger(reading: now)
        #expect(after.faults.map(\.code) == [.notAuthentic])
        #expect(after.heads == ledger.heads)
        // The next epoch leaves the host out.
        let rotated = try now.rotating(keys: keys, ownerFile: test.ownerFile, time: test.time)
        #expect(rotated.config.hostFiles.isEmpty && rotated.config.rotationReasons.isEmpty)
        // A second revocation adds nothing.
        let again = try rotated.revokingHost("alpha", reason: nil, ownerFile: test.ownerFile, time: test.time)
        #expect(again.repository.config.head == rotated.config.head)
    }

    /// The owner's word fixes the log's end: an entry exchanged or cut off since shows.
    @Test func aRevokedHostsLogIsFixed() throws {
        let test = try TestRepository()
        for seed in 1...2 { try test.backUp([someBytes(3000, seed: UInt64(seed))]) }
        let signer = try #require(test.keys.signer)
        let beyond = #expect(throws: RepositoryError.self) {
            try test.repository.revokingHost(
                "alpha", trustedTo: 3, reason: nil, ownerFile: test.ownerFile, time: test.time)
        }
        #expect(beyond?.code == .invalidArgument)
        _ = try test.repository.revokingHost(
            "alpha", trustedTo: 1, reason: nil, ownerFile: test.ownerFile, time: test.time)
        let (repository, _) = try test.reopened()
        #expect(try Ledger(reading: repository).faults.map(\.code) == [.notAuthentic])
        #expect(try Ledger(reading: repository).snapshots.count == 1)
        let cut = test.storage.copy()
        cut[StoragePath.log(signer, 1).text] = nil
        cut[StoragePath.log(signer, 2).text] = nil
        cut["logs/\(signer)/x"] = []
        #expect(try Ledger(reading: try test.reopened(cut).repository).faults.map(\.code) == [.rolledBack])
        let other = LogEntry(
            repository: repository.id, signer: signer, counter: 1, previous: nil, writtenNanoseconds: 0,
            act: "backup", run: try RunID())
        cut[StoragePath.log(signer, 1).text] = try SignedStatement.seal(
            other, as: .log, signedBy: try #require(test.keys.signingKey))
        let exchanged = try Ledger(reading: try test.reopened(cut).repository)
        #expect(exchanged.faults.map(\.code) == [.notAuthentic])
        #expect(exchanged.logs.allSatisfy { $0.entries.isEmpty })
    }
}
