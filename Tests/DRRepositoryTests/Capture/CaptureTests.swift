import DRArchive
import DRRepository
import DRSystem
import SystemPackage
import Testing

@Suite struct CaptureTests {
    let repository = MemoryRepository()
    let tree: TemporaryTree

    init() throws { tree = try TemporaryTree() }

    func capture(_ sources: [FilePath]? = nil, cache: FileCache? = nil) throws -> CaptureResult {
        try Capture(into: repository).run(
            CaptureRequest(sources: sources ?? [tree.path], cache: cache, time: FixedTime.farFuture))
    }

    func entries(_ result: CaptureResult) throws -> [TreeEntry] {
        let reader = TreeReader(source: repository)
        guard case .directory(let link) = try reader.root(result.root).sources[0].content else { return [] }
        return try reader.entries(of: link)
    }

    @Test("A file, an empty one, a folder, an empty one, and a link are captured with their metadata")
    func simpleTree() throws {
        try tree.write("hello", to: "a.txt")
        try tree.write([], to: "empty", permissions: 0o4711)
        try tree.write("deep", to: "folder/inner/file")
        try tree.makeFolder("nothing")
        let link = try #require(FileName("link"))
        try tree.handle().makeSymbolicLink(link, to: Array("a.txt".utf8))
        let result = try capture()
        #expect(result.isComplete)
        #expect(result.counts.filesRead == 3)
        #expect(result.counts.bytesRead == 9)
        #expect(result.counts.directories == 4)
        #expect(result.counts.otherEntries == 1)
        let found = try entries(result)
        #expect(found.map(\.name.description) == ["a.txt", "empty", "folder", "link", "nothing"])
        #expect(found[0].metadata.sizeBytes == 5)
        #expect(found[1].content == .file([]))
        #expect(found[1].metadata.permissions == 0o4711)
        #expect(found[3].metadata.linkTarget == Array("a.txt".utf8))
    }

    @Test("Equal trees have equal ids, whatever their inodes and times of change")
    func equalTrees() throws {
        let times = FileTime(seconds: 1_600_000_000, nanoseconds: 123_456_789)
        for folder in ["one", "two"] {
            try tree.write(noise(700_000), to: folder + "/x")
            try tree.write("y", to: folder + "/y")
            let handle = try tree.handle(folder)
            for name in ["x", "y"] { try handle.setModified(of: try #require(FileName(name)), times) }
            try handle.setModified(times)
        }
        let found = try entries(try capture())
        #expect(found[0].content == found[1].content)
        try tree.write("Y", to: "two/y")
        let changed = try entries(try capture())
        #expect(changed[0].content == found[0].content)
        #expect(changed[1].content != found[1].content)
    }

    @Test("A file that cannot be read is named and counted, and the rest is captured")
    func unreadable() throws {
        try tree.write("fine", to: "fine")
        // A link that loops to itself as a source cannot be opened, as root either.
        let loop = try #require(FileName("loop"))
        try tree.handle().makeSymbolicLink(loop, to: Array("loop".utf8))
        let result = try capture([tree.path.appending("fine"), tree.path.appending("loop")])
        #expect(!result.isComplete)
        #expect(result.counts.problemCount == 1)
        #expect(result.problems.map(\.kind) == [.unreadable])
        #expect(result.problems.first?.path.suffix(5) == Array("/loop".utf8)[...])
        #expect(result.counts.filesRead == 1)
    }

    @Test("A fifo or device that is named as a source is a problem; one in a tree is what it is")
    func sourceWithoutContent() throws {
        try tree.write("fine", to: "fine")
        try tree.handle().makeNode(try #require(FileName("pipe")), kind: .fifo, deviceMajor: 0, deviceMinor: 0)
        let named = try capture([tree.path.appending("fine"), tree.path.appending("pipe"), "/dev/null"])
        #expect(named.problems.map(\.kind) == [.noContent, .noContent])
        let whole = try capture()
        #expect(whole.isComplete)
        #expect(whole.counts.otherEntries == 1)
    }

    @Test("A file that says it is empty, and is not, is read, and told as one that changed")
    func fileOfUnknownSize() throws {
        let result = try capture(["/proc/self/limits"])
        #expect(result.counts.bytesRead > 100)
        #expect(result.problems.map(\.kind) == [.changed])
    }

    @Test("A source that is not there is an error, and so are sources inside each other and relative ones")
    func badSources() throws {
        for sources in [["/nowhere-at-all"], ["relative"], [tree.path, tree.path.appending("x")], []] as [[FilePath]] {
            #expect(throws: RepositoryError.self) { try capture(sources) }
        }
    }

    @Test("A cancelled capture says so")
    func cancelled() throws {
        try tree.write("x", to: "x")
        let error = #expect(throws: RepositoryError.self) {
            try Capture(into: repository).run(
                CaptureRequest(sources: [tree.path], time: FixedTime.farFuture), isCancelled: { true })
        }
        #expect(error?.code == .cancelled)
    }

    @Test("Two names of one file are read once, and the table says so")
    func hardLinks() throws {
        try tree.write("shared", to: "b/first")
        let first = try #require(FileName("first"))
        let second = try #require(FileName("second"))
        try tree.handle().makeHardLink(second, to: first, in: try tree.handle("b"))
        let result = try capture()
        #expect(result.counts.filesRead == 1)
        let reader = TreeReader(source: repository)
        let table = try reader.hardLinks(of: reader.root(result.root))
        #expect(table.groups.map { $0.map { String(decoding: $0.path, as: UTF8.self) } } == [["b/first", "second"]])
    }

    @Test("A long file has lists of chunks, and all its chunks come back in order")
    func longFile() throws {
        let parameters = try #require(
            ChunkerParameters(minimumBytes: 64, averageBytes: 256, maximumBytes: 1024))
        let content = noise(400_000)
        try tree.write(content, to: "long")
        let result = try Capture(into: repository).run(
            CaptureRequest(sources: [tree.path], chunker: parameters, time: FixedTime.farFuture))
        guard case .file(let pieces) = try entries(result)[0].content else {
            Issue.record("not a file")
            return
        }
        #expect(pieces.first?.link.kind == .chunkList)
        let chunks = try TreeReader(source: repository).chunks(of: pieces)
        #expect(chunks.count > 512)
        let read = try chunks.flatMap { try repository.read($0.link).body }
        #expect(read == content)
    }
}
