internal import DRCrypto
internal import DRSystem

/// Writes one directory: takes its entries in the order of their names and gives the link that stands for it.
///
/// Pages are cut where a keyed digest of a name says so, so that a change in a huge directory rewrites the page it is
/// in and, where it moves a cut, one neighbour; never the whole.
struct DirectoryBuilder {
    /// A page is not cut before it has this many bytes, its links counted with 33 each.
    static let leastPageBytes = 64 << 10
    /// A page that has this many is cut whatever the names say.
    static let mostPageBytes = 256 << 10
    /// One name in so many cuts.
    static let namesACut: UInt64 = 512
    static let linkBytes = 33

    private let sink: any ObjectSink
    private let pageSeed: [UInt8]
    private var entries = BodyWriter(reserving: 4 << 10)
    private var links: [ObjectLink] = []
    private var count = 0
    private var firstName: FileName?
    private var pages: [TreeIndex.Page] = []

    /// - Parameter pageSeed: `ObjectNaming.seed(for: "page")`.
    init(sink: any ObjectSink, pageSeed: [UInt8]) {
        self.sink = sink
        self.pageSeed = pageSeed
    }

    /// Takes the next entry; names must ascend.
    mutating func add(_ entry: TreeEntry) throws(RepositoryError) {
        if firstName == nil { firstName = entry.name }
        entries.string(entry.name.bytes)
        entries.entry(entry.metadata, entry.content, links: &links)
        count += 1
        let byteCount = entries.bytes.count + links.count * Self.linkBytes
        if byteCount >= Self.leastPageBytes, byteCount >= Self.mostPageBytes || cuts(entry.name) {
            try closePage()
        }
    }

    /// - Returns: the page, or the index of the pages where there is more than one.
    consuming func finish() throws(RepositoryError) -> ObjectLink {
        if count > 0 || pages.isEmpty { try closePage() }
        if pages.count == 1 { return pages[0].link }
        let index = TreeIndex(pages: pages).encoded()
        return try sink.putNamed(.treeIndex, body: index.body, links: index.links)
    }

    private mutating func closePage() throws(RepositoryError) {
        var page = BodyWriter(reserving: entries.bytes.count + 8)
        page.byte(BodyWriter.layout)
        page.number(count)
        page.append(entries)
        let link = try sink.putNamed(.treePage, body: page.bytes, links: links)
        pages.append(TreeIndex.Page(link: link, entryCount: count, firstName: firstName))
        entries.removeAll()
        links.removeAll(keepingCapacity: true)
        count = 0
        firstName = nil
    }

    private func cuts(_ name: FileName) -> Bool {
        Digest.of(pageSeed + name.bytes).words.3 % Self.namesACut == 0
    }
}

extension ObjectSink {
    /// Names and hands over an object that has links.
    func putNamed(_ kind: ObjectKind, body: [UInt8], links: [ObjectLink]) throws(RepositoryError) -> ObjectLink {
        let name = naming.name(kind, body: body, links: links)
        if !contains(name.id) { try put(NewObject(kind, name: name, body: body, links: links)) }
        return ObjectLink(kind, name.id)
    }
}
