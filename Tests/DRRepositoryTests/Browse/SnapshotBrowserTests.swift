import DRArchive
import DRRepository
import DRSystem
import Synchronization
import SystemPackage
import Testing

@Suite struct SnapshotBrowserTests {
    let repository = MemoryRepository()
    let tree: TemporaryTree

    init() throws { tree = try TemporaryTree() }

    var browser: SnapshotBrowser { SnapshotBrowser(source: repository) }

    func capture() throws -> ObjectLink {
        try Capture(into: repository).run(CaptureRequest(sources: [tree.path], time: FixedTime.farFuture)).root
    }

    func changes(_ old: ObjectLink, _ new: ObjectLink) throws -> [String] {
        var walk = try browser.changes(from: old, to: new)
        var changes: [String] = []
        while let change = try walk.next() {
            let path = String(decoding: change.path.dropFirst(tree.path.string.utf8.count), as: UTF8.self)
            changes.append("\(change.kind) \(path)")
        }
        return changes
    }

    @Test("A path is found as it was on the host, and below the only source")
    func items() throws {
        try tree.write("x", to: "a/b/c")
        let root = try capture()
        for path in [tree.path.appending("a/b/c").string, "a/b/c", tree.path.string + "/a/b/c/"] {
            #expect(try browser.item(at: Array(path.utf8), in: root)?.metadata.sizeBytes == 1)
        }
        #expect(try browser.item(at: Array(tree.path.string.utf8), in: root)?.metadata.kind == .directory)
        for path in ["nothing", "a/b/c/d", "/", "/nowhere", "a/../a", ""] {
            #expect(try browser.item(at: Array(path.utf8), in: root) == nil || path.isEmpty)
        }
    }

    @Test("Content comes in order, holes as zeros")
    func content() throws {
        let handle = try tree.handle()
        let name = try #require(FileName("sparse"))
        do {
            let file = try handle.createFile(name)
            try file.write(noise(300_000), at: 2_000_000)
            try file.setSize(5_000_000)
        }
        let item = try #require(try browser.item(at: Array("sparse".utf8), in: try capture()))
        var content = try browser.content(of: item)
        var bytes: [UInt8] = []
        while let part = try content.next() { bytes += part }
        #expect(bytes == (try tree.read("sparse")))
        let folder = try #require(try browser.item(at: Array(tree.path.string.utf8), in: try capture()))
        #expect(throws: RepositoryError.self) { try browser.content(of: folder) }
    }

    @Test("What changed is told, and nothing else")
    func diff() throws {
        for path in ["same/deep/x", "content", "mode", "gone/a", "kind"] { try tree.write("1", to: path) }
        let before = try capture()
        #expect(try changes(before, before).isEmpty)
        try tree.write("2", to: "content")
        try tree.write("new", to: "new/a")
        let handle = try tree.handle()
        try handle.openFile(try #require(FileName("mode"))).setPermissions(0o600)
        _ = try handle.removeTree(try #require(FileName("gone")))
        try handle.removeFile(try #require(FileName("kind")))
        try tree.write("in a folder now", to: "kind/a")
        let found = try changes(before, try capture())
        #expect(
            found == [
                "metadata ", "content /content", "removed /gone", "removed /gone/a", "kind /kind", "added /kind/a",
                "metadata /mode", "added /new", "added /new/a",
            ])
    }

    @Test("Equal folders are not read to compare them")
    func skips() throws {
        for number in 0..<40 { try tree.write("\(number)", to: "folder-\(number)/file") }
        let before = try capture()
        try tree.write("changed", to: "folder-7/file")
        let after = try capture()
        let count = repository.state.withLock(\.readCount)
        #expect(try changes(before, after).contains("content /folder-7/file"))
        #expect(repository.state.withLock(\.readCount) - count <= 8)
    }
}
