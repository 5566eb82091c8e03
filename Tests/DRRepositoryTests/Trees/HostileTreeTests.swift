import DRArchive
import DRRepository
import DRSystem
import SystemPackage
import Testing

/// What a writer who has the keys, but not our manners, could store.
@Suite struct HostileTreeTests {
    let repository = MemoryRepository()

    /// An empty regular file of mode 0: kind, mode, user, group, seconds, nanoseconds, extensions, size, pieces.
    static let emptyFile: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 0]

    func page(_ names: [[UInt8]], tail: [UInt8] = []) -> [UInt8] {
        var body: [UInt8] = [0, UInt8(names.count)]
        for name in names {
            body.append(UInt8(name.count))
            body += name
            body += Self.emptyFile
        }
        return body + tail
    }

    func entries(_ body: [UInt8], links: [ObjectLink] = []) throws -> [TreeEntry] {
        try TreeReader(source: repository).entries(of: repository.forge(.treePage, body: body, links: links))
    }

    func refuses(_ body: [UInt8], links: [ObjectLink] = [], _ comment: Comment) {
        let error = #expect(throws: RepositoryError.self, comment) { try entries(body, links: links) }
        #expect(error?.code == .damaged, comment)
    }

    @Test("The page that the others differ from is fine")
    func control() throws {
        #expect(try entries(page([[0x61], [0x62]])).map(\.name.description) == ["a", "b"])
        #expect(try entries([0, 0]).isEmpty)
    }

    @Test(
        "Names that lead elsewhere are refused",
        arguments: ["..", ".", "/", "a/b", "../x", "/etc/passwd", "a\0b", "", "a/"])
    func names(text: String) { refuses(page([Array(text.utf8)]), "\(text)") }

    @Test("A name of 256 bytes, names out of order, and doubled names are refused")
    func moreNames() {
        let long = [UInt8](repeating: 0x61, count: 256)
        refuses([0, 1, 0x80, 2] + long + Self.emptyFile, "256 bytes")
        refuses(page([[0x62], [0x61]]), "out of order")
        refuses(page([[0x61], [0x61]]), "twice")
    }

    @Test("A body cut anywhere, and one with bytes behind its end, is refused")
    func lengths() {
        let whole = page([[0x61], [0x62, 0x63]])
        for count in 0..<whole.count { refuses(Array(whole.prefix(count)), "cut to \(count)") }
        refuses(whole + [0], "one byte more")
    }

    @Test("Counts that the body cannot hold are refused before memory is asked for")
    func counts() {
        refuses([0, 0xFF, 0xFF, 0xFF, 0xFF, 0x07], "2^31 entries")
        refuses([0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], "2^64 - 1 entries")
        refuses([0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], "more than 64 bits")
        refuses([0, 0x80, 0x00], "a long zero")
    }

    func file(size: [UInt8], _ pieces: [UInt8]) -> [UInt8] { [0, 1, 1, 0x61, 1, 0, 0, 0, 0, 0, 0] + size + pieces }

    @Test("Pieces that do not add up, or are not chunks, are refused; so are links that nobody asked for")
    func pieces() throws {
        let chunk = ObjectLink(.chunk, repository.naming.name(.treePage, body: [1], links: []).id)
        #expect(try entries(file(size: [5], [1, 1]), links: [chunk]).count == 1)
        refuses(file(size: [5], [0]), "bytes without pieces")
        refuses(file(size: [0], [1, 1]), links: [chunk], "a piece without bytes")
        refuses(file(size: [5], [2, 1, 2, 2]), links: [chunk, chunk], "4 of 5 bytes")
        refuses(file(size: [5], [2, 1, 4, 4]), links: [chunk, chunk], "8 of 5 bytes")
        refuses(file(size: [5], [1, 1]), "no link")
        refuses(file(size: [5], [1, 1]), links: [chunk, chunk], "a link too many")
        refuses(file(size: [5], [1, 3]), links: [chunk], "a page as content")
        refuses(file(size: [5], [1, 2]), links: [chunk], "a chunk where a list was said")
        refuses(page([[0x61]]), links: [chunk], "a link for nobody")
    }

    @Test("Kinds, modes, times and links out of range are refused")
    func metadata() {
        for kind: UInt8 in [0, 7, 8, 255] { refuses([0, 1, 1, 0x61, kind, 0, 0, 0, 0, 0, 0, 0, 0], "kind \(kind)") }
        refuses([0, 1, 1, 0x61, 1, 0x80, 0x20, 0, 0, 0, 0, 0, 0, 0], "mode 0o10000")
        refuses([0, 1, 1, 0x61, 6, 0, 0x80, 0x80, 0x80, 0x80, 0x10, 0, 0, 0, 0], "user 2^32")
        refuses([0, 1, 1, 0x61, 6, 0, 0, 0, 0, 0x80, 0x94, 0xEB, 0xDC, 0x03, 0], "10^9 nanoseconds")
        refuses([0, 1, 1, 0x61, 3, 0, 0, 0, 0, 0, 0, 0], "a link to nothing")
        refuses([0, 1, 1, 0x61, 3, 0, 0, 0, 0, 0, 0, 1, 0], "a link to NUL")
    }

    /// A file of these extensions; its size is 65,536 bytes, so that a hole can fill it.
    func extended(_ extensions: [UInt8], _ content: [UInt8] = [0x80, 0x80, 4, 0]) -> [UInt8] {
        [0, 1, 1, 0x61, 1, 0, 0, 0, 0, 0] + extensions + [0] + content
    }

    @Test("Extensions out of order, twice, empty or out of range are refused")
    func extensions() throws {
        let whole = try entries(extended([1, 1, 2, 0x75, 0x2E, 1, 7, 2, 0x40, 3, 1, 0, 0x80, 0x80, 4]))
        #expect(whole[0].metadata.flags == .noDump)
        #expect(whole[0].metadata.holes == [FileHole(offsetBytes: 0, lengthBytes: 65536)])
        #expect(whole[0].metadata.extendedAttributes == [ExtendedAttribute(name: [0x75, 0x2E], value: [7])])
        refuses(extended([2, 0x40, 1, 1, 1, 0x75, 0, 3, 1, 0, 0x80, 0x80, 4]), "out of order")
        refuses(extended([2, 0x40, 2, 0x40, 3, 1, 0, 0x80, 0x80, 4]), "twice")
        refuses(extended([1, 0, 3, 1, 0, 0x80, 0x80, 4]), "no attributes")
        refuses(extended([1, 1, 0, 0, 3, 1, 0, 0x80, 0x80, 4]), "an attribute without a name")
        refuses(extended([1, 1, 1, 0, 0, 3, 1, 0, 0x80, 0x80, 4]), "an attribute's name of NUL")
        refuses(extended([1, 2, 1, 0x62, 0, 1, 0x61, 0, 3, 1, 0, 0x80, 0x80, 4]), "attributes out of order")
        refuses(extended([1, 2, 1, 0x62, 0, 1, 0x62, 0, 3, 1, 0, 0x80, 0x80, 4]), "an attribute twice")
        refuses(extended([2, 0, 3, 1, 0, 0x80, 0x80, 4]), "no flags")
        refuses(extended([2, 0x80, 0x20, 3, 1, 0, 0x80, 0x80, 4]), "a flag that is not kept")
        refuses(extended([3, 0], [0, 0]), "no holes")
        refuses(extended([3, 1, 0, 0], [0, 0]), "an empty hole")
        refuses(extended([3, 1, 1, 0x80, 0x80, 4]), "a hole beyond the end")
        refuses(extended([3, 2, 0, 0x80, 0x80, 2, 0, 0x80, 0x80, 2]), "holes that touch")
        refuses(extended([3, 1, 0, 0x80, 0x80, 4], [0x81, 0x80, 4, 0]), "a byte of data without a piece")
        refuses(extended([3, 1, 0, 9]), "a short hole, and no pieces")
        refuses([0, 1, 1, 0x61, 6, 0, 0, 0, 0, 0, 3, 1, 0, 0x80, 0x80, 4, 0], "a fifo with holes")
        refuses([0, 1, 1, 0x61, 6, 0, 0, 0, 0, 0, 2, 0x40, 0], "a fifo with flags")
        let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]
        refuses(extended([3, 2] + huge + [1] + huge + [1]), "holes beyond 2^63")
    }

    @Test("A chunk that reaches across a hole is refused")
    func chunkAcrossHole() throws {
        let chunk = ObjectLink(.chunk, repository.naming.name(.treePage, body: [1], links: []).id)
        let page = repository.forge(
            .treePage, body: extended([3, 1, 2, 0x80, 0x80, 4], [0x85, 0x80, 4, 1, 1]), links: [chunk])
        let root = repository.forge(
            .treeRoot, body: [0, 1, 2, 0x2F, 0x61, 2, 0, 0, 0, 0, 0, 0, 0], links: [page])
        let tree = try TemporaryTree()
        let result = try Restore(from: repository).run(
            RestoreRequest(root: root, target: tree.path.appending("target")))
        #expect(result.counts.failureCount == 1)
        #expect(result.conditions == [.damaged])
    }

    @Test("Metadata and layouts of a newer version are said to be that")
    func newer() {
        for body in [[0, 1, 1, 0x61, 6, 0, 0, 0, 0, 0, 4, 0], [1, 0]] as [[UInt8]] {
            let error = #expect(throws: RepositoryError.self) { try entries(body) }
            #expect(error?.code == .unsupportedFormat)
        }
    }

    @Test(
        "Roots with paths that are relative, climb, or lie inside each other are refused",
        arguments: [
            ["relative"], ["/a/../b"], ["/a//b"], ["/a/"], [""], ["/b", "/a"], ["/a", "/a/b"], ["/a", "/a"],
            ["/", "/a"],
        ])
    func roots(paths: [String]) {
        var body: [UInt8] = [0, UInt8(paths.count)]
        for path in paths {
            body.append(UInt8(path.utf8.count))
            body += Array(path.utf8)
            body += Self.emptyFile
        }
        body.append(0)
        let error = #expect(throws: RepositoryError.self) {
            try TreeReader(source: repository).root(repository.forge(.treeRoot, body: body))
        }
        #expect(error?.code == .damaged)
    }

    @Test("Pages that overlap, or are not what their index says, are refused")
    func indexes() throws {
        let one = repository.forge(.treePage, body: page([[0x61], [0x63]]))
        let two = repository.forge(.treePage, body: page([[0x64]]))
        let overlapping = repository.forge(.treePage, body: page([[0x62]]))
        func read(_ body: [UInt8], _ links: [ObjectLink]) throws -> Int {
            try TreeReader(source: repository).entries(of: repository.forge(.treeIndex, body: body, links: links)).count
        }
        #expect(try read([0, 2, 2, 1, 0x61, 1, 1, 0x64], [one, two]) == 3)
        let bad: [([UInt8], [ObjectLink])] = [
            ([0, 2, 2, 1, 0x61, 1, 1, 0x62], [one, overlapping]), ([0, 2, 1, 1, 0x61, 1, 1, 0x64], [one, two]),
            ([0, 2, 2, 1, 0x62, 1, 1, 0x64], [one, two]), ([0, 1, 2, 1, 0x61], [one]),
            ([0, 2, 1, 1, 0x64, 2, 1, 0x61], [two, one]),
        ]
        for (body, links) in bad { #expect(throws: RepositoryError.self) { try read(body, links) } }
    }
}
