import DRRepository
import DRSystem
import Testing

/// What a writer who has the keys, but not our manners, could store.
@Suite struct HostileTreeTests {
    let repository = MemoryRepository()

    /// An empty regular file of mode 0: kind, mode, user, group, seconds, nanoseconds, size, pieces, extensions.
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

    func file(size: [UInt8], _ pieces: [UInt8]) -> [UInt8] { [0, 1, 1, 0x61, 1, 0, 0, 0, 0, 0] + size + pieces + [0] }

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
        refuses([0, 1, 1, 0x61, 3, 0, 0, 0, 0, 0, 1, 0, 0], "a link to NUL")
    }

    @Test("Metadata and layouts of a newer version are said to be that")
    func newer() {
        for body in [[0, 1, 1, 0x61, 6, 0, 0, 0, 0, 0, 1], [1, 0]] as [[UInt8]] {
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
