import DRArchive
import DRRepository
import DRSystem
import SystemPackage
import Testing

@Suite struct RestoreTests {
    let repository = MemoryRepository()
    let tree: TemporaryTree
    let place: TemporaryTree

    init() throws {
        tree = try TemporaryTree()
        place = try TemporaryTree()
    }

    /// Short chunks, so that small tests have files of many.
    static let chunker = ChunkerParameters(minimumBytes: 64, averageBytes: 256, maximumBytes: 1024)

    func capture(_ sources: [FilePath]? = nil) throws -> ObjectLink {
        try Capture(into: repository).run(
            CaptureRequest(
                sources: sources ?? [tree.path], chunker: try #require(Self.chunker), time: FixedTime.farFuture)
        ).root
    }

    func request(_ root: ObjectLink, _ target: String = "target") -> RestoreRequest {
        RestoreRequest(root: root, target: place.path.appending(target))
    }

    func name(_ bytes: [UInt8]) throws -> FileName { try #require(FileName(bytes)) }

    /// A tree with everything that a file system allows and this user may make.
    func makeOddTree() throws {
        try tree.write("plain", to: "plain")
        try tree.write([], to: "empty", permissions: 0o400)
        try tree.makeFolder("no entries")
        try tree.write(noise(50_000), to: "deep/er/long", permissions: 0o640)
        try tree.write(noise(50_000), to: "deep/copy")
        try tree.write(
            [UInt8](repeating: 0, count: 9_000) + noise(100) + [UInt8](repeating: 0, count: 70_000), to: "zeros")
        let root = try tree.handle()
        let odd: [[UInt8]] = [
            [0xFF, 0xFE, 0x80], Array("line\nbreak\t\u{1B}[31m".utf8), [UInt8](repeating: 0x61, count: 255),
            Array("-rf".utf8), Array(" ".utf8), Array("é".utf8), Array("e\u{301}".utf8), Array("\\".utf8),
            Array("...".utf8), [1],
        ]
        for bytes in odd { try tree.write(bytes, try name(bytes), in: root) }
        try root.makeSymbolicLink(try name(Array("link".utf8)), to: Array("nowhere/at all".utf8))
        try root.makeSymbolicLink(try name(Array("bad link".utf8)), to: [0xFF])
        try root.makeHardLink(try name(Array("plain too".utf8)), to: try name(Array("plain".utf8)), in: root)
        let old = FileTime(seconds: -5, nanoseconds: 999_999_999)
        for text in ["plain", "link", "empty"] { try root.setModified(of: try name(Array(text.utf8)), old) }
        try tree.handle("deep").setPermissions(0o1751)
        try tree.handle("deep").setModified(old)
    }

    @Test("A tree with every oddity comes back with the same ids, and the check finds nothing")
    func roundTrip() throws {
        try makeOddTree()
        let root = try capture()
        let result = try Restore(from: repository).run(request(root))
        #expect(result.failures == [])
        #expect(result.isComplete)
        let check = try RestoreCheck(against: repository).run(request(root))
        #expect(check.mismatches == [])
        #expect(check.isEqual == true)
        #expect(check.filesCompared == result.counts.files)
        let reader = TreeReader(source: repository)
        let again = try capture([place.path.appending("target")])
        #expect(try reader.root(root).sources[0].content == reader.root(again).sources[0].content)
        #expect(try reader.root(root).sources[0].metadata == reader.root(again).sources[0].metadata)
        #expect(!place.exists("target/.drctl-partial"))
    }

    @Test("Zeros that were written come back as zeros that take their space: equal trees stay equal")
    func zeros() throws {
        try tree.write([UInt8](repeating: 0, count: 4_000_000), to: "zeros")
        _ = try Restore(from: repository).run(request(try capture()))
        #expect(try place.read("target/zeros") == [UInt8](repeating: 0, count: 4_000_000))
        #expect(try DirectoryUsage.blocks(of: place.path.appending("target/zeros")) >= 4_000_000 / 512)
    }

    @Test("Random trees come back", arguments: 1...12)
    func randomTrees(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        try fill(tree.path, &random, levels: 3)
        let root = try capture()
        let result = try Restore(from: repository).run(request(root))
        #expect(result.isComplete)
        #expect(try RestoreCheck(against: repository).run(request(root)).isEqual == true)
    }

    func fill(_ folder: FilePath, _ random: inout SplitMix, levels: Int) throws {
        let handle = try DirectoryHandle(opening: folder)
        for _ in 0..<Int.random(in: 0...8, using: &random) {
            let length = Int.random(in: 1...40, using: &random)
            let bytes = (0..<length).map { _ in UInt8.random(in: 1...255, using: &random) }
            guard let name = FileName(bytes), (try? handle.status(of: name)) == nil else { continue }
            switch Int.random(in: 0...3, using: &random) {
            case 0 where levels > 0:
                try handle.makeDirectory(name, permissions: 0o700)
                try fill(FilePath(bytes: folder.bytes + [0x2F] + bytes), &random, levels: levels - 1)
            case 1: try handle.makeSymbolicLink(name, to: bytes)
            default:
                let content = noise(Int.random(in: 0...6000, using: &random), seed: random.next())
                try tree.write(content, name, in: handle, UInt16.random(in: 0...0o777, using: &random) | 0o400)
            }
        }
    }

    @Test("A target that is not empty is refused, and nothing in it changes")
    func targetNotEmpty() throws {
        try tree.write("new", to: "file")
        try place.write("old", to: "target/file")
        let root = try capture()
        let error = #expect(throws: RepositoryError.self) { try Restore(from: repository).run(request(root)) }
        #expect(error?.code == .targetExists)
        #expect(try place.read("target/file") == Array("old".utf8))
        #expect(!place.exists("target/.drctl-partial"))
        var overwriting = request(root)
        overwriting.overwrite = .always
        try place.write("mine", to: "target/mine")
        #expect(try Restore(from: repository).run(overwriting).isComplete)
        #expect(try place.read("target/file") == Array("new".utf8))
        #expect(try place.read("target/mine") == Array("mine".utf8))
    }

    @Test("Several sources come back under their paths")
    func severalSources() throws {
        try tree.write("1", to: "one/a")
        try tree.write("2", to: "two")
        let root = try capture([tree.path.appending("one"), tree.path.appending("two")])
        #expect(try Restore(from: repository).run(request(root)).isComplete)
        #expect(try place.read("target" + tree.path.string + "/one/a") == [0x31])
        #expect(try place.read("target" + tree.path.string + "/two") == [0x32])
        #expect(try RestoreCheck(against: repository).run(request(root)).isEqual == true)
    }

    @Test("A lost chunk costs the files that need it, by name, and no other; no half file appears")
    func lostChunk() throws {
        try tree.write(noise(20_000), to: "hurt")
        try tree.write(noise(20_000) + [1], to: "hurt too")
        try tree.write(noise(20_000, seed: 2), to: "whole")
        let root = try capture()
        let reader = TreeReader(source: repository)
        guard case .directory(let link) = try reader.root(root).sources[0].content,
            case .file(let pieces) = try reader.entries(of: link)[0].content
        else { return }
        repository.lose(try reader.chunks(of: pieces)[1].link.id)
        let result = try Restore(from: repository).run(request(root))
        #expect(!result.isComplete)
        #expect(result.failures.map { String(decoding: $0.path, as: UTF8.self) }.sorted() == ["hurt", "hurt too"])
        #expect(!place.exists("target/hurt"))
        #expect(try place.read("target/whole") == noise(20_000, seed: 2))
        #expect(try RestoreCheck(against: repository).run(request(root)).isEqual == false)
    }
}
