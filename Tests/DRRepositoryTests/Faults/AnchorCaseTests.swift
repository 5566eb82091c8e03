import DRCrypto
import Testing

@testable import DRRepository

/// What somebody with the storage in hand can do that is consistent in itself: it shows against what was seen before, and
/// nobody claims anything without that.
@Suite struct AnchorCaseTests {
    enum Case: String, CaseIterable, CustomTestStringConvertible {
        case newestSnapshotDeleted, rolledBack, forked, logCut, wholeLogGone, oldConfig, untrustedHost, revokedHost
        var testDescription: String { rawValue }

        /// Whether it shows without an anchor, too: a log of nobody's and of a revoked host is signed by the wrong key.
        var showsAlone: Bool { [.untrustedHost, .revokedHost].contains(self) }
    }

    private struct Scene {
        let test: TestRepository
        let before: MemoryStorage
        let anchor: Anchor
        var storage: MemoryStorage

        init() throws {
            test = try TestRepository()
            try test.backUp([someBytes(9000, seed: 1)])
            before = test.storage.copy()
            _ = try test.repository.addingHost(
                "pruner", roles: [.pruner], keys: test.keys, ownerFile: test.ownerFile, time: test.time,
                keep: { _ in })
            try test.backUp([someBytes(9000, seed: 1), someBytes(500, seed: 3)])
            let (repository, _) = try test.reopened()
            anchor = Anchor(of: repository, ledger: try Ledger(reading: repository))
            storage = test.storage.copy()
        }

        mutating func apply(_ wrong: Case) throws {
            let signer = try #require(test.keys.signer)
            switch wrong {
            case .newestSnapshotDeleted:
                // With every trace: the object, and the entry that names it.
                let repository = try test.reopened().repository
                let newest = try #require(try Ledger(reading: repository).snapshots.last)
                storage[StoragePath.snapshot(newest.name).text] = nil
                storage[StoragePath.log(signer, 2).text] = nil
            case .rolledBack: storage = before.copy()
            case .forked:
                // From the earlier state on, somebody with the same keys went another way.
                let other = before.copy()
                let (repository, keys) = try test.reopened(other)
                _ = try repository.addingHost(
                    "pruner", roles: [.pruner], keys: keys, ownerFile: test.ownerFile, time: test.time,
                    keep: { _ in })
                try test.backUp([someBytes(777, seed: 9)], through: other)
                storage = other
            case .logCut: storage[StoragePath.log(signer, 2).text] = nil
            case .wholeLogGone: for name in storage.names(in: .logs) { storage[name] = nil }
            case .oldConfig:
                for name in storage.names(in: .config) where before[name] == nil { storage[name] = nil }
            case .untrustedHost: try write(signedBy: try NewRepository.newSigningKey())
            case .revokedHost:
                let (repository, _) = try test.reopened(storage)
                _ = try repository.revokingHost("alpha", reason: "stolen", ownerFile: test.ownerFile, time: test.time)
                try write(signedBy: try #require(test.keys.signingKey))
            }
        }

        /// A snapshot of a host's own making, with its entry.
        private func write(signedBy key: Ed25519.PrivateKey) throws {
            let (repository, keys) = try test.reopened(storage)
            let ledger = try Ledger(reading: repository)
            let good = try #require(repository.snapshots(keys, ledger: ledger).snapshots.last)
            let signer = SignerID(of: key.publicKey)
            let context = RunContext(
                repository: repository.id, domain: "default", epoch: 1, run: try RunID(), host: signer)
            let bytes = try SnapshotObject.seal(
                good.manifest, context: context, listKey: keys.listKey, signedBy: key)
            try storage.put(bytes, at: .snapshot(Digest.of(bytes)))
            let head = ledger.heads.first { $0.signer == signer }
            var entry = LogEntry(
                repository: repository.id, signer: signer, counter: (head?.counter ?? 0) + 1, previous: head?.entry,
                writtenNanoseconds: 0, act: "backup", run: context.run)
            entry.snapshotsAdded = [LogEntry.Added(name: Digest.of(bytes), bytes: bytes.count)]
            try storage.put(
                try SignedStatement.seal(entry, as: .log, signedBy: key), at: .log(signer, entry.counter))
        }

        func verify(_ anchors: [Anchor]) throws -> Verification {
            let (repository, keys) = try test.reopened(storage)
            return repository.verify(VerificationRequest(level: .content, keys: keys, anchors: anchors))
        }
    }

    @Test("It is named against an anchor, and not established without one", arguments: Case.allCases)
    func isNamed(wrong: Case) throws {
        var scene = try Scene()
        #expect(try scene.verify([scene.anchor]).findings.isEmpty)
        let snapshots = try scene.verify([]).snapshots.count
        try scene.apply(wrong)

        let anchored = try scene.verify([scene.anchor])
        let isNamed: Bool =
            if case .doesNotHold(let reason) = anchored.history { !reason.isEmpty } else { false }
        let isRefused = anchored.conditions.contains(.notAuthentic)
        #expect(isRefused, "\(anchored.conditions)")
        #expect(isNamed || wrong.showsAlone)

        let alone = try scene.verify([])
        if wrong.showsAlone {
            #expect(alone.conditions.contains(.notAuthentic))
            #expect(alone.snapshots.count <= snapshots, "what nobody trusted wrote does not count")
        } else {
            let isOpen: Bool = if case .notEstablished = alone.history { true } else { false }
            #expect(isOpen, "\(alone.history)")
        }
    }
}
