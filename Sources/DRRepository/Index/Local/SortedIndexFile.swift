internal import DRCrypto
internal import DRSystem
internal import SystemPackage

/// The parts of a local index file, as its last page names them.
///
/// Sections: places (26 bytes, sorted by id), fences (8: how the first id of each page of places starts), packs (36:
/// name, and which of the hosts sealed it), hosts (32), covered (32: the index objects that went into it, sorted). The
/// last page has the magic line, the salt of the file's key, the binding, and the sections' sizes.
struct SortedIndexLayout: Equatable {
    static let magic = Array("drctl object index 1\n".utf8)
    static let saltBytes = 16
    static let packBytes = 36

    var places = PageSection(firstPage: 0, recordBytes: SortedRecord.byteCount, recordCount: 0)
    var fences = PageSection(firstPage: 0, recordBytes: 8, recordCount: 0)
    var packs = PageSection(firstPage: 0, recordBytes: packBytes, recordCount: 0)
    var hosts = PageSection(firstPage: 0, recordBytes: Digest.byteCount, recordCount: 0)
    var covered = PageSection(firstPage: 0, recordBytes: Digest.byteCount, recordCount: 0)

    private static let parts: [any WritableKeyPath<SortedIndexLayout, PageSection> & Sendable] = [
        \.places, \.fences, \.packs, \.hosts, \.covered,
    ]

    var pageCount: Int { Self.parts.reduce(1) { $0 + self[keyPath: $1].pageCount } }

    /// The one record of the last page.
    static let footerBytes = magic.count + saltBytes + Digest.byteCount + 8 * parts.count

    func write(to pages: inout PageWriter, salt: [UInt8], binding: Digest) throws(RepositoryError) {
        pages.begin(recordBytes: Self.footerBytes)
        try pages.startRecord()
        pages.store(bytes: Self.magic)
        pages.store(bytes: salt)
        pages.store(binding)
        for part in Self.parts { pages.store(UInt64(self[keyPath: part].recordCount)) }
        _ = try pages.end()
    }

    /// - Parameter page: the last page, checked or not.
    /// - Returns: nil where it is not the last page of such a file.
    static func read(_ page: [UInt8]) -> (layout: SortedIndexLayout, salt: [UInt8], binding: Digest)? {
        guard page.count == IndexPage.byteCount, page.starts(with: magic) else { return nil }
        var start = magic.count
        let salt = Array(page[start..<start + saltBytes])
        start += saltBytes
        guard let binding = page.digest(at: start) else { return nil }
        start += Digest.byteCount
        var layout = SortedIndexLayout()
        var firstPage = 0
        for part in parts {
            guard let count = Int(exactly: page.word(at: start)), count < 1 << 40 else { return nil }
            start += 8
            let section = PageSection(
                firstPage: firstPage, recordBytes: layout[keyPath: part].recordBytes, recordCount: count)
            layout[keyPath: part] = section
            firstPage += section.pageCount
        }
        return (layout, salt, binding)
    }
}

/// Where a local index file lies, what its keys come from, and what it must have been made of to count.
struct SortedIndexPlace: Sendable {
    let path: FilePath
    /// 32 bytes that only whoever has the domain's id key can know.
    let seed: [UInt8]
    /// Of the signers that count and of which of their packs; what was made under another binding is none.
    let binding: Digest

    func key(salt: [UInt8]) throws(RepositoryError) -> AEADKey {
        try IndexPage.key(of: salt + binding.bytes, seed: seed)
    }

    /// A file beside it, for what is not finished.
    func temporary() throws(RepositoryError) -> FilePath {
        let token = try Hexadecimal.text(randomBytes(8))
        return path.removingLastComponent().appending(".\(path.lastComponent?.string ?? "index").\(token).tmp")
    }
}

/// Writes a local index file.
struct SortedIndexFileWriter: ~Copyable {
    private let place: SortedIndexPlace
    private let salt: [UInt8]
    private var pages: PageWriter
    private var layout: SortedIndexLayout
    private var fences: [UInt64]
    private var placeCount: Int

    /// Creates the file, which must not be there.
    init(_ path: FilePath, _ place: SortedIndexPlace) throws(RepositoryError) {
        let salt = try randomBytes(SortedIndexLayout.saltBytes)
        let key = try place.key(salt: salt)
        let pages = PageWriter(try Self.create(path), key: key)
        self.place = place
        self.salt = salt
        self.pages = pages
        self.layout = SortedIndexLayout()
        self.fences = []
        self.placeCount = 0
        self.pages.begin(recordBytes: SortedRecord.byteCount)
    }

    private static func create(_ path: FilePath) throws(RepositoryError) -> OpenFile {
        do throws(SystemError) {
            guard let name = path.lastComponent.flatMap({ FileName($0.string) }) else {
                throw SystemError(call: "create", path: path, errno: .invalidArgument)
            }
            return try DirectoryHandle(opening: path.removingLastComponent()).createFile(name)
        } catch { throw IndexPage.failed(error.message, cause: error) }
    }

    /// Records come in their order.
    mutating func append(_ record: SortedRecord) throws(RepositoryError) {
        if placeCount % IndexPage.recordsPerPage(SortedRecord.byteCount) == 0 { fences.append(record.first) }
        placeCount += 1
        try record.write(to: &pages)
    }

    /// Writes what follows the places, and ends the file.
    consuming func finish(
        packs: [(name: Digest, host: SignerID)], covered: Set<Digest>
    ) throws(RepositoryError) {
        layout.places = try pages.end()
        pages.begin(recordBytes: 8)
        for fence in fences {
            try pages.startRecord()
            pages.store(fence)
        }
        layout.fences = try pages.end()
        var hosts: [SignerID] = []
        var hostNumbers: [SignerID: UInt32] = [:]
        pages.begin(recordBytes: SortedIndexLayout.packBytes)
        for pack in packs {
            let number = hostNumbers[pack.host] ?? UInt32(hosts.count)
            if Int(number) == hosts.count {
                hosts.append(pack.host)
                hostNumbers[pack.host] = number
            }
            try pages.startRecord()
            pages.store(pack.name)
            pages.store(number)
        }
        layout.packs = try pages.end()
        layout.hosts = try Self.write(hosts.map(\.digest), to: &pages)
        layout.covered = try Self.write(covered.sorted(), to: &pages)
        try layout.write(to: &pages, salt: salt, binding: place.binding)
        try pages.finish()
    }

    private static func write(_ digests: [Digest], to pages: inout PageWriter) throws(RepositoryError) -> PageSection {
        pages.begin(recordBytes: Digest.byteCount)
        for digest in digests {
            try pages.startRecord()
            pages.store(digest)
        }
        return try pages.end()
    }
}
