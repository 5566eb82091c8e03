internal import DRArchive
internal import DRSystem

/// Reads trees of snapshots. What it returns has passed every rule of TreeFormat; a hostile writer can choose names
/// and metadata, but not names that lead elsewhere.
package struct TreeReader: Sendable {
    package let source: any ObjectSource

    /// Reads trees whose objects `source` opens.
    package init(source: any ObjectSource) { self.source = source }

    /// The root of a snapshot's tree.
    package func root(_ link: ObjectLink) throws(RepositoryError) -> TreeRoot { try TreeRoot(source.read(link)) }

    /// Which names of the tree are one file.
    package func hardLinks(of root: TreeRoot) throws(RepositoryError) -> HardLinkTable {
        guard let first = root.hardLinks else { return HardLinkTable() }
        return try HardLinkTable(first, from: source)
    }

    /// All entries of a directory, in the order of their names.
    package func entries(of directory: ObjectLink) throws(RepositoryError) -> [TreeEntry] {
        let object = try source.read(directory)
        guard directory.kind == .treeIndex else { return try TreePage(object).entries }
        var entries: [TreeEntry] = []
        for page in try TreeIndex(object).pages {
            let part = try TreePage(source.read(page.link)).entries
            guard part.count == page.entryCount, part.first?.name == page.firstName else {
                throw RepositoryError(.damaged, "treeIndex \(directory.id) and its page \(page.link.id) do not agree")
            }
            if let last = entries.last, let first = part.first, last.name >= first.name {
                throw RepositoryError(.damaged, "the pages of treeIndex \(directory.id) overlap")
            }
            entries += part
        }
        return entries
    }

    /// The chunks of a file in order, each with its place in the file: holes that are not read lie between them.
    func placedChunks(
        of pieces: [FilePiece], _ metadata: FileMetadata
    ) throws(RepositoryError) -> [(chunk: FilePiece, offsetBytes: Int64)] {
        var placed: [(chunk: FilePiece, offsetBytes: Int64)] = []
        var holes = metadata.skippedHoles[...]
        var offset: Int64 = 0
        for chunk in try chunks(of: pieces) {
            while let hole = holes.first, hole.offsetBytes == offset {
                offset = hole.endBytes
                holes.removeFirst()
            }
            placed.append((chunk, offset))
            offset += chunk.lengthBytes
            if let hole = holes.first, hole.offsetBytes < offset {
                throw RepositoryError(.damaged, "chunk \(chunk.link.id) reaches across a hole of its file")
            }
        }
        return placed
    }

    /// The chunks of a file in order, those of its lists included.
    package func chunks(of pieces: [FilePiece]) throws(RepositoryError) -> [FilePiece] {
        guard pieces.first?.link.kind == .chunkList else { return pieces }
        var chunks: [FilePiece] = []
        for piece in pieces {
            let list = try ChunkList(source.read(piece.link))
            guard list.lengthBytes == piece.lengthBytes else {
                throw RepositoryError(.damaged, "chunkList \(piece.link.id) and the file that names it do not agree")
            }
            chunks += list.chunks
        }
        return chunks
    }
}
