import DRCrypto
import Testing

@testable import DRRepository

/// Whoever cannot open a repository is told so (exit 12), and why.
@Suite struct WrongKeyTests {
    enum Case: String, CaseIterable, CustomTestStringConvertible {
        case strangersIdentity, wrongPassphrase, removedRecipient, revokedHost, keysOfAnEarlierEpoch, writersIdentity
        case missingSlot, emptySlot, cutSlot, changedSlot, destroyedDomain
        var testDescription: String { rawValue }

        /// What the message has to say.
        var reason: String {
            switch self {
            case .strangersIdentity, .wrongPassphrase: "slot"
            case .removedRecipient: "was removed by entry"
            case .revokedHost: "revoked"
            case .keysOfAnEarlierEpoch: "epoch 2"
            case .writersIdentity: "opens no content"
            case .missingSlot, .emptySlot, .cutSlot, .changedSlot: "slot"
            case .destroyedDomain: "destroyed"
            }
        }
    }

    private static func stranger() throws -> SecretBytes {
        try #require(try AgeIdentity.generate().text())
    }

    private func unlock(_ repository: Repository, _ identity: Identity) throws -> RepositoryError? {
        do throws(RepositoryError) {
            _ = try repository.unlock(identity)
            return nil
        } catch { return error }
    }

    /// Changes the newest epoch's only slot.
    private func slotChanged(_ test: TestRepository, _ change: ([UInt8]) -> [UInt8]?) throws -> RepositoryError? {
        let slots = test.storage.names(in: .domains).filter { $0.contains("/slot") }
        let name = try #require(slots.last)
        test.storage[name] = change(try #require(test.storage[name]))
        let repository = try Repository(opening: test.storage, pinned: test.repository.id)
        return try unlock(repository, try Identity.parse(test.identityFile))
    }

    private func error(of wrong: Case) throws -> RepositoryError? {
        switch wrong {
        case .strangersIdentity:
            let test = try TestRepository()
            return try unlock(test.repository, try Identity.parse(try Self.stranger()))
        case .wrongPassphrase:
            let test = try TestRepository(
                readers: [
                    .passphrase(
                        try SecretBytes(copying: Array("right".utf8)), label: "slot of the safe", workFactor: 17)
                ])
            return try unlock(test.repository, .passphrase(try SecretBytes(copying: Array("wrong".utf8))))
        case .removedRecipient:
            let leaving = try AgeIdentity.generate()
            let recipient = try #require(leaving.recipient?.text)
            let test = try TestRepository(readers: [.recipient(recipient)])
            let removed = try test.repository.removingSlot(
                recipient, reason: "left", keys: test.keys, ownerFile: test.ownerFile, time: test.time)
            let file = try #require(try leaving.text())
            return try unlock(removed.repository, try Identity.parse(file))
        case .revokedHost:
            let test = try TestRepository()
            let revoked = try test.repository.revokingHost(
                "alpha", reason: "stolen", ownerFile: test.ownerFile, time: test.time)
            return try unlock(revoked.repository, try Identity.parse(test.writerFile))
        case .keysOfAnEarlierEpoch:
            let test = try TestRepository()
            let before = test.keys
            _ = try test.repository.rotating(keys: test.keys, ownerFile: test.ownerFile, time: test.time)
            let (repository, keys) = try test.reopened()
            let new = try test.backUp([someBytes(3000, seed: 2)], keys: keys)
            let entry = try #require(try IndexEntry.pack(of: new, repository, keys))
            let origin = try #require(try PackHead(reading: entry, from: test.storage).origins.first)
            do throws(RepositoryError) {
                _ = try repository.keyring(before).packKey(origin, pack: entry)
                return nil
            } catch { return error }
        case .writersIdentity:
            let test = try TestRepository()
            let writer = try test.repository.unlock(try Identity.parse(test.writerFile))
            do throws(RepositoryError) {
                _ = try test.repository.reader(writer, ledger: try Ledger(reading: test.repository))
                return nil
            } catch { return error }
        case .missingSlot: return try slotChanged(TestRepository()) { _ in nil }
        case .emptySlot: return try slotChanged(TestRepository()) { _ in [] }
        case .cutSlot: return try slotChanged(TestRepository()) { Array($0.prefix($0.count / 2)) }
        case .changedSlot: return try slotChanged(TestRepository()) { [$0[0] ^ 1] + $0.dropFirst() }
        case .destroyedDomain:
            let test = try TestRepository()
            let destroyed = try test.repository.destroyingDomain(
                reason: "end of life", ownerFile: test.ownerFile, time: test.time)
            return try unlock(destroyed.repository, try Identity.parse(test.identityFile))
        }
    }

    @Test("The wrong key opens nothing, and its user is told why", arguments: Case.allCases)
    func isRefused(wrong: Case) throws {
        let error = try #require(try error(of: wrong))
        #expect([.wrongKey, .missingKey].contains(error.code), "\(error)")
        #expect(error.message.contains(wrong.reason), "\(error.message)")
        #expect(!error.hint.isEmpty)
    }

    private enum IndexEntry {
        /// The pack that a snapshot's root lies in.
        static func pack(of snapshot: Snapshot, _ repository: Repository, _ keys: RepositoryKeys) throws -> Digest? {
            let loaded = ObjectIndex.load(
                repository, ledger: try Ledger(reading: repository), listKey: keys.listKey, scope: .everybody)
            return loaded.index.location(of: snapshot.manifest.root.id)?.pack
        }
    }
}
