import DRRepository
import DRSystem
import SystemPackage
import Testing

@Suite struct FileCacheTests {
    let repository = MemoryRepository()
    let tree: TemporaryTree
    let state: TemporaryTree

    init() throws {
        tree = try TemporaryTree()
        state = try TemporaryTree()
        try tree.write("one", to: "a")
        try tree.write("two", to: "b/c")
        try tree.write("three", to: "b.d")
    }

    var path: FilePath { state.path.appending("cache") }

    func cache(_ naming: any ObjectNaming, scope: String = "dataset") -> FileCache {
        FileCache(at: path, naming: naming, chunker: .standard, scope: Array(scope.utf8))
    }

    /// Captures and saves the cache.
    @discardableResult
    func capture(
        into repository: MemoryRepository? = nil, at time: FixedTime = .farFuture, scope: String = "dataset"
    ) throws -> CaptureProgress {
        let repository = repository ?? self.repository
        let result = try Capture(into: repository).run(
            CaptureRequest(sources: [tree.path], cache: cache(repository.naming, scope: scope), time: time))
        try result.cache?.save()
        return result.counts
    }

    @Test("What has not changed is not read again, and the tree is the same")
    func unchanged() throws {
        #expect(try capture().filesRead == 3)
        let again = try capture()
        #expect(again.filesRead == 0)
        #expect(again.filesUnchanged == 3)
        #expect(again.bytesUnchanged == 11)
        // The cache that this capture wrote is as good as the first one.
        #expect(try capture().filesUnchanged == 3)
    }

    @Test("A file that changed, one that is new, and one that took another's place are read")
    func changed() throws {
        try capture()
        try tree.write("ONE", to: "a")
        try tree.write("new", to: "b/a")
        let again = try capture()
        #expect(again.filesRead == 2)
        #expect(again.filesUnchanged == 2)
    }

    @Test("An edit that leaves size and time of modification as they were is read")
    func hiddenEdit() throws {
        let name = try #require(FileName("a"))
        let time = FileTime(seconds: 1_000_000_000, nanoseconds: 1)
        try tree.handle().setModified(of: name, time)
        try capture()
        let file = try tree.handle().openFileForWriting(name)
        try file.write(Array("ONE".utf8), at: 0)
        try tree.handle().setModified(of: name, time)
        #expect(try tree.handle().status(of: name).modified == time)
        #expect(try capture().filesRead == 1)
    }

    @Test("A file that changed in the tick in which the walk began is never trusted")
    func sameTick() throws {
        let changed = try tree.handle().status(of: try #require(FileName("a"))).changed
        let moment = changed.seconds * 1_000_000_000 + Int64(changed.nanoseconds)
        for (later, trusted) in [(0, 0), (5_000_000, 0), (10_000_000_000, 3), (-10_000_000_000, 0)] {
            let repository = MemoryRepository(key: "\(later)")
            let time = FixedTime(nanoseconds: moment + Int64(later))
            try capture(into: repository, at: time)
            #expect(try capture(into: repository, at: time).filesUnchanged == trusted, "\(later) ns later")
        }
    }

    @Test("A piece that is no longer stored makes its file be read")
    func lostPiece() throws {
        try capture()
        repository.lose(repository.naming.chunkID(of: Array("two".utf8)))
        let again = try capture()
        #expect(again.filesRead == 1)
        #expect(again.filesUnchanged == 2)
        #expect(repository.contains(repository.naming.chunkID(of: Array("two".utf8))))
    }

    @Test("A cache of another domain, of another scope, cut, or with any byte changed is none")
    func foreign() throws {
        try capture()
        let whole = try state.read("cache")
        #expect(try capture(scope: "other").filesUnchanged == 0)
        try state.write(whole, to: "cache")
        #expect(try capture(into: MemoryRepository(key: "another")).filesUnchanged == 0)
        for index in stride(from: 0, to: whole.count, by: 7) {
            var bytes = whole
            bytes[index] ^= 1
            try state.write(bytes, to: "cache")
            #expect(try capture().filesUnchanged == 0, "byte \(index)")
        }
        for count in [0, 1, 50, whole.count - 1] {
            try state.write(Array(whole.prefix(count)), to: "cache")
            #expect(try capture().filesUnchanged == 0, "cut to \(count)")
        }
        try state.write(whole, to: "cache")
        #expect(try capture().filesUnchanged == 3)
    }

    /// Files with long names, whose entries take about 160 KiB.
    private func makeSeveralPages() throws -> Int {
        let padding = String(repeating: "x", count: 200)
        for number in 0..<600 { try tree.write("\(number)", to: "many/\(number)\(padding)") }
        return 600
    }

    @Test("Of a cache of several pages what lies before a wrong one counts, and nothing behind it")
    func pages() throws {
        let files = try makeSeveralPages()
        try capture()
        let whole = try state.read("cache")
        #expect(whole.count > 128 << 10)
        for (name, bytes) in [
            ("changed near the end", whole.enumerated().map { $0 == whole.count - 40 ? $1 ^ 1 : $1 }),
            ("changed in the middle", whole.enumerated().map { $0 == whole.count / 2 ? $1 ^ 1 : $1 }),
            ("cut", Array(whole.dropLast())),
        ] {
            try state.write(bytes, to: "cache")
            let trusted = try capture().filesUnchanged
            #expect(trusted > 100 && trusted < files, "\(name): \(trusted)")
        }
        #expect(try capture().filesUnchanged == files + 3)
    }

    @Test("A page that is in another's place is none")
    func swappedPages() throws {
        _ = try makeSeveralPages()
        try capture()
        let whole = try state.read("cache")
        // The head ends with its tag; a page is its length, that much, and a tag.
        let head = 19 + 32 + 16
        let first = head + 1 + Int(whole[head]) + 32
        func length(_ start: Int) -> Int { whole[start..<start + 4].reduce(0) { $0 << 8 | Int($1) } + 36 }
        let second = first + length(first)
        let third = second + length(second)
        let swapped = whole[..<first] + whole[second..<third] + whole[first..<second] + whole[third...]
        try state.write(Array(swapped), to: "cache")
        #expect(try capture().filesUnchanged == 0)
        try state.write(Array(whole[..<first] + whole[second...]), to: "cache")
        #expect(try capture().filesUnchanged == 0)
    }

    @Test("What is not saved leaves the last cache as it is, and nothing beside it; what a kill left is removed")
    func unsaved() throws {
        try capture()
        let last = try state.read("cache")
        try state.write("killed", to: ".cache.1f.tmp")
        _ = try Capture(into: repository).run(
            CaptureRequest(sources: [tree.path], cache: cache(repository.naming), time: FixedTime.farFuture))
        #expect(try state.read("cache") == last)
        #expect(try DurableFile.list(state.path) == ["cache"])
    }
}

/// A clock whose readings a test chooses.
struct ChosenTime: TimeSource {
    var wall: Int64
    var boot: Int64
    var bootID = "one"
    func wallNanoseconds() -> Int64 { wall }
    func bootNanoseconds() -> Int64 { boot }
}

extension FileCacheTests {
    private static let second: Int64 = 1_000_000_000
    private static let day = 86_400 * second
    /// Long after the files were made.
    private static let start = FixedTime.farFuture.nanoseconds

    /// What a second capture trusts, whose clocks moved on by so much.
    private func trusted(
        wall: Int64, boot: Int64, bootID: String = "one", mostTrust: Int64 = FileCache.defaultTrustNanoseconds
    ) throws -> Int {
        func capture(_ time: ChosenTime) throws -> Int {
            let cache = FileCache(
                at: path, naming: repository.naming, chunker: .standard, scope: [], mostTrustNanoseconds: mostTrust)
            let result = try Capture(into: repository).run(
                CaptureRequest(sources: [tree.path], cache: cache, time: time))
            try result.cache?.save()
            return result.counts.filesUnchanged
        }
        #expect(try capture(ChosenTime(wall: Self.start, boot: 0)) == 0)
        return try capture(ChosenTime(wall: Self.start + wall, boot: boot, bootID: bootID))
    }

    @Test(
        "Behind a clock that was set back nothing is trusted: a change may have the time that it had",
        arguments: [
            // Both clocks go on; the wall clock a little slower, as when it is slewed.
            (3600 * second, 3600 * second, "one", 3), (3597 * second, 3600 * second, "one", 3),
            // Set forward, and set back by more than slewing does, though it is later than it was.
            (7200 * second, 3600 * second, "one", 3), (3500 * second, 3600 * second, "one", 0),
            // Set back behind the last capture.
            (-second, 3600 * second, "one", 0), (-second, 0, "two", 0),
            // After a restart.
            (3600 * second, 10 * second, "two", 3),
            // A machine's own clock that went back is none.
            (3600 * second, -second, "one", 0),
        ])
    func clockSetBack(wall: Int64, boot: Int64, bootID: String, expected: Int) throws {
        #expect(try trusted(wall: wall, boot: boot, bootID: bootID) == expected)
    }

    @Test("What was last read too long ago is read again")
    func mostTrust() throws {
        #expect(try trusted(wall: 9 * Self.day, boot: 9 * Self.day, mostTrust: 10 * Self.day) == 3)
        #expect(try trusted(wall: 11 * Self.day, boot: 11 * Self.day, mostTrust: 10 * Self.day) == 0)
    }

    @Test("An age is counted from the first reading, not from the last capture that trusted it")
    func trustGrowsOld() throws {
        var unchanged: [Int] = []
        for step in 0..<6 {
            let time = ChosenTime(wall: Self.start + Int64(step) * 4 * Self.day, boot: Int64(step) * 4 * Self.day)
            let cache = FileCache(
                at: path, naming: repository.naming, chunker: .standard, scope: [],
                mostTrustNanoseconds: 10 * Self.day)
            let result = try Capture(into: repository).run(
                CaptureRequest(sources: [tree.path], cache: cache, time: time))
            try result.cache?.save()
            unchanged.append(result.counts.filesUnchanged)
        }
        #expect(unchanged == [0, 3, 3, 0, 3, 3])
    }

    @Test("A file that got the inode, size and times of one that is gone is read")
    func inodeReuse() throws {
        let name = try #require(FileName("a"))
        let time = FileTime(seconds: 1_000_000_000, nanoseconds: 1)
        try tree.handle().setModified(of: name, time)
        let before = try tree.handle().status(of: name)
        try capture()
        var after = before
        // File systems give a freed inode's number out again soon; on one that does not, another number is read anyway.
        for _ in 0..<64 {
            try tree.handle().removeFile(name)
            try tree.write("ONE", to: "a")
            try tree.handle().setModified(of: name, time)
            after = try tree.handle().status(of: name)
            if after.inode == before.inode { break }
        }
        #expect(after.sizeBytes == before.sizeBytes && after.modified == before.modified)
        #expect(try capture().filesRead == 1)
        #expect(repository.contains(repository.naming.chunkID(of: Array("ONE".utf8))))
    }
}
