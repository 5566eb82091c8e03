internal import DRSystem

/// A page of a directory: entries in the order of their names' bytes.
struct TreePage {
    var entries: [TreeEntry]

    init(_ object: StoredObject) throws(RepositoryError) {
        var reader = try BodyReader(object, .treePage)
        let count = try reader.count("the number of entries", bytesEach: 2 + BodyReader.entryBytes)
        entries = []
        entries.reserveCapacity(count)
        for _ in 0..<count {
            let name = try reader.name()
            if let last = entries.last, last.name >= name {
                throw reader.wrong("\(name) comes after \(last.name)")
            }
            let (metadata, content) = try reader.entry()
            entries.append(TreeEntry(name: name, metadata: metadata, content: content))
        }
        try reader.end()
    }
}

/// The pages of a directory that needs more than one, in order.
struct TreeIndex {
    struct Page {
        var link: ObjectLink
        var entryCount: Int
        /// Nil for the only page of an empty directory, which is never listed.
        var firstName: FileName?
    }

    var pages: [Page]

    init(pages: [Page]) { self.pages = pages }

    init(_ object: StoredObject) throws(RepositoryError) {
        var reader = try BodyReader(object, .treeIndex)
        let count = try reader.count("the number of pages", bytesEach: 3)
        guard count >= 2 else { throw reader.wrong("it lists \(count) pages") }
        pages = []
        pages.reserveCapacity(count)
        for _ in 0..<count {
            let entryCount = Int(try reader.number("a page's number of entries", atMost: UInt64(Int32.max)))
            let name = try reader.name()
            guard entryCount > 0 else { throw reader.wrong("a page has no entries") }
            if let last = pages.last?.firstName, last >= name { throw reader.wrong("its pages are not in order") }
            pages.append(Page(link: try reader.link(.treePage), entryCount: entryCount, firstName: name))
        }
        try reader.end()
    }

    func encoded() -> (body: [UInt8], links: [ObjectLink]) {
        var writer = BodyWriter()
        writer.byte(BodyWriter.layout)
        writer.number(pages.count)
        for page in pages {
            writer.number(page.entryCount)
            writer.string(page.firstName?.bytes ?? [])
        }
        return (writer.bytes, pages.map(\.link))
    }
}

extension BodyReader {
    mutating func name() throws(RepositoryError) -> FileName {
        let bytes = try string("a name", 1...FileName.maximumBytes)
        guard let name = FileName(bytes) else { throw wrong("\(displayEscaped(bytes: bytes)) cannot be a name") }
        return name
    }
}
