import DRArchive
import DRRepository
import DRSystem
import Foundation
import Glibc
import SystemPackage
import Testing

/// What a file system keeps beside content comes back: attributes, ACLs, flags, holes.
@Suite struct MetadataRoundTripTests {
    let repository = MemoryRepository()
    let place: TemporaryTree

    init() throws {
        place = try TemporaryTree()
        try place.makeFolder("source")
    }

    var source: FilePath { place.path.appending("source") }
    var target: FilePath { place.path.appending("target") }

    func capture(cache: FileCache? = nil) throws -> CaptureResult {
        let result = try Capture(into: repository).run(
            CaptureRequest(sources: [source], cache: cache, time: FixedTime.farFuture))
        #expect(result.isComplete, "\(result.problems.map(\.message))")
        return result
    }

    @discardableResult
    func roundTrip(owners: Bool = false, special: Bool = false) throws -> RestoreResult {
        let request = RestoreRequest(
            root: try capture().root, target: target, restoresOwners: owners, restoresSpecialFiles: special)
        let result = try Restore(from: repository).run(request)
        #expect(result.isComplete, "\(result.failures.map(\.message))")
        let check = try RestoreCheck(against: repository).run(request)
        #expect(check.isEqual == true, "\((check.mismatches + check.unknown).map(\.message))")
        return result
    }

    /// What names a tree's whole content.
    func tree(_ folder: String) throws -> EntryContent {
        let captured = try Capture(into: repository).run(
            CaptureRequest(sources: [place.path.appending(folder)], time: FixedTime.farFuture))
        return try TreeReader(source: repository).root(captured.root).sources[0].content
    }

    func name(_ text: String) throws -> FileName { try #require(FileName(text)) }

    func attribute(_ name: String, _ value: [UInt8]) -> ExtendedAttribute {
        ExtendedAttribute(name: Array(name.utf8), value: value)
    }

    /// False, with a printed reason, where the file system of the tests does not take it.
    func isPossible(_ what: String, _ body: () throws -> Void) rethrows -> Bool {
        do { try body() } catch let error as SystemError
            where [.notSupported, .notPermitted, .inappropriateIOCTLForDevice].contains(error.errno)
        {
            print("skipped: \(what): \(error.message)")
            return false
        }
        return true
    }

    /// user::rw-, user:1234:r--, group::r--, mask::r--, other::---, as the kernel keeps it.
    static let acl: [UInt8] =
        [2, 0, 0, 0]
        + [(1, 6, UInt32.max), (2, 4, 1234), (4, 4, .max), (0x10, 4, .max), (0x20, 0, .max)].flatMap {
            (tag: UInt8, permissions: UInt8, id: UInt32) in
            [tag, 0, permissions, 0] + [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: id >> $0) }
        }

    @Test("Extended attributes of files and folders come back, empty and large ones too")
    func attributes() throws {
        try place.write("x", to: "source/folder/file")
        let attributes = [
            attribute("user.empty", []), attribute("user.large", noise(3000)), attribute("user.\u{E9}", [0, 255, 10]),
        ]
        let folder = try place.handle("source/folder")
        guard
            try isPossible(
                "user attributes",
                {
                    for one in attributes { try folder.openFile(name("file")).setExtendedAttribute(one) }
                    try folder.setExtendedAttribute(attributes[2])
                })
        else { return }
        try roundTrip()
        let restored = try place.handle("target/folder")
        #expect(try restored.openFile(name("file")).extendedAttributes() == attributes)
        #expect(try restored.extendedAttributes() == [attributes[2]])
    }

    @Test("ACLs come back, and what the target's own default ACL gives does not stay")
    func accessLists() throws {
        try place.write("x", to: "source/folder/file")
        try place.write("plain", to: "source/folder/plain")
        try place.makeFolder("target")
        let access = ExtendedAttribute(name: ExtendedAttribute.accessACL, value: Self.acl)
        let standard = ExtendedAttribute(name: ExtendedAttribute.defaultACL, value: Self.acl)
        let folder = try place.handle("source/folder")
        guard
            try isPossible(
                "ACLs",
                {
                    try folder.openFile(name("file")).setExtendedAttribute(access)
                    try folder.setExtendedAttribute(standard)
                    try place.handle("target").setExtendedAttribute(
                        ExtendedAttribute(name: ExtendedAttribute.defaultACL, value: Self.acl))
                })
        else { return }
        try roundTrip()
        let restored = try place.handle("target/folder")
        #expect(try restored.openFile(name("file")).extendedAttributes() == [access])
        #expect(try restored.openFile(name("plain")).extendedAttributes().isEmpty)
        #expect(try restored.extendedAttributes() == [standard])
    }

    @Test("Capabilities, and attributes of links and fifos, come back when they are asked for, and are counted else")
    func privilegedAttributes() throws {
        try place.write("x", to: "source/tool")
        let folder = try place.handle("source")
        try folder.makeSymbolicLink(name("link"), to: Array("nowhere".utf8))
        try folder.makeNode(name("pipe"), kind: .fifo)
        // cap_net_bind_service, permitted and effective, version 2.
        let capability = attribute(
            "security.capability", [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        let trusted = attribute("trusted.origin", Array("here".utf8))
        guard
            try isPossible(
                "attributes that take a privilege",
                {
                    try folder.openFile(name("tool")).setExtendedAttribute(capability)
                    try folder.setExtendedAttribute(trusted, of: name("link"))
                    try folder.setExtendedAttribute(trusted, of: name("pipe"))
                })
        else { return }
        let modest = try roundTrip(special: true)
        #expect(modest.counts.privilegedMetadataSkipped == 3)
        #expect(try place.handle("target").openFile(name("tool")).extendedAttributes().isEmpty)
        _ = try place.handle().removeTree(name("target"))
        #expect(try roundTrip(owners: true, special: true).counts.privilegedMetadataSkipped == 0)
        let restored = try place.handle("target")
        #expect(try restored.openFile(name("tool")).extendedAttributes() == [capability])
        #expect(try restored.extendedAttributes(of: name("link")) == [trusted])
        #expect(try restored.extendedAttributes(of: name("pipe")) == [trusted])
    }

    @Test("Flags come back; those that take a privilege when they are asked for")
    func flags() throws {
        try place.write("x", to: "source/file")
        try place.write("log", to: "source/log")
        let folder = try place.handle("source")
        guard
            try isPossible(
                "flags",
                {
                    try folder.openFile(name("file")).addFlags([.noDump, .noAccessTime])
                    try folder.openFile(name("log")).addFlags(.appendOnly)
                    try folder.addFlags(.noDump)
                })
        else { return }
        defer {
            for tree in ["source", "target"] {
                _ = try? place.handle(tree).openFile(name("log")).removeFlags(.appendOnly)
            }
        }
        #expect(try roundTrip().counts.privilegedMetadataSkipped == 1)
        _ = try place.handle().removeTree(name("target"))
        try roundTrip(owners: true)
        let restored = try place.handle("target")
        #expect(try restored.openFile(name("file")).flags() == [.noDump, .noAccessTime])
        #expect(try restored.openFile(name("log")).flags() == .appendOnly)
        #expect(try restored.flags() == .noDump)
    }

    /// Parts in KiB: data where positive, a hole where negative.
    @Test(
        "Files with holes come back with their bytes and their holes",
        arguments: [
            [-1024], [-1024, 4], [4, -1024], [4, -1024, 4, -2048, 4], [-64, 700, -128, 5000, -64], [300, -60, 300],
            [-4_000_000_000, 4], [4, -4, 8, -8, 400, -12, 4], [-4], [100, -4],
        ])
    func holes(parts: [Int64]) throws {
        let folder = try place.handle("source")
        do {
            let file = try folder.createFile(name("sparse"))
            var offset: Int64 = 0
            for part in parts {
                if part > 0 { try file.write(noise(Int(part) << 10, seed: UInt64(offset)), at: offset) }
                offset += abs(part) << 10
            }
            do throws(SystemError) { try file.setSize(offset) } catch {
                guard error.errno == .fileTooLarge || error.errno == .invalidArgument else { throw error }
                print("skipped: a file of \(offset) bytes: \(error.message)")
                return
            }
        }
        let captured = try capture()
        let data = parts.filter { $0 > 0 }.reduce(0, +) << 10
        #expect(captured.counts.bytesRead < data + 100 << 10)
        try roundTrip()
        let before = try folder.status(of: name("sparse"))
        let after = try place.handle("target").status(of: name("sparse"))
        #expect(after.sizeBytes == before.sizeBytes)
        #expect(after.blocks == before.blocks)
        #expect(try tree("target") == tree("source"))
    }

    @Test("Zeros where the snapshot has a hole are equal, anything else is a difference")
    func filledHole() throws {
        try place.handle("source").createFile(name("sparse")).setSize(1 << 20)
        let request = RestoreRequest(root: try capture().root, target: target)
        _ = try Restore(from: repository).run(request)
        let path = target.appending("sparse").string
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        let time = try place.handle("target").status(of: name("sparse")).modified
        for (byte, isEqual) in [(UInt8(0), true), (1, false)] {
            try handle.seek(toOffset: 500_000)
            try handle.write(contentsOf: [byte])
            try place.handle("target").setModified(of: name("sparse"), time)
            #expect(try RestoreCheck(against: repository).run(request).isEqual == isEqual)
        }
    }

    @Test("An unchanged file keeps its attributes and holes without being read")
    func unchanged() throws {
        try place.write("x", to: "source/file")
        let folder = try place.handle("source")
        try folder.createFile(name("sparse")).setSize(1 << 20)
        guard
            try isPossible(
                "user attributes",
                { try folder.openFile(name("file")).setExtendedAttribute(attribute("user.a", [1, 2])) })
        else { return }
        let cache = FileCache(
            at: place.path.appending("cache"), naming: repository.naming, chunker: .standard, scope: [])
        let first = try capture(cache: cache)
        try first.cache?.save()
        let second = try capture(cache: cache)
        #expect(second.counts.filesRead == 0)
        #expect(second.root == first.root)
        try folder.openFile(name("file")).setExtendedAttribute(attribute("user.a", [3]))
        let third = try capture(cache: cache)
        #expect(third.counts.filesRead == 1)
        #expect(third.root != first.root)
    }
}
