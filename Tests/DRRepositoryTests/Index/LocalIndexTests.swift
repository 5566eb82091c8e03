import DRCrypto
import DRSystem
import SystemPackage
import Testing

@testable import DRRepository

@Suite struct LocalIndexTests {
    let folder: TemporaryTree

    init() throws { folder = try TemporaryTree() }

    func place(seed: UInt8 = 1, binding: String = "binding") -> SortedIndexPlace {
        SortedIndexPlace(
            path: folder.path.appending("objects.index"), seed: [UInt8](repeating: seed, count: 32),
            binding: Digest.of(binding))
    }

    /// Packs with objects of ids that are spread evenly; every tenth lies in the next pack too.
    static func packs(_ count: Int, objects: Int, from first: Int = 0) -> [IndexedPack] {
        (first..<first + count).map { number in
            let host = SignerID(Digest.of("host \(number % 3)"))
            let ids = (0..<objects).map { "object \(number) \($0)" } + (number == 0 ? [] : ["object \(number - 1) 0"])
            return IndexedPack(
                name: Digest.of("pack \(number)"), sizeBytes: 1 << 20, host: host,
                objects: ids.enumerated().map { index, id in
                    IndexedPack.Object(
                        link: ObjectLink(.chunk, ObjectID(Digest.of(id))), storedBytes: UInt32(100 + index),
                        plaintextBytes: 200)
                })
        }
    }

    func build(_ packs: [IndexedPack], runRecords: Int = 100, _ place: SortedIndexPlace? = nil) throws -> SortedIndex {
        let place = place ?? self.place()
        let builder = SortedIndexBuilder(place, runRecords: runRecords)
        for pack in packs { try builder.add(pack) }
        try builder.finish(covered: [Digest.of("an index object")])
        return try #require(SortedIndex(place))
    }

    /// Where the ids of these packs lie, by both.
    func compare(_ places: ObjectPlaces, _ expected: [IndexedPack]) throws {
        var index = ObjectIndex()
        for pack in expected { index.add(pack) }
        for pack in expected {
            for object in pack.objects {
                let wanted = index.locations(of: object.link.id)
                #expect(try places.locations(of: object.link.id) == wanted)
                #expect(try places.location(of: object.link.id) == wanted.first)
                let number = try #require(places.packNumber(of: object.link.id))
                #expect(try places.pack(number: number) == wanted.first?.pack)
            }
        }
    }

    @Test(
        "A file says the same as the index in memory, whatever fits into memory at once",
        arguments: [1, 7, 100, 10_000])
    func agrees(runRecords: Int) throws {
        let packs = Self.packs(runRecords == 1 ? 3 : 40, objects: 25)
        let index = try build(packs, runRecords: runRecords)
        #expect(index.objectCount == packs.reduce(0) { $0 + $1.objects.count })
        #expect(try index.covered() == [Digest.of("an index object")])
        try compare(ObjectPlaces(base: index), packs)
        for number in 0..<500 {
            #expect(ObjectPlaces(base: index).packNumber(of: ObjectID(Digest.of("absent \(number)"))) == nil)
        }
        #expect(try index.pack(1).host == packs[1].host)
        #expect(try DurableFile.list(folder.path) == ["objects.index"])
    }

    @Test("What came since is in memory, and what is gone is not found")
    func recentAndGone() throws {
        let old = Self.packs(10, objects: 20)
        let new = Self.packs(5, objects: 20, from: 10)
        let index = try build(old)
        var recent = ObjectIndex()
        for pack in new { recent.add(pack) }
        try compare(ObjectPlaces(base: index, recent: recent), old + new)
        try compare(ObjectPlaces(base: index, gone: [0, 1, 2], recent: recent), Array(old.dropFirst(3)) + new)
        let lost = ObjectID(Digest.of("object 1 5"))
        #expect(try ObjectPlaces(base: index, gone: [1], recent: recent).location(of: lost) == nil)
    }

    @Test("A file is brought up to date from the one before, without the packs that are gone")
    func grows() throws {
        let old = Self.packs(30, objects: 20)
        let new = Self.packs(9, objects: 20, from: 30)
        let earlier = try build(old)
        let builder = SortedIndexBuilder(place(), runRecords: 64)
        let gone = Set(old[..<7].map(\.name))
        try builder.add(earlier) { gone.contains($0) }
        for pack in new { try builder.add(pack) }
        try builder.finish(covered: [])
        let index = try #require(SortedIndex(place()))
        #expect(index.packCount == 32)
        try compare(ObjectPlaces(base: index), Array(old.dropFirst(7)) + new)
    }

    @Test("A file of other keys, of another binding, or cut, is none")
    func foreign() throws {
        _ = try build(Self.packs(5, objects: 20))
        #expect(SortedIndex(place()) != nil)
        #expect(SortedIndex(place(seed: 2)) == nil)
        #expect(SortedIndex(place(binding: "another")) == nil)
        let bytes = try DurableFile.read(at: place().path, limit: 1 << 20)
        for cut in [0, 1, bytes.count / 2, bytes.count - IndexPage.byteCount, bytes.count - 1] {
            try DurableFile.replace(at: place().path, with: Array(bytes[..<cut]))
            #expect(SortedIndex(place()) == nil, "\(cut) bytes")
        }
    }

    @Test("No page that was changed, and none that is another's, says anything")
    func pagesAreChecked() throws {
        let packs = Self.packs(20, objects: 30)
        let index = try build(packs)
        let pageCount = index.layout.pageCount
        let bytes = try DurableFile.read(at: place().path, limit: 1 << 20)
        var wrong = 0
        var unknown = 0
        func ask(_ changed: [UInt8]) throws {
            try DurableFile.replace(at: place().path, with: changed)
            guard let index = SortedIndex(place()) else { return unknown += 1 }
            for pack in packs {
                for object in pack.objects {
                    do throws(RepositoryError) {
                        let found = try ObjectPlaces(base: index).locations(of: object.link.id)
                        if !found.contains(where: { $0.pack == pack.name }) { wrong += 1 }
                    } catch {
                        #expect(error.code == .damaged)
                        unknown += 1
                    }
                }
            }
        }
        for page in 0..<pageCount {
            for bit in [0, 7, 12_345, IndexPage.byteCount * 8 - 1] {
                var changed = bytes
                changed[page * IndexPage.byteCount + bit / 8] ^= 1 << UInt8(bit % 8)
                let before = unknown
                try ask(changed)
                // A page of hosts or of covered names is not asked for by every question.
                if page < index.layout.places.pageCount { #expect(unknown > before, "page \(page), bit \(bit)") }
            }
        }
        for (one, other) in [(0, 1), (0, pageCount - 2)] {
            var changed = bytes
            let size = IndexPage.byteCount
            changed.replaceSubrange(one * size..<(one + 1) * size, with: bytes[other * size..<(other + 1) * size])
            try ask(changed)
        }
        #expect(wrong == 0)
        #expect(unknown > 0)
    }
}

/// The file in the work of writers and readers.
@Suite struct LocalIndexUseTests {
    let test: TestRepository
    let folder: TemporaryTree

    init() throws {
        test = try TestRepository()
        folder = try TemporaryTree()
    }

    var local: LocalIndex { LocalIndex(in: folder.path.appending("below"), fewObjects: 200) }

    /// Asks as a writer does, which objects are known.
    func places(_ scope: ObjectIndex.Scope = .everybody, local: LocalIndex? = nil) throws -> ObjectPlaces {
        let (repository, keys) = try test.reopened()
        let loaded = ObjectPlaces.load(
            repository, ledger: try Ledger(reading: repository), listKey: keys.listKey, idKey: try keys.idKey,
            scope: scope, local: local)
        #expect(loaded.faults.isEmpty)
        return loaded.places
    }

    func ids(_ contents: [[UInt8]]) throws -> [ObjectID] {
        let idKey = try test.keys.idKey
        return contents.map { idKey.chunkID(of: $0.span) }
    }

    @Test("It is made when there is much, and then only what is new is read")
    func isMadeAndKept() throws {
        let first = (0..<100).map { someBytes(300, seed: UInt64($0)) }
        let second = (200..<202).map { someBytes(300, seed: UInt64($0)) }
        try test.backUp(first)
        #expect(try places(local: local).usesFile)
        let path = folder.path.appending("below/objects.index")
        let made = try #require(try FileStatus.ifPresent(at: path))
        try test.backUp(second)
        let now = try places(local: local)
        #expect(now.usesFile)
        #expect(try FileStatus.ifPresent(at: path)?.inode == made.inode)
        for id in try ids(first + second) { #expect(try now.location(of: id) != nil) }
        #expect(now.objectCount == (try places().objectCount))
    }

    @Test("Many small backups are a reason for it too: each index object costs a signature")
    func isMadeOfMany() throws {
        let contents = (0..<3).map { [someBytes(300, seed: UInt64($0))] }
        for content in contents.dropLast() { try test.backUp(content) }
        let local = LocalIndex(in: folder.path, fewObjects: 350)
        #expect(try !places(local: local).usesFile)
        try test.backUp(contents[2])
        let places = try places(local: local)
        #expect(places.usesFile)
        for id in try ids(contents.flatMap(\.self)) { #expect(try places.location(of: id) != nil) }
    }

    @Test("Whatever happens to it, the answers are those of the repository", arguments: 0..<6)
    func heals(damage: Int) throws {
        let contents = (0..<100).map { someBytes(300, seed: UInt64($0)) }
        try test.backUp(contents)
        _ = try places(local: local)
        let path = folder.path.appending("below/objects.index")
        let bytes = try DurableFile.read(at: path, limit: 1 << 20)
        switch damage {
        case 0: try DurableFile.remove(path)
        case 1: try DurableFile.replace(at: path, with: [])
        case 2: try DurableFile.replace(at: path, with: Array(bytes.dropLast()))
        case 3: try DurableFile.replace(at: path, with: bytes + bytes)
        case 4: try DurableFile.replace(at: path, with: [UInt8](repeating: 0, count: bytes.count))
        default:
            // The first page, which opening does not read: whoever meets it takes the file away.
            var changed = bytes
            changed[5] ^= 1
            try DurableFile.replace(at: path, with: changed)
            let broken = try places(local: local)
            #expect(throws: RepositoryError.self) { try broken.location(of: try ids(contents)[0]) }
        }
        let healed = try places(local: local)
        #expect(healed.usesFile)
        for id in try ids(contents) { #expect(try healed.location(of: id) == places().location(of: id)) }
    }

    @Test("Where no file can be written, memory does")
    func withoutRoom() throws {
        try test.backUp((0..<100).map { someBytes(300, seed: UInt64($0)) })
        try folder.write("in the way", to: "below")
        let now = try places(local: local)
        #expect(!now.usesFile)
        #expect(now.objectCount == (try places().objectCount))
    }
}
