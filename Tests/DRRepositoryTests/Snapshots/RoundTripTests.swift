import DRCrypto
import DRRepository
import Testing

@Suite struct RoundTripTests {
    @Test func whatWasBackedUpIsReadBack() throws {
        let test = try TestRepository()
        let contents = [
            someBytes(300_000, seed: 1), someBytes(10, seed: 2), [0], try randomBytes(200_000),
            [UInt8](repeating: 7, count: 90_000),
        ]
        let snapshot = try test.backUp(contents)
        let source = try test.reader()
        let root = try source.read(snapshot.manifest.root)
        #expect(try TreeReader(source: source).root(snapshot.manifest.root).sources.count == 5)
        #expect(root.links.count == contents.count)
        for (link, content) in zip(root.links, contents) {
            #expect(try source.read(link).body == content)
        }
        var together: [ObjectLink: [UInt8]] = [:]
        try source.read(root.links) { link, result throws(RepositoryError) in
            together[link] = try result.get().body
        }
        #expect(root.links.map { together[$0] } == contents)
    }

    @Test func packsHaveTheirDigestAsNameAndAWholeNumberOf64KiB() throws {
        let test = try TestRepository()
        try test.backUp([someBytes(100_000, seed: 3)])
        let packs = test.storage.names(in: .packs)
        #expect(!packs.isEmpty)
        for name in packs {
            let bytes = try #require(test.storage[name])
            #expect(name == "packs/\(Digest.of(bytes).hex)")
            #expect(bytes.count.isMultiple(of: 65536))
        }
    }

    @Test func equalContentIsStoredOnce() throws {
        let test = try TestRepository()
        let contents = [someBytes(500_000, seed: 4), someBytes(500_000, seed: 5)]
        try test.backUp(contents)
        let before = Set(test.storage.names(in: .packs))
        try test.backUp(contents)
        #expect(Set(test.storage.names(in: .packs)) == before)
        #expect(test.storage.names(in: .snapshots).count == 2)
    }

    @Test func manyObjectsFillSeveralPacks() throws {
        let test = try TestRepository()
        let contents = try (0..<30).map { _ in try randomBytes(50_000) }
        let snapshot = try test.backUp(contents)
        let packs = test.storage.names(in: .packs)
        #expect(packs.count >= 5)
        for name in packs { #expect(try #require(test.storage[name]).count <= PackLayout.maximumPackBytes) }
        let source = try test.reader()
        let root = try source.read(snapshot.manifest.root)
        for (link, content) in zip(root.links, contents) { #expect(try source.read(link).body == content) }
    }

    @Test func aWriterBacksUpAndListsAndOpensNoContent() throws {
        let test = try TestRepository()
        let identity = try Identity.parse(test.writerFile)
        #expect(!identity.opensContent)
        let writer = try test.repository.unlock(identity)
        #expect(!writer.opensContent)
        let snapshot = try test.backUp([someBytes(5000, seed: 6)], keys: writer)
        let repository = try Repository(opening: test.storage, pinned: test.repository.id)
        let ledger = try Ledger(reading: repository)
        #expect(try repository.snapshots(writer, ledger: ledger).latest(nil).id == snapshot.id)
        let error = #expect(throws: RepositoryError.self) { try repository.reader(writer, ledger: ledger) }
        #expect(error?.code == .missingKey)
        // A reader opens what the writer stored.
        let source = try test.reader()
        let root = try source.read(snapshot.manifest.root)
        #expect(try source.read(root.links[0]).body == someBytes(5000, seed: 6))
    }
}
