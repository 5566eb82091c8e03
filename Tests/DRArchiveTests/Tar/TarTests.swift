import DRArchive
import DRSystem
import SystemPackage
import Testing

@Suite struct TarTests {
    struct Member: Equatable {
        var entry: TarEntry
        var content: [UInt8] = []
    }

    func metadata(_ kind: FileKind, _ size: Int = 0) -> FileMetadata {
        FileMetadata(
            kind: kind, permissions: 0o4755, userID: 1234, groupID: 70_000,
            modified: FileTime(seconds: 1_700_000_000, nanoseconds: 123_456_789), sizeBytes: Int64(size))
    }

    func file(_ path: [UInt8], _ content: [UInt8]) -> Member {
        Member(entry: TarEntry(path: path, metadata: metadata(.regular, content.count)), content: content)
    }

    var members: [Member] {
        var link = metadata(.symbolicLink)
        link.linkTarget = [0xFF, 0x2F, 0x0A]
        link.permissions = 0o777
        var device = metadata(.characterDevice)
        device.deviceMajor = 1
        device.deviceMinor = 3
        let long = Array(repeating: UInt8(ascii: "x"), count: 255)
        return [
            Member(entry: TarEntry(path: Array("folder".utf8), metadata: metadata(.directory))),
            file(Array("folder/plain".utf8), Array("content".utf8)),
            file([0xFF, 0xFE], Array("a name that is not UTF-8".utf8)),
            file(Array("é".utf8), []),
            file(Array("new\nline".utf8), [UInt8](repeating: 7, count: 100_000)),
            file(long + [0x2F] + long, [1]),
            Member(entry: TarEntry(path: Array("link".utf8), metadata: link)),
            Member(
                entry: TarEntry(
                    path: Array("other name".utf8), metadata: metadata(.regular),
                    hardLinkTarget: Array("folder/plain".utf8))),
            Member(entry: TarEntry(path: Array("null".utf8), metadata: device)),
            Member(entry: TarEntry(path: Array("fifo".utf8), metadata: metadata(.fifo))),
        ]
    }

    func archive(_ members: [Member]) throws -> [UInt8] {
        let file = try ScratchFile()
        var writer = try TarWriter(descriptor: file.descriptor)
        for member in members {
            try writer.begin(member.entry)
            if !member.content.isEmpty { try writer.write(member.content) }
        }
        #expect(try writer.finish() == [])
        return file.content
    }

    func read(_ archive: [UInt8]) throws -> (members: [Member], warnings: [String]) {
        let file = try ScratchFile(archive)
        var reader = try TarReader(descriptor: file.descriptor)
        var members: [Member] = []
        while let entry = try reader.next() {
            var member = Member(entry: entry)
            _ = try reader.read(upTo: 1 << 20, appendingTo: &member.content)
            members.append(member)
        }
        return (members, reader.warnings)
    }

    @Test("Members of every kind come back as they were, names as bytes, times to the nanosecond")
    func roundTrip() throws {
        var wanted = members
        // A folder's path ends in a slash in every tar archive.
        wanted[0].entry.path.append(UInt8(ascii: "/"))
        let result = try read(try archive(members))
        #expect(result.warnings == [])
        #expect(result.members.count == wanted.count)
        for (found, wanted) in zip(result.members, wanted) { #expect(found == wanted) }
    }

    @Test("GNU tar lists every member")
    func gnuTarReadsIt() throws {
        let file = try ScratchFile(try archive(members))
        let listing = try file.feed(to: "/bin/tar", ["-tf", "-", "--quoting-style=literal", "--show-stored-names"])
        #expect(listing.split(separator: 0x0A).contains(Array("folder/plain".utf8)[...]))
        #expect(listing.split(separator: 0x0A).contains([0xFF, 0xFE]))
        let content = try file.feed(to: "/bin/tar", ["-xOf", "-", "folder/plain"])
        #expect(content == Array("content".utf8))
    }

    @Test("An archive cut anywhere is damaged: a cut is never the end")
    func truncated() throws {
        let whole = try archive([file(Array("a".utf8), [UInt8](repeating: 1, count: 700)), file([0x62], [2])])
        // The end mark is two blocks of zeros; one of them is enough to be sure.
        let endMark = try #require(whole.count > 1024 ? whole.count - 1024 : nil)
        for cut in stride(from: 0, through: endMark, by: 128) {
            let error = #expect(throws: ArchiveError.self, "cut at \(cut)") { try read(Array(whole.prefix(cut))) }
            #expect(error?.code == .damaged, "cut at \(cut)")
        }
        #expect(try read(whole).members.count == 2)
    }

    @Test("What libarchive warns of is recorded, and is neither an error nor silence")
    func warned() throws {
        var bytes = try archive([file(Array("a".utf8), [1])])
        // The pax record that holds the time: its length is no longer a number.
        let record = try #require(bytes.firstRange(of: Array(" mtime=".utf8)))
        bytes[record.lowerBound - 1] = UInt8(ascii: "x")
        let result = try read(bytes)
        #expect(result.members.map(\.entry.path) == [Array("a".utf8)])
        #expect(result.warnings.count == 1)
        #expect(result.warnings.first?.contains("pax") == true)
    }

    @Test("A header whose checksum is wrong is damage; a descriptor that cannot be read is not")
    func fatal() throws {
        var bytes = try archive([file(Array("a".utf8), [1]), file(Array("b".utf8), [2])])
        let header = try #require(bytes.lastRange(of: Array("b".utf8) + [0, 0, 0, 0]))
        bytes[header.lowerBound] = UInt8(ascii: "c")
        let error = #expect(throws: ArchiveError.self) { try read(bytes) }
        #expect(error?.code == .damaged)
        #expect(error?.message.contains("a") == true)
        let unreadable = #expect(throws: ArchiveError.self) {
            var reader = try TarReader(descriptor: -1)
            _ = try reader.next()
        }
        #expect(unreadable?.code == .ioFailed)
    }

    @Test("A member with fewer or more bytes than announced is refused, not padded or cut")
    func wrongLength() throws {
        let scratch = try ScratchFile()
        let short = #expect(throws: ArchiveError.self) {
            var writer = try TarWriter(descriptor: scratch.descriptor)
            try writer.begin(file(Array("a".utf8), [1, 2, 3]).entry)
            try writer.write([1])
            _ = try writer.finish()
        }
        #expect(short?.code == .invalidEntry)
        let long = #expect(throws: ArchiveError.self) {
            var writer = try TarWriter(descriptor: scratch.descriptor)
            try writer.begin(file(Array("a".utf8), [1]).entry)
            try writer.write([1, 2])
        }
        #expect(long?.code == .invalidEntry)
    }

    @Test("A full disk is an error, not a warning")
    func fullDisk() throws {
        let error = #expect(throws: ArchiveError.self) {
            let full = try DirectoryHandle(opening: "/dev")
            let name = try #require(FileName("full"))
            let device = try full.openFileForWriting(name)
            var writer = try TarWriter(descriptor: device.rawValue)
            try writer.begin(file(Array("a".utf8), [1]).entry)
            try writer.write([1])
            _ = try writer.finish()
        }
        #expect(error?.code == .ioFailed)
    }
}

extension Array where Element == UInt8 {
    fileprivate func lastRange(of part: [UInt8]) -> Range<Int>? {
        guard count >= part.count else { return nil }
        return stride(from: count - part.count, through: 0, by: -1).first { self[$0...].starts(with: part) }
            .map { $0..<$0 + part.count }
    }
}
