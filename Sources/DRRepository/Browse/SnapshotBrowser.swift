package import DRArchive
internal import DRSystem

/// Looks around in a snapshot without restoring it.
package struct SnapshotBrowser: Sendable {
    /// Something in a snapshot, with its path as it was on the host.
    package struct Item: Sendable {
        /// Absolute, of any encoding.
        package var path: [UInt8]
        package var metadata: FileMetadata
        package var content: EntryContent
    }

    let reader: TreeReader

    /// Looks at what `source` opens.
    package init(source: any ObjectSource) { reader = TreeReader(source: source) }

    /// The sources of a snapshot.
    package func sources(of root: ObjectLink) throws(RepositoryError) -> [Item] {
        try reader.root(root).sources.map { Item(path: $0.path, metadata: $0.metadata, content: $0.content) }
    }

    /// What lies at a path: absolute as it was on the host; or, in a snapshot of one source, relative to that.
    /// - Returns: nil where the snapshot has nothing there.
    package func item(at path: [UInt8], in root: ObjectLink) throws(RepositoryError) -> Item? {
        let sources = try sources(of: root)
        var wanted = path
        if path.first != UInt8(ascii: "/") {
            guard sources.count == 1 else { return nil }
            // A file that is the only source is named as in its folder.
            let isFile = sources[0].metadata.kind != .directory
            let base = isFile ? Self.folder(of: sources[0].path) : sources[0].path[...]
            wanted = Self.join(Array(base), path[...])
        }
        while wanted.count > 1, wanted.last == UInt8(ascii: "/") { wanted.removeLast() }
        for source in sources {
            if source.path == wanted { return source }
            guard TreeRoot.isInside(wanted, of: source.path) else { continue }
            let below = wanted.dropFirst(source.path.count == 1 ? 1 : source.path.count + 1)
            guard let names = TreeRoot.components(ofRelative: below) else { return nil }
            return try descend(names, from: source)
        }
        return nil
    }

    private func descend(_ names: [FileName], from start: Item) throws(RepositoryError) -> Item? {
        var item = start
        for name in names {
            guard case .directory(let link) = item.content,
                let entry = try reader.entries(of: link).first(where: { $0.name == name })
            else { return nil }
            item = Item(below: item, entry)
        }
        return item
    }

    /// What lies directly in a directory, in the order of names; nothing in anything else.
    package func children(of item: Item) throws(RepositoryError) -> [Item] {
        guard case .directory(let link) = item.content else { return [] }
        return try reader.entries(of: link).map { Item(below: item, $0) }
    }

    /// A file's content, from the start.
    /// - Throws: `invalidArgument` for what is no file; where its list of chunks is lost.
    package func content(of item: Item) throws(RepositoryError) -> FileContent {
        guard case .file(let pieces) = item.content else {
            throw RepositoryError(
                .invalidArgument, "\(displayEscaped(bytes: item.path)) is a \(item.metadata.kind.words), not a file")
        }
        return FileContent(
            source: reader.source, chunks: try reader.placedChunks(of: pieces, item.metadata)[...],
            sizeBytes: item.metadata.sizeBytes)
    }

    private static func folder(of path: [UInt8]) -> ArraySlice<UInt8> {
        path[..<(path.lastIndex(of: UInt8(ascii: "/")) ?? 0)]
    }

    static func join(_ path: [UInt8], _ name: ArraySlice<UInt8>) -> [UInt8] {
        path.last == UInt8(ascii: "/") ? path + name : path + [UInt8(ascii: "/")] + name
    }
}

extension SnapshotBrowser.Item {
    fileprivate init(below parent: Self, _ entry: TreeEntry) {
        self.init(
            path: SnapshotBrowser.join(parent.path, entry.name.bytes), metadata: entry.metadata, content: entry.content)
    }
}
