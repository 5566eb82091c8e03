import DRCrypto
import Testing

@testable import DRRepository

/// An epoch after the first: who reads what, before and after.
@Suite struct RotationTests {
    private func rotated(_ test: TestRepository) throws -> (repository: Repository, keys: RepositoryKeys) {
        let (repository, keys) = try test.reopened()
        _ = try repository.rotating(keys: keys, ownerFile: test.ownerFile, time: test.time)
        return try test.reopened()
    }

    /// The contents of a snapshot's files, through a reader's keys.
    private func contents(
        _ snapshot: Snapshot, _ repository: Repository, _ keys: RepositoryKeys
    ) throws -> [[UInt8]] {
        let source = try repository.reader(keys, ledger: try Ledger(reading: repository)).source
        return try source.read(snapshot.manifest.root).links.map { try source.read($0).body }
    }

    @Test func oldAndNewSnapshotsRestoreAndDedupHolds() throws {
        let test = try TestRepository()
        let files = (0..<8).map { someBytes(100_000, seed: $0) }
        let old = try test.backUp(files)
        let (repository, keys) = try rotated(test)
        #expect(try repository.config.newest.number == 2)
        let same = try test.backUp(files, keys: keys)
        // Its tree's root alone differs, if at all.
        #expect(same.manifest.counts.bytesStored <= PackLayout.granularityBytes)
        let fresh = try test.backUp(files + [someBytes(50_000, seed: 99)], keys: keys)
        let (now, reader) = try test.reopened()
        let catalog = now.snapshots(reader, ledger: try Ledger(reading: now))
        #expect(catalog.faults.isEmpty)
        #expect(catalog.snapshots.map(\.id) == [old.id, same.id, fresh.id])
        for snapshot in [old, same] { #expect(try contents(snapshot, now, reader) == files) }
        #expect(try contents(fresh, now, reader).last == someBytes(50_000, seed: 99))
        #expect(now.verify(VerificationRequest(level: .content, keys: reader)).findings.isEmpty)
    }

    /// Nobody visits the host: its file lies in storage, and gives it the new epoch's keys.
    @Test func aWriterGetsTheNewKeysFromStorage() throws {
        let test = try TestRepository()
        let old = try test.backUp([someBytes(3000, seed: 1)])
        let repository = try rotated(test).repository
        let writer = try repository.unlock(try Identity.parse(test.writerFile))
        #expect(!writer.opensContent)
        let new = try test.backUp([someBytes(3000, seed: 2)], keys: writer)
        let (now, reader) = try test.reopened()
        #expect(now.snapshots(writer, ledger: try Ledger(reading: now)).snapshots.map(\.id) == [old.id, new.id])
        #expect(try contents(new, now, reader) == [someBytes(3000, seed: 2)])
        let packs = try now.storage.list(StorageFolder.packs.path).compactMap { Digest(hex: $0.name) }
        let epochs = try packs.flatMap { try PackHead(reading: $0, from: test.storage).origins.map(\.epoch) }
        #expect(Set(epochs) == [1, 2])
    }

    @Test func aRemovedReaderOpensNothingThatWasWrittenSince() throws {
        let leaving = try AgeIdentity.generate()
        let recipient = try #require(leaving.recipient?.text)
        let test = try TestRepository(readers: [.recipient(recipient)])
        let file = try #require(try leaving.text())
        try test.backUp([someBytes(3000, seed: 1)])
        let before = try test.repository.unlock(try Identity.parse(file))
        let removed = try test.repository.removingSlot(
            recipient, reason: "left", keys: test.keys, ownerFile: test.ownerFile, time: test.time)
        #expect(removed.label == recipient)
        #expect(removed.repository.slots.count == 1)
        let refusal = #expect(throws: RepositoryError.self) {
            try removed.repository.unlock(try Identity.parse(file))
        }
        #expect(refusal?.code == .wrongKey)
        #expect(refusal?.message.contains("was removed by entry 4") == true)
        // Nor with everything that it kept from before: neither the content nor the listing.
        let (repository, keys) = try test.reopened()
        let new = try test.backUp([someBytes(3000, seed: 2)], keys: keys)
        let kept = try repository.reader(before, ledger: try Ledger(reading: repository))
        #expect(kept.faults.map(\.code) == [.wrongKey])
        #expect(#expect(throws: RepositoryError.self) { try kept.source.read(new.manifest.root) } != nil)
        let pack = try #require(Digest(hex: try newestPack(test, epoch: 2)))
        let head = try PackHead(reading: pack, from: test.storage)
        #expect(#expect(throws: RepositoryError.self) { try head.entries(before.listKey) }?.code == .wrongKey)
        let origin = try #require(head.origins.first)
        let shut = #expect(throws: RepositoryError.self) {
            try repository.keyring(before).packKey(origin, pack: pack)
        }
        #expect(shut?.code == .missingKey)
        for identity in Array(before.epochs.values) + [leaving] {
            #expect(throws: CryptoError.self) { try Age.decrypt(origin.sealedRunKey, identities: [identity]) }
        }
        // In every file of the second epoch.
        for name in test.storage.names(in: .domains) where name.contains("/epochs/2/") {
            let sealed = try #require(test.storage[name])
            for identity in Array(before.epochs.values) + [leaving] {
                #expect(throws: CryptoError.self) { try Age.decrypt(sealed, identities: [identity]) }
            }
        }
    }

    private func newestPack(_ test: TestRepository, epoch: UInt32) throws -> String {
        let names = try test.storage.list(StorageFolder.packs.path).map(\.name)
        return try #require(
            names.first { name in
                guard let pack = Digest(hex: name), let head = try? PackHead(reading: pack, from: test.storage) else {
                    return false
                }
                return head.origins.first?.epoch == epoch
            })
    }

    /// Whoever starts an epoch need not know the passphrases that open it.
    @Test func aPassphraseStillOpensAfterARotationWithoutIt() throws {
        let passphrase = try SecretBytes(copying: Array("correct horse".utf8))
        let test = try TestRepository(readers: [.passphrase(passphrase, label: "safe", workFactor: 17)])
        let snapshot = try test.backUp([someBytes(3000, seed: 1)])
        let repository = try rotated(test).repository
        #expect(try contents(snapshot, repository, try repository.unlock(.passphrase(passphrase))).count == 1)
        // Without the reader, the rest is still sealed to nobody else.
        let (now, keys) = try test.reopened()
        let left = try now.removingSlot("safe", reason: nil, keys: keys, ownerFile: test.ownerFile, time: test.time)
        let refusal = #expect(throws: RepositoryError.self) { try left.repository.unlock(.passphrase(passphrase)) }
        #expect(refusal?.code == .wrongKey)
    }

    @Test func theLastSlotStaysAndAmbiguousNamesAreRefused() throws {
        let test = try TestRepository()
        let own = try #require(test.repository.slots.first)
        func remove(_ text: String, _ repository: Repository) throws {
            _ = try repository.removingSlot(
                text, reason: nil, keys: test.keys, ownerFile: test.ownerFile, time: test.time)
        }
        for text in [own.label, "age1nobody", ""] {
            let refusal = #expect(throws: RepositoryError.self) { try remove(text, test.repository) }
            #expect(refusal?.code == .invalidArgument)
        }
        var repository = test.repository
        for word in ["one", "two"] {
            let passphrase = try SecretBytes(copying: Array(word.utf8))
            repository = try repository.addingSlot(
                for: .passphrase(passphrase, label: "passphrase", workFactor: 17), keys: test.keys,
                ownerFile: test.ownerFile, time: test.time
            ).repository
        }
        let several = #expect(throws: RepositoryError.self) { try remove("passphrase", repository) }
        #expect(several?.message.contains("2 slots") == true)
        try remove(String(repository.slots[1].file.hex.prefix(12)), repository)
        #expect(try test.reopened().repository.slots.count == 2)
    }

    /// Every storage put of a removal fails once, before it takes effect or after; doing it again finishes it.
    @Test func aRemovalThatIsInterruptedAnywhereIsFinishedByDoingItAgain() throws {
        for isStored in [false, true] {
            var number = 1
            while true {
                let leaving = try #require(try AgeIdentity.generate().recipient?.text)
                let test = try TestRepository(readers: [.recipient(leaving)])
                let old = try test.backUp([someBytes(3000, seed: 1)])
                let storage = FailingStorage(test.storage, atPut: number, isStored: isStored)
                func remove(_ storage: any Storage) throws {
                    let repository = try Repository(opening: storage, pinned: test.repository.id)
                    let keys = try repository.unlock(try Identity.parse(test.identityFile))
                    _ = try repository.removingSlot(
                        leaving, reason: nil, keys: keys, ownerFile: test.ownerFile, time: test.time)
                }
                let wasInterrupted: Bool
                do {
                    try remove(storage)
                    wasInterrupted = false
                } catch let error as RepositoryError {
                    #expect(error.code == .storageFailed)
                    wasInterrupted = true
                }
                // Interrupted or not, everybody who may can go on.
                let (between, keys) = try test.reopened()
                #expect(!between.unlockFails(test.writerFile))
                _ = try test.backUp([someBytes(2000, seed: 5)], keys: keys)
                try remove(test.storage)
                let (repository, reader) = try test.reopened()
                #expect(try repository.config.newest.number == 2)
                #expect(repository.config.rotationReasons.isEmpty)
                #expect(repository.slots.count == 1)
                #expect(try contents(old, repository, reader) == [someBytes(3000, seed: 1)])
                guard wasInterrupted else { break }
                number += 1
            }
            // The removal, the writer secret, a slot, the host's file, the epoch.
            #expect(number == 6)
        }
    }

    @Test func aCompromisedEpochIsMarkedWithThoseWhoseKeysItHolds() throws {
        let test = try TestRepository()
        try test.backUp([someBytes(3000, seed: 1)])
        let (repository, keys) = try rotated(test)
        let (after, epochs) = try repository.compromising(
            epoch: nil, reason: "laptop stolen", keys: keys, ownerFile: test.ownerFile, time: test.time)
        #expect(epochs == [1, 2])
        #expect(after.config.epochs.map { after.config.state(of: $0) } == [.compromised, .compromised, .active])
        let again = try after.compromising(
            epoch: 2, reason: "laptop stolen", keys: try test.reopened().keys, ownerFile: test.ownerFile,
            time: test.time)
        #expect(again.repository.config.head == after.config.head)
        let volume = SealedVolume(sealedTo: Set(epochs), in: after, ledger: try Ledger(reading: after))
        #expect(volume.packs == test.storage.names(in: .packs).count && volume.bytes > 0 && volume.packsUnread == 0)
    }

    @Test func theCryptoperiodEndsWhenItIsOver() throws {
        let test = try TestRepository()
        let began = try #require(test.repository.config.epochs.first?.beganNanoseconds)
        func status(_ period: Int64, _ now: Int64) throws -> KeyStatus {
            try KeyStatus(of: test.repository, cryptoperiodNanoseconds: period, now: now)
        }
        #expect(try !status(100, began + 100).isPast)
        #expect(try status(100, began + 101).isPast)
        #expect(try !status(.max, began + 101).isPast)
        // An epoch of tomorrow: one of the clocks is wrong, and nothing is known.
        #expect(try status(100, began - 1).isPast)
        let rotated = try rotated(test).repository
        let both = try KeyStatus(of: rotated, cryptoperiodNanoseconds: 100, now: began)
        #expect(both.epochs.map(\.state) == [.deactivated, .active])
        #expect(both.epochs[0].endedNanoseconds == both.epochs[1].beganNanoseconds)
    }
}

extension Repository {
    fileprivate func unlockFails(_ file: SecretBytes) -> Bool {
        (try? unlock(try Identity.parse(file))) == nil
    }
}
