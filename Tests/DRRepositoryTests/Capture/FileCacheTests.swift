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
}
