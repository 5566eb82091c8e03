import DRArchive
import DRRepository
import DRSystem
import DRTestSupport
import Foundation
import Glibc
import Synchronization
import SystemPackage
import Testing

@Suite struct ArchiveImportTests {
    let repository = MemoryRepository()
    let place: TemporaryTree

    init() throws { place = try TemporaryTree() }

    var request: CaptureRequest { CaptureRequest(sources: [], time: FixedTime(nanoseconds: 1_800_000_000_000_000_000)) }

    func descriptor(_ archive: String) throws -> FileDescriptor {
        try FileDescriptor.open(place.path.appending(archive), .readOnly)
    }

    @discardableResult
    func importing(
        _ archive: String, limits: ArchiveImport.Limits = ArchiveImport.Limits()
    ) throws -> CaptureResult {
        let file = try descriptor(archive)
        defer { try? file.close() }
        return try ArchiveImport(into: repository).run(descriptor: file.rawValue, limits: limits, request)
    }

    func importing(_ tar: RawTar, limits: ArchiveImport.Limits = ArchiveImport.Limits()) throws -> CaptureResult {
        try place.write(tar.finished, to: "raw.tar")
        return try importing("raw.tar", limits: limits)
    }

    /// Everything that a snapshot lists: path, kind, content.
    func listing(_ root: ObjectLink) throws -> [String] {
        let browser = SnapshotBrowser(source: repository)
        var lines: [String] = []
        for source in try browser.sources(of: root) {
            var walk = SnapshotWalk(browser, from: source)
            while let step = walk.next() {
                guard case .item(let item) = step else { continue }
                var line = "\(displayEscaped(bytes: item.path)) \(item.metadata.kind)"
                if item.metadata.kind == .regular, item.metadata.sizeBytes < 100 {
                    var content = try browser.content(of: item)
                    while let part = try content.next() { line += " " + String(decoding: part, as: UTF8.self) }
                }
                lines.append(line)
            }
        }
        return lines
    }

    func export(_ root: ObjectLink, to name: String, _ compression: TarWriter.Compression) throws {
        let file = try FileDescriptor.open(
            place.path.appending(name), .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        defer { try? file.close() }
        var writer = try TarWriter(descriptor: file.rawValue, compression: compression, names: .bytes)
        _ = try SnapshotExport(from: repository).run(root, selection: nil, into: &writer)
        #expect(try writer.finish() == [])
    }

    func sample() throws {
        for source in ["one", "deep/two"] {
            try place.makeFolder("\(source)/folder/empty")
            try place.write("content", to: "\(source)/file")
            try place.write([UInt8](repeating: 7, count: 3_000_000), to: "\(source)/folder/long")
            try place.write("", to: "\(source)/folder/nothing")
            try place.write("dot", to: "\(source)/folder.after")
            let folder = try place.handle("\(source)/folder")
            try folder.makeSymbolicLink(try #require(FileName("link")), to: Array("../file".utf8))
            let odd = try #require(FileName([0xFF, 0x0A]))
            try place.write([1], odd, in: folder, 0o4711)
            try folder.openFile(odd).setExtendedAttribute(
                ExtendedAttribute(name: Array("user.x".utf8), value: [0, 1, 255]))
            try FileManager.default.linkItem(
                atPath: place.path.appending("\(source)/file").string,
                toPath: place.path.appending("\(source)/folder/name").string)
            let sparse = try folder.createFile(try #require(FileName("sparse")))
            try sparse.write(Array("start".utf8), at: 0)
            try sparse.write(Array("end".utf8), at: 300_000)
            #expect(ftruncate(sparse.rawValue, 5_000_000) == 0)
        }
    }

    func captured(_ sources: [String]) throws -> ObjectLink {
        let result = try Capture(into: repository).run(
            CaptureRequest(sources: sources.map { place.path.appending($0) }, time: FixedTime.farFuture))
        #expect(result.isComplete)
        return result.root
    }

    @Test("An exported snapshot comes back as the very same tree", arguments: [TarWriter.Compression.none, .zstd])
    func roundTrip(compression: TarWriter.Compression) throws {
        try sample()
        for sources in [["one"], ["one", "deep/two"], ["one/file"]] {
            let root = try captured(sources)
            try export(root, to: "export.tar", compression)
            let imported = try importing("export.tar")
            #expect(imported.problems.map(\.message) == [])
            #expect(imported.root == root, "\(sources)")
        }
    }

    @Test(
        "What other programs write comes in as it is on the disk",
        arguments: [
            ["--format=gnu"], ["--format=pax"], ["--format=gnu", "--sparse"],
            ["--format=pax", "--sparse", "--xattrs", "--acls", "--numeric-owner"],
            ["--format=pax", "--sparse", "--sparse-version=0.0"], ["--format=pax", "--sparse", "--sparse-version=0.1"],
            ["--format=pax", "--gzip"], ["--format=pax", "--bzip2"], ["--format=pax", "--xz"],
            ["--format=pax", "--zstd"], ["--format=ustar", "--exclude=sparse"], ["--sort=name"],
        ])
    func foreign(options: [String]) throws {
        try sample()
        let made = try ChildProcess(
            ["tar", "-C", place.path.appending("one").string, "-cf", place.path.appending("foreign.tar").string]
                + options + ["."]
        ).wait()
        try #require(made.exitCode == 0, "\(made.output)")
        let imported = try importing("foreign.tar")
        #expect(imported.problems.map(\.message) == [])
        let expected = try listing(try captured(["one"])).map {
            $0.replacing(place.path.appending("one").string, with: "", maxReplacements: 1)
        }
        let found = try listing(imported.root).map { $0 == "/ directory" ? " directory" : $0 }
        let leavesOutSparse = options.contains("--exclude=sparse")
        #expect(found == expected.filter { !leavesOutSparse || !$0.contains("sparse") })
        let tree = TreeReader(source: repository)
        // The whole metadata too, where the format holds it.
        if options.contains("--xattrs") {
            let disk = try tree.root(try captured(["one"])).sources[0]
            #expect(try tree.root(imported.root).sources[0].content == disk.content)
        }
    }

    @Test("An ACL that an archive holds as text is the attribute that the kernel keeps")
    func accessControlLists() throws {
        var tar = RawTar()
        tar.pax([
            ("SCHILY.acl.access", Array("user::rw-,user:7:r--:7,group::r--,mask::r--,other::---".utf8))
        ])
        tar.add("0", "file", content: [1])
        let imported = try importing(tar)
        let tree = TreeReader(source: repository)
        let attributes = try tree.root(imported.root).sources[0].metadata.extendedAttributes
        #expect(attributes.map(\.name) == [ExtendedAttribute.accessACL])
        #expect(
            attributes.first?.value == [
                2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 7, 0, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255,
                16, 0, 4, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255,
            ])
        var named = RawTar()
        named.pax([("SCHILY.acl.access", Array("user::rw-,user:lisa:r--,group::r--,mask::r--,other::---".utf8))])
        named.add("0", "file", content: [1])
        let error = #expect(throws: RepositoryError.self) { try importing(named) }
        #expect(error?.code == .unsupportedFormat)
        #expect(error?.hint.contains("--numeric-owner") == true)
    }

    @Test("Members in any order, twice, or without their folders make the tree that unpacking would make")
    func order() throws {
        var tar = RawTar()
        tar.add("0", "a/b/c", content: Array("old".utf8))
        tar.add("1", "a/link", link: "a/b/c")
        tar.add("0", "a.b", content: Array("x".utf8))
        tar.add("0", "./a//b/c", content: Array("new".utf8))
        tar.add("5", "a/b/")
        tar.add("0", "/absolute", content: Array("in the tree".utf8))
        let imported = try importing(tar)
        #expect(
            try listing(imported.root) == [
                "/a/b directory", "/a/b/c regular new", "/a/link regular old", "/a.b regular x",
                "/absolute regular in the tree",
            ])
        let tree = TreeReader(source: repository)
        #expect(try tree.hardLinks(of: tree.root(imported.root)).groups == [])
    }

    @Test("Of an archive with very many topmost members the root is the source")
    func manySources() throws {
        var tar = RawTar()
        for number in 0..<300 { tar.add("0", "file\(number)", content: [1]) }
        let imported = try importing(tar)
        #expect(imported.sources == [Array("/".utf8)])
        #expect(imported.counts.filesRead == 300)
    }

    /// Archives that no tree can hold, and what is said of them.
    static let hostile: [(String, @Sendable (inout RawTar) -> Void, RepositoryError.Code)] = [
        ("dot-dot", { $0.add("0", "../x") }, .invalidArgument),
        ("dot-dot within", { $0.add("0", "a/../../x") }, .invalidArgument),
        ("dot-dot after an absolute path", { $0.add("0", "/../x") }, .invalidArgument),
        (
            "a symbolic link, then its child",
            {
                $0.add("2", "a", link: "/etc")
                $0.add("0", "a/passwd")
            }, .invalidArgument
        ),
        (
            "a child, then a symbolic link in its folder's place",
            {
                $0.add("0", "a/passwd")
                $0.add("2", "a", link: "/etc")
            }, .invalidArgument
        ),
        (
            "a hard link through a symbolic link",
            {
                $0.add("2", "a", link: "/etc")
                $0.add("1", "b", link: "a/passwd")
            }, .invalidArgument
        ),
        ("a hard link to what is outside", { $0.add("1", "b", link: "../../etc/passwd") }, .invalidArgument),
        ("a hard link to what is not there", { $0.add("1", "b", link: "/etc/passwd") }, .invalidArgument),
        (
            "a hard link to a folder",
            {
                $0.add("5", "a/")
                $0.add("1", "b", link: "a")
            }, .invalidArgument
        ),
        (
            "a child of a device",
            {
                $0.add("3", "null")
                $0.add("0", "null/x")
            }, .invalidArgument
        ),
        ("a root that is a file", { $0.add("0", ".") }, .invalidArgument),
        ("a symbolic link to nothing", { $0.add("2", "a", link: "") }, .invalidArgument),
        (
            "a name of 256 bytes",
            {
                $0.pax([("path", [UInt8](repeating: 0x61, count: 256))])
                $0.add("0", "x")
            }, .invalidArgument
        ),
        (
            "500 levels",
            {
                $0.pax([("path", Array(String(repeating: "d/", count: 500).utf8))])
                $0.add("0", "x")
            }, .invalidArgument
        ),
        (
            "an attribute of 70,000 bytes",
            {
                $0.pax([("SCHILY.xattr.user.x", [UInt8](repeating: 1, count: 70_000))])
                $0.add("0", "x")
            }, .unsupportedFormat
        ),
        (
            "an owner beyond 32 bits",
            {
                $0.pax([("uid", Array("4294967296".utf8))])
                $0.add("0", "x")
            }, .unsupportedFormat
        ),
        ("no member at all", { _ in }, .invalidArgument),
    ]

    @Test("A member that no tree can hold makes no snapshot", arguments: hostile.indices)
    func hostileMembers(index: Int) throws {
        let (name, make, code) = Self.hostile[index]
        var tar = RawTar()
        make(&tar)
        let error = #expect(throws: RepositoryError.self, "\(name)") { try importing(tar) }
        #expect(error?.code == code, "\(name): \(String(describing: error))")
        #expect(!repository.state.withLock { $0.objects.values.contains { $0.link.kind == .treeRoot } }, "\(name)")
    }

    @Test("A name ends at its first NUL, wherever the archive says that it ends")
    func nulInName() throws {
        var tar = RawTar()
        tar.pax([("path", Array("good".utf8) + [0] + Array("/../../evil".utf8))])
        tar.add("0", "x", content: [0x79])
        #expect(try listing(try importing(tar).root) == ["/good regular y"])
    }

    @Test("An archive that is cut, or whose compression is, is damaged")
    func cut() throws {
        try sample()
        let root = try captured(["one"])
        for compression in [TarWriter.Compression.none, .zstd] {
            try export(root, to: "whole", compression)
            let whole = try place.read("whole")
            for part in 1..<16 {
                try place.write(Array(whole.prefix(whole.count * part / 16)), to: "cut")
                let error = #expect(throws: RepositoryError.self) { try importing("cut") }
                #expect(error?.code == .damaged, "\(compression) \(part): \(String(describing: error))")
            }
        }
    }

    /// Archives that were made to exhaust who reads them, the limits they are read with, and what is said of them.
    static let bombs: [(String, ArchiveImport.Limits, @Sendable (inout RawTar) -> Void, String)] = [
        (
            "a file that says it is an exbibyte long", ArchiveImport.Limits(),
            { $0.add("0", Array("long".utf8), sizeBytes: 1 << 60) }, "1.0 TB of content"
        ),
        (
            "more content than allowed, over several files", ArchiveImport.Limits(contentBytes: 5000),
            { for number in 0..<6 { $0.add("0", "\(number)", content: [UInt8](repeating: 1, count: 1000)) } },
            "5.0 kB of content"
        ),
        (
            "more members than allowed", ArchiveImport.Limits(entries: 100),
            { for number in 0..<101 { $0.add("0", "\(number)") } }, "100 members"
        ),
        (
            "names as long as many members", ArchiveImport.Limits(entries: 100),
            {
                for number in 0..<60 {
                    let part = String(repeating: "d\(number)/", count: 200)
                    $0.pax([("path", Array(part.utf8))])
                    $0.add("5", "x")
                }
            }, "as much of names"
        ),
        (
            "one member over and over", ArchiveImport.Limits(entries: 100),
            { for _ in 0..<101 { $0.add("5", "same/") } }, "100 members"
        ),
        (
            "a header for all members that does not end", ArchiveImport.Limits(),
            { $0.add("g", "global", content: [UInt8](repeating: 0x31, count: 9 << 20)) }, "could not be imported"
        ),
        (
            "a name of a gigabyte", ArchiveImport.Limits(),
            { $0.add("L", Array("long".utf8), content: [UInt8](repeating: 0x61, count: 9 << 20), sizeBytes: 1 << 30) },
            "could not be imported"
        ),
        (
            "a map of holes of a gigabyte", ArchiveImport.Limits(),
            {
                $0.pax([
                    ("GNU.sparse.major", [0x31]), ("GNU.sparse.minor", [0x30]), ("GNU.sparse.name", Array("x".utf8)),
                    ("GNU.sparse.realsize", Array("1000000000000".utf8)),
                ])
                let map =
                    Array("200000000\n".utf8) + Array(repeatElement(Array("0\n0\n".utf8), count: 3 << 20).joined())
                $0.add("0", Array("x".utf8), content: map, sizeBytes: 1 << 30)
            }, "could not be imported"
        ),
    ]

    @Test("An archive that was made to exhaust its reader is refused", arguments: bombs.indices)
    func bomb(index: Int) throws {
        let (name, limits, make, reason) = Self.bombs[index]
        var tar = RawTar()
        make(&tar)
        let error = #expect(throws: RepositoryError.self, "\(name)") { try importing(tar, limits: limits) }
        #expect(error?.message.contains(reason) == true, "\(name): \(String(describing: error))")
        #expect(!repository.state.withLock { $0.objects.values.contains { $0.link.kind == .treeRoot } }, "\(name)")
    }

    @Test("A sparse file of 8 EiB is kept as the hole that it is")
    func exbibytes() throws {
        var tar = RawTar()
        tar.pax([
            ("GNU.sparse.major", [0x31]), ("GNU.sparse.minor", [0x30]), ("GNU.sparse.name", Array("hole".utf8)),
            ("GNU.sparse.realsize", Array("\(Int64.max)".utf8)),
        ])
        tar.add("0", Array("x".utf8), content: pad("2\n0\n4\n\(Int64.max)\n0\n", to: 512) + Array("data".utf8))
        let imported = try importing(tar)
        #expect(imported.counts.bytesRead == 4)
        let source = try TreeReader(source: repository).root(imported.root).sources[0]
        #expect(source.metadata.sizeBytes == .max)
        #expect(source.metadata.holes == [FileHole(offsetBytes: 4, lengthBytes: .max - 4)])
    }

    @Test(
        "A map of holes that does not fit its file is never believed",
        arguments: [
            "2\n0\n4\n2\n4\n", "1\n9000\n4\n", "2\n4096\n4\n0\n4\n", "1\n-5\n4\n", "1\n0\n9223372036854775807\n",
        ])
    func wrongMap(map: String) throws {
        var tar = RawTar()
        tar.pax([
            ("GNU.sparse.major", [0x31]), ("GNU.sparse.minor", [0x30]), ("GNU.sparse.name", Array("hole".utf8)),
            ("GNU.sparse.realsize", Array("8192".utf8)),
        ])
        tar.add("0", Array("x".utf8), content: pad(map, to: 512) + Array("datadata".utf8))
        let error = #expect(throws: RepositoryError.self) { try importing(tar) }
        #expect(error?.code == .damaged, "\(String(describing: error))")
    }

    private func pad(_ text: String, to count: Int) -> [UInt8] {
        Array(text.utf8) + [UInt8](repeating: 0, count: count - text.utf8.count)
    }
}
