import DRCrypto
import DRSystem
import Testing

@testable import DRRepository

@Suite struct ReindexingTests {
    let fixture: PruneFixture
    let contents = (0..<12).map { someBytes(60_000, seed: UInt64($0)) }

    init() throws {
        fixture = try PruneFixture()
        try fixture.test.backUp(Array(contents[..<6]))
        try fixture.test.backUp(contents)
    }

    private var storage: MemoryStorage { fixture.storage }

    private func indexes() throws -> [StoragePath] {
        try storage.list(StorageFolder.indexes.path).compactMap { Digest(hex: $0.name).map { .index($0) } }
    }

    private func reindex(isTrial: Bool = false) throws -> ReindexResult {
        let repository = try Repository(opening: storage, pinned: fixture.test.repository.id)
        return try repository.reindex(
            keys: try repository.unlock(fixture.prunerIdentity), isTrial: isTrial, time: fixture.test.time)
    }

    private func levels() throws -> [Bool] {
        let (repository, keys) = try fixture.test.reopened()
        return [VerificationLevel.structure, .stored, .content].map {
            repository.verify(VerificationRequest(level: $0, keys: keys)).findings.isEmpty
        }
    }

    @Test func whatIsWholeIsLeftAlone() throws {
        let before = storage.names
        let result = try reindex()
        #expect(result.lost.isEmpty && result.packs == 0 && result.problems.isEmpty)
        #expect(storage.names == before)
    }

    @Test("Lost, cut, changed: the packs say again what an index said", arguments: ["lost", "cut", "changed", "one"])
    func isMadeAgain(damage: String) throws {
        let all = try indexes()
        #expect(all.count == 2)
        for path in damage == "one" ? Array(all.prefix(1)) : all {
            let bytes = try #require(try storage.readAll(path, limitBytes: 1 << 24))
            try storage.remove(path)
            switch damage {
            case "cut": try storage.put(Array(bytes.dropLast()), at: path)
            case "changed": try storage.put(bytes.dropLast() + [bytes[bytes.count - 1] ^ 1], at: path)
            default: break
            }
        }
        #expect(try levels().contains(false))
        let before = storage.names
        let trial = try reindex(isTrial: true)
        #expect(storage.names == before)
        let result = try reindex()
        #expect(trial.packs == result.packs && result.packs > 0)
        #expect(result.lost.count == (damage == "one" ? 1 : 2) && result.problems.isEmpty)
        #expect(try levels() == [true, true, true])
        try fixture.expectWhole()
        // A writer finds what it stored, and stores it once.
        let packs = try storage.list(StorageFolder.packs.path).count
        try fixture.test.backUp(contents)
        #expect(try storage.list(StorageFolder.packs.path).count == packs)
        let again = try reindex()
        #expect(again.lost.isEmpty && again.packs == 0)
        try fixture.prune()
        try fixture.expectWhole()
    }

    @Test func readersNeedNoIndexAtAll() throws {
        let (repository, keys) = try fixture.test.reopened()
        let content = contents[3]
        let chunk = ObjectLink(.chunk, try keys.idKey.chunkID(of: content.span))
        for path in try indexes() { try storage.remove(path) }
        let reader = try repository.reader(keys, ledger: try Ledger(reading: repository))
        #expect(reader.faults.count == 2)
        #expect(try reader.source.read(chunk).body == content)
    }

    @Test func aPackThatIsNotWhatWasLoggedIsNotBelieved() throws {
        for path in try indexes() { try storage.remove(path) }
        let packs = try storage.list(StorageFolder.packs.path).compactMap { Digest(hex: $0.name) }
        let path = StoragePath.pack(packs[0])
        let bytes = try #require(try storage.readAll(path, limitBytes: 1 << 26))
        try storage.remove(path)
        try storage.put([bytes[0] ^ 1] + bytes.dropFirst(), at: path)
        let result = try reindex()
        #expect(result.problems.count == 1)
        #expect(result.packs == packs.count - 1)
        #expect(try levels() == [true, false, false] || levels() == [false, false, false])
    }

    @Test func onlyAPrunerMay() throws {
        let (repository, keys) = try fixture.test.reopened()
        let error = #expect(throws: RepositoryError.self) {
            try repository.reindex(keys: keys, time: fixture.test.time)
        }
        #expect(error?.code == .missingKey)
    }
}
