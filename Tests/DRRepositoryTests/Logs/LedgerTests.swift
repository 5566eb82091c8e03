import DRCrypto
import Foundation
import Testing

@testable import DRRepository

/// What the logs show, and who is believed.
@Suite struct LedgerTests {
    private func fixture() throws -> TestRepository {
        let test = try TestRepository()
        for seed in 1...3 { try test.backUp([someBytes(100, seed: UInt64(seed))]) }
        return test
    }

    private func ledger(_ test: TestRepository, _ storage: MemoryStorage) throws -> Ledger {
        try Ledger(reading: try Repository(opening: storage, pinned: test.repository.id))
    }

    @Test func aWholeLogHasNoFaults() throws {
        let test = try fixture()
        let ledger = try ledger(test, test.storage)
        #expect(ledger.faults.isEmpty)
        #expect(ledger.snapshots.count == 3)
        #expect(ledger.heads.map(\.counter) == [3])
    }

    @Test(arguments: [0, 1])
    func aGapIsNotAuthenticAndTheRestIsStillRead(removed: Int) throws {
        let test = try fixture()
        let copy = test.storage.copy()
        copy[test.storage.names(in: .logs)[removed]] = nil
        let ledger = try ledger(test, copy)
        #expect(ledger.faults.map(\.code) == [.notAuthentic])
        #expect(ledger.snapshots.count == 2)
    }

    @Test func swappedEntriesAreNotAuthentic() throws {
        let test = try fixture()
        let names = test.storage.names(in: .logs)
        let copy = test.storage.copy()
        copy[names[0]] = test.storage[names[1]]
        copy[names[1]] = test.storage[names[0]]
        let codes = Set(try ledger(test, copy).faults.map(\.code))
        #expect(codes == [.notAuthentic])
    }

    @Test func aCutEndShowsByWhatAnotherSignerSaw() throws {
        let test = try fixture()
        let (repository, keys) = try test.reopened()
        let enrolled = try repository.addingHost(
            "beta", keys: keys, ownerFile: test.ownerFile, time: test.time, keep: { _ in })
        let alpha = test.storage.names(in: .logs)
        let beta = try enrolled.repository.unlock(try Identity.parse(enrolled.writerFile))
        try test.backUp([someBytes(50, seed: 9)], keys: beta)
        #expect(try ledger(test, test.storage).faults.isEmpty)
        let copy = test.storage.copy()
        copy[try #require(alpha.last)] = nil
        #expect(try ledger(test, copy).faults.map(\.code) == [.rolledBack])
    }

    @Test func aLogOfNobodyEnrolledIsNotBelieved() throws {
        let test = try fixture()
        let stranger = SignerID(Digest.of("stranger"))
        let copy = test.storage.copy()
        copy["logs/\(stranger)/000000000001"] = test.storage[test.storage.names(in: .logs)[0]]
        let ledger = try ledger(test, copy)
        #expect(ledger.faults.map(\.code) == [.notAuthentic])
        #expect(ledger.snapshots.count == 3)
    }

    /// Another enrolled host signs an index of its own and puts it where this signer's log points.
    @Test func anIndexOrSnapshotOfAnotherSignerIsRefused() throws {
        let test = try fixture()
        let other = try NewRepository.newSigningKey()
        let repository = try Repository(opening: test.storage, pinned: test.repository.id)
        let context = RunContext(
            repository: repository.id, domain: "default", epoch: 1, run: try RunID(),
            host: SignerID(of: other.publicKey))
        let bytes = try IndexObject.seal([], context: context, listKey: test.keys.listKey, signedBy: other)
        let error = #expect(throws: RepositoryError.self) {
            try IndexObject.open(
                bytes, name: Digest.of(bytes), repository: repository.id, listKey: test.keys.listKey,
                trusting: repository.keys(having: [.writer]))
        }
        #expect(error?.code == .notAuthentic)
        let name = try #require(repository.storage.list(StorageFolder.snapshots.path).first?.name)
        let snapshot = try #require(test.storage["snapshots/\(name)"])
        let refused = #expect(throws: RepositoryError.self) {
            try SnapshotObject.open(
                snapshot, name: Digest.of(snapshot), repository: repository.id, listKey: test.keys.listKey,
                trusting: [other.publicKey])
        }
        #expect(refused?.code == .notAuthentic)
    }

    @Test func twoRunsOfOneHostAtOnceBothEndInItsLog() throws {
        let test = try TestRepository()
        let repository = try Repository(opening: test.storage, pinned: test.repository.id)
        let sessions = try (0..<2).map { _ in try WriteSession(repository, keys: test.keys, time: test.time) }
        for (number, session) in sessions.enumerated() {
            let body = Array("run \(number)".utf8)
            let name = session.sink.naming.name(.treeRoot, body: body, links: [])
            try session.sink.put(NewObject(.treeRoot, name: name, body: body, links: []))
            _ = try session.publish(
                SnapshotManifest(
                    dataset: "data", host: "alpha", paths: [], tag: nil, root: ObjectLink(.treeRoot, name.id),
                    startedNanoseconds: 0, endedNanoseconds: 0, parent: nil, isPartial: false,
                    counts: SnapshotManifest.Counts()))
        }
        let ledger = try ledger(test, test.storage)
        #expect(ledger.faults.isEmpty)
        #expect(ledger.snapshots.count == 2)
    }

    @Test func aCheckpointKeepsWhatWasStoredForARerun() throws {
        let test = try TestRepository()
        let repository = try Repository(opening: test.storage, pinned: test.repository.id)
        let body = someBytes(5000, seed: 4)
        let first = try WriteSession(repository, keys: test.keys, time: test.time)
        let id = first.sink.naming.chunkID(of: body.span)
        try first.sink.put(NewObject(chunk: body, id: id))
        try first.checkpoint()
        let second = try WriteSession(repository, keys: test.keys, time: test.time)
        #expect(second.sink.contains(id))
        #expect(try !second.sink.put(NewObject(chunk: body, id: id)))
        second.cancel()
    }

    /// A long run says as it goes what it has stored, so that a crash costs no more than the last few packs.
    @Test func aLongRunIsLoggedAsItGoes() throws {
        let test = try TestRepository()
        let repository = try Repository(opening: test.storage, pinned: test.repository.id)
        let session = try WriteSession(
            repository, keys: test.keys, targetObjectBytes: 4096, packsPerCheckpoint: 2, time: test.time)
        for _ in 0..<40 {
            let body = try randomBytes(2000)
            try session.sink.put(NewObject(chunk: body, id: session.sink.naming.chunkID(of: body.span)))
        }
        try session.sink.finish()
        // As a crash leaves it: the session is never ended.
        let found = try ledger(test, test.storage)
        #expect(found.faults.isEmpty)
        #expect(found.logs.flatMap(\.entries).allSatisfy { $0.packsAdded.count == 2 && $0.indexesAdded.count == 1 })
        #expect(test.storage.names(in: .packs).count - found.packs.count < 2)
        let second = try test.backUp([someBytes(10, seed: 1)])
        #expect(try ledger(test, test.storage).snapshots.map(\.name) == [second.id])
    }

    @Test func whatWasStoredBeforeTheDiskWasFullIsKeptForARerun() throws {
        let test = try TestRepository()
        let repository = try Repository(opening: test.storage, pinned: test.repository.id)
        let session = try WriteSession(repository, keys: test.keys, targetObjectBytes: 4096, time: test.time)
        for _ in 0..<40 {
            let body = try randomBytes(2000)
            try session.sink.put(NewObject(chunk: body, id: session.sink.naming.chunkID(of: body.span)))
        }
        while session.sink.storedBytes == 0 { Thread.sleep(forTimeInterval: 0.001) }
        test.storage.failPuts(in: .packs)
        let error = #expect(throws: RepositoryError.self) {
            while true {
                let body = try randomBytes(2000)
                try session.sink.put(NewObject(chunk: body, id: session.sink.naming.chunkID(of: body.span)))
            }
        }
        #expect(error?.code == .noSpace)
        session.cancel()
        let found = try ledger(test, test.storage)
        #expect(found.faults.isEmpty)
        #expect(!found.packs.isEmpty)
        let stored = Set(test.storage.names(in: .packs).map { $0.dropFirst(6).description })
        #expect(Set(found.packs.map(\.name.hex)) == stored)
    }

    @Test func latestIsTheNewestCompleteSnapshotAndNeverAGuess() throws {
        let test = try TestRepository()
        let first = try test.backUp([someBytes(10, seed: 1)], dataset: "a")
        try test.backUp([someBytes(10, seed: 2)], dataset: "a", isPartial: true)
        func catalog() throws -> SnapshotCatalog {
            let repository = try Repository(opening: test.storage, pinned: test.repository.id)
            return repository.snapshots(test.keys, ledger: try Ledger(reading: repository))
        }
        #expect(try catalog().latest(nil).id == first.id)
        #expect(try catalog().find(String(first.id.hex.prefix(12)), dataset: nil).id == first.id)
        let second = try test.backUp([someBytes(10, seed: 3)], dataset: "b")
        let error = #expect(throws: RepositoryError.self) { try catalog().latest(nil) }
        #expect(error?.code == .ambiguousSnapshot)
        #expect(error?.message.contains("a, b") == true)
        #expect(try catalog().latest("b").id == second.id)
        #expect(#expect(throws: RepositoryError.self) { try catalog().latest("c") }?.code == .noSuchSnapshot)
    }

    /// Whoever takes the newest snapshot away, or its log entry, must not get an older one restored in its place.
    @Test(arguments: [StorageFolder.snapshots, .logs])
    func latestIsNotEstablishedWhereSnapshotsMayBeMissing(from folder: StorageFolder) throws {
        let test = try TestRepository()
        let first = try test.backUp([someBytes(10, seed: 1)])
        let before = Set(test.storage.names)
        let second = try test.backUp([someBytes(10, seed: 2)])
        try test.backUp([someBytes(10, seed: 3)])
        let entry = try #require(test.storage.names(in: .logs).first { !before.contains($0) })
        test.storage[folder == .snapshots ? StoragePath.snapshot(second.id).text : entry] = nil
        let (repository, keys) = try test.reopened()
        let catalog = repository.snapshots(keys, ledger: try Ledger(reading: repository))
        #expect(catalog.faults.count == 1)
        for wanted in ["latest", second.id.hex] {
            let error = #expect(throws: RepositoryError.self) { try catalog.find(wanted, dataset: "data") }
            let fault = try #require(error)
            #expect(RepositoryCondition(fault) == .notAuthentic, "\(wanted)")
        }
        #expect(try catalog.find(first.id.hex, dataset: nil).id == first.id)
    }
}
