package import DRArchive
package import DRSystem

/// The top of a snapshot: what was asked to be backed up, and the tables that belong to all of it.
package struct TreeRoot: Sendable {
    /// One path that was backed up: a directory, or any other thing.
    package struct Source: Hashable, Sendable {
        /// Absolute, without `.`, `..` or doubled slashes, of any encoding.
        package var path: [UInt8]
        package var metadata: FileMetadata
        package var content: EntryContent

        package init(path: [UInt8], metadata: FileMetadata, content: EntryContent) {
            self.path = path
            self.metadata = metadata
            self.content = content
        }
    }

    /// In the order of ``precedes(_:_:)``; none lies inside another.
    package var sources: [Source]
    /// The first object of the hard-link table; nil when no two names are one file.
    package var hardLinks: ObjectLink?

    package init(sources: [Source], hardLinks: ObjectLink?) {
        self.sources = sources
        self.hardLinks = hardLinks
    }

    init(_ object: StoredObject) throws(RepositoryError) {
        var reader = try BodyReader(object, .treeRoot)
        let count = try reader.count("the number of sources", bytesEach: 2 + BodyReader.entryBytes)
        guard count > 0 else { throw reader.wrong("it has no sources") }
        sources = []
        for _ in 0..<count {
            let path = Array(try reader.string("a source's path", 1...4096))
            guard Self.components(ofAbsolute: path) != nil else {
                throw reader.wrong("\(displayEscaped(bytes: path)) is not an absolute path")
            }
            if let last = sources.last {
                guard Self.precedes(last.path, path), !Self.isInside(path, of: last.path) else {
                    throw reader.wrong("its sources are not in order, or one lies inside another")
                }
            }
            let (metadata, content) = try reader.entry()
            sources.append(Source(path: path, metadata: metadata, content: content))
        }
        switch try reader.byte() {
        case 0: hardLinks = nil
        case 1: hardLinks = try reader.link(.hardLinks)
        case let other: throw reader.wrong("byte \(other) where 0 or 1 says whether hard links follow")
        }
        try reader.end()
    }

    func encoded() -> (body: [UInt8], links: [ObjectLink]) {
        var writer = BodyWriter()
        var links: [ObjectLink] = []
        writer.byte(BodyWriter.layout)
        writer.number(sources.count)
        for source in sources {
            writer.string(source.path)
            writer.entry(source.metadata, source.content, links: &links)
        }
        writer.byte(hardLinks == nil ? 0 : 1)
        if let hardLinks { links.append(hardLinks) }
        return (writer.bytes, links)
    }

    /// The names of an absolute path; none for `/`.
    /// - Returns: nil where it is not absolute, or a part cannot be a name.
    package static func components(ofAbsolute path: [UInt8]) -> [FileName]? {
        guard path.first == slash else { return nil }
        return path.count == 1 ? [] : components(ofRelative: path.dropFirst())
    }

    /// The names of a relative path.
    /// - Returns: nil where a part cannot be a name; an empty path is none.
    package static func components(ofRelative path: some Collection<UInt8>) -> [FileName]? {
        var names: [FileName] = []
        for part in path.split(separator: slash, omittingEmptySubsequences: false) {
            guard let name = FileName(part) else { return nil }
            names.append(name)
        }
        return names
    }

    /// The order in which a walk meets paths: by their names' bytes, one name after the other, so that what lies in a
    /// directory comes right after it.
    package static func precedes(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        let count = min(one.count, other.count)
        var index = 0
        while index < count, one[index] == other[index] { index += 1 }
        if index == count { return one.count < other.count }
        // No name holds NUL: a slash that counts as NUL is less than anything in a name.
        let left = one[index] == slash ? 0 : one[index]
        let right = other[index] == slash ? 0 : other[index]
        return left < right
    }

    /// Whether a path lies inside a directory's; both absolute.
    package static func isInside(_ path: [UInt8], of directory: [UInt8]) -> Bool {
        if directory.count == 1 { return path.count > 1 }
        return path.count > directory.count && path.starts(with: directory) && path[directory.count] == slash
    }

    private static let slash = UInt8(ascii: "/")
}
