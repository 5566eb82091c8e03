import DRSystem
import Foundation
import SystemPackage
import Testing

@Suite struct DirectoryHandleTests {
    @Test(
        "What cannot be one entry's name is none",
        arguments: ["", ".", "..", "/", "a/b", "a\0b", String(repeating: "a", count: 256)])
    func badNames(text: String) { #expect(FileName(text) == nil) }

    @Test("Names are bytes, ordered by them, and escaped for people")
    func names() throws {
        let stray = try #require(FileName([0xFF, 0x61, 0x0A]))
        #expect(Array(stray.bytes) == [0xFF, 0x61, 0x0A])
        #expect(stray.description == "\\xffa\\x0a")
        #expect(FileName("...")?.count == 3)
        let sorted = try ["a", "a.b", "ab", "b"].map { try #require(FileName($0)) }
        #expect(sorted.shuffled().sorted() == sorted)
    }

    @Test("Nothing leads out of a directory: neither dot-dot, nor an absolute path, nor a link on the way")
    func beneath() throws {
        let path = FilePath(FileManager.default.temporaryDirectory.path).appending("drctl-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: path.string + "/a/b", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path.string) }
        let root = try DirectoryHandle(opening: path)
        try root.makeSymbolicLink(try #require(FileName("link")), to: Array("a".utf8))
        #expect(try root.openDirectory(beneath: Array("a/b".utf8)).entries().isEmpty)
        #expect(try root.openDirectory(beneath: []).entries().map(\.name.description) == ["a", "link"])
        for escape in ["..", "a/../..", "/tmp", "link", "link/b"] {
            #expect(throws: SystemError.self, "\(escape)") { _ = try root.openDirectory(beneath: Array(escape.utf8)) }
        }
        #expect(throws: SystemError.self) { _ = try root.openDirectory(try #require(FileName("link"))) }
    }

    @Test("An exchange swaps a folder and a file in one step; a refusing rename replaces nothing")
    func renames() throws {
        let path = FilePath(FileManager.default.temporaryDirectory.path).appending("drctl-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: path.string + "/folder", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path.string) }
        let root = try DirectoryHandle(opening: path)
        let folder = try #require(FileName("folder"))
        let file = try #require(FileName("file"))
        _ = try root.createFile(file).status()
        #expect(throws: SystemError.self) { try root.rename(file, to: folder, in: root, .refuse) }
        try root.rename(file, to: folder, in: root, .exchange)
        #expect(try root.status(of: folder).kind == .regular)
        #expect(try root.status(of: file).kind == .directory)
        #expect(try root.removeTree(file) == 0)
        #expect(try root.entries().map(\.name) == [folder])
    }
}
