import DRRepository
import DRSystem
import SystemPackage
import Testing

@Suite struct CaptureRulesTests {
    let repository = MemoryRepository()
    let tree: TemporaryTree

    init() throws { tree = try TemporaryTree() }

    func capture(_ rules: CaptureRules) throws -> (result: CaptureResult, paths: [String]) {
        let result = try Capture(into: repository).run(
            CaptureRequest(sources: [tree.path], rules: rules, time: FixedTime.farFuture))
        let browser = SnapshotBrowser(source: repository)
        var walk = SnapshotWalk(browser, from: try browser.sources(of: result.root)[0])
        var paths: [String] = []
        while let step = walk.next() {
            if case .item(let item) = step {
                paths.append(String(decoding: item.path.dropFirst(tree.path.string.utf8.count), as: UTF8.self))
            }
        }
        return (result, paths.filter { !$0.isEmpty })
    }

    func rules(_ lines: String...) throws -> [PathRule] { try lines.map { try #require(PathRule(Array($0.utf8))) } }

    @Test("What a pattern matches is left out with what lies in it, is counted, and is no problem")
    func excludes() throws {
        for path in ["a.tmp", "keep.tmp", "cache/x", "sub/cache/y", "sub/z", "top/z"] { try tree.write("1", to: path) }
        let top = tree.path.appending("top").string
        let (result, paths) = try capture(
            CaptureRules(excludes: rules("*.tmp", "cache/", top, "!keep.tmp")))
        #expect(paths == ["/keep.tmp", "/sub", "/sub/z"])
        #expect(result.isComplete)
        #expect(result.counts.leftOut == 4)
    }

    @Test("An ignore file rules what is below its folder, the inner one over the outer one; and only when asked to")
    func ignoreFiles() throws {
        for path in ["a.log", "in/a.log", "in/deep/a.log", "in/b", "b"] { try tree.write("1", to: path) }
        try tree.write("*.log\n", to: ".drctlignore")
        try tree.write("!a.log\n/b\n", to: "in/.drctlignore")
        let (result, paths) = try capture(CaptureRules(readsIgnoreFiles: true))
        #expect(paths == ["/.drctlignore", "/b", "/in", "/in/.drctlignore", "/in/a.log", "/in/deep", "/in/deep/a.log"])
        #expect(result.isComplete)
        #expect(result.counts.leftOut == 2)
        #expect(try capture(CaptureRules()).paths.count == 9)
    }

    @Test("An ignore file that makes no sense is a problem, and leaves nothing out")
    func badIgnoreFile() throws {
        try tree.write("a", to: "a")
        try tree.write("a\n../b\n", to: ".drctlignore")
        let (result, paths) = try capture(CaptureRules(readsIgnoreFiles: true))
        #expect(paths == ["/.drctlignore", "/a"])
        #expect(result.problems.map(\.kind) == [.badIgnoreFile])
    }

    @Test("Of a tagged cache the tag is kept; a tag without its signature is a file like any other")
    func caches() throws {
        try tree.write("Signature: 8a477f597d28d172789f06886806bc55\n# by a test\n", to: "cache/CACHEDIR.TAG")
        try tree.write("x", to: "cache/deep/x")
        try tree.write("Signature: none", to: "other/CACHEDIR.TAG")
        try tree.write("x", to: "other/x")
        let (result, paths) = try capture(CaptureRules(leavesOutCaches: true))
        #expect(paths == ["/cache", "/cache/CACHEDIR.TAG", "/other", "/other/CACHEDIR.TAG", "/other/x"])
        #expect(result.counts.leftOut == 1)
    }

    @Test("Folders on other file systems are kept empty when that is asked for")
    func oneFileSystem() throws {
        let result = try Capture(into: repository).run(
            CaptureRequest(
                sources: ["/sys/fs"], rules: CaptureRules(excludes: rules("/sys/fs/*/*"), staysOnFileSystem: true),
                time: FixedTime.farFuture))
        guard result.counts.mountPointsKeptEmpty > 0 else {
            return print("skipped: nothing is mounted below /sys/fs")
        }
        let browser = SnapshotBrowser(source: repository)
        let group = try #require(try browser.item(at: Array("/sys/fs/cgroup".utf8), in: result.root))
        #expect(try browser.children(of: group).isEmpty)
    }

    @Test("A stream is one file, however long; a stream that fails is none")
    func stream() throws {
        try tree.write(noise(5_000_000), to: "dump")
        let handle = try tree.handle()
        let name = try #require(FileName("orders.dump"))
        let result = try Capture(into: repository).run(
            stream: handle.openFile(try #require(FileName("dump"))), as: name,
            CaptureRequest(sources: [], time: FixedTime.farFuture))
        #expect(result.isComplete)
        #expect(result.counts.bytesRead == 5_000_000)
        let browser = SnapshotBrowser(source: repository)
        let item = try #require(try browser.item(at: Array("/orders.dump".utf8), in: result.root))
        var content = try browser.content(of: item)
        var bytes: [UInt8] = []
        while let part = try content.next() { bytes += part }
        #expect(bytes == noise(5_000_000))
        try tree.makeFolder("folder")
        // A folder opens, and cannot be read.
        let error = #expect(throws: RepositoryError.self) {
            try Capture(into: repository).run(
                stream: handle.openFile(try #require(FileName("folder"))), as: name,
                CaptureRequest(sources: [], time: FixedTime.farFuture))
        }
        #expect(error?.code == .sourceUnreadable)
    }
}
