package import DRArchive
package import DRSystem

/// One name of a directory in a snapshot.
package struct TreeEntry: Hashable, Sendable {
    package var name: FileName
    package var metadata: FileMetadata
    package var content: EntryContent

    package init(name: FileName, metadata: FileMetadata, content: EntryContent) {
        self.name = name
        self.metadata = metadata
        self.content = content
    }
}

/// What lies behind an entry's metadata. It always fits the metadata's kind.
package enum EntryContent: Hashable, Sendable {
    /// Of symbolic links, devices and fifos, which are metadata only.
    case nothing
    /// Of a regular file: its pieces in order; none when it is empty. Their lengths add up to the size.
    case file([FilePiece])
    /// Of a directory: its page (`treePage`), or the list of its pages (`treeIndex`).
    case directory(ObjectLink)
}

/// A part of a regular file: one chunk, or a list of chunks (`chunkList`) where a file is long. A file has pieces of
/// one kind only.
package struct FilePiece: Hashable, Sendable {
    package var link: ObjectLink
    /// At least 1.
    package var lengthBytes: Int64

    package init(link: ObjectLink, lengthBytes: Int64) {
        self.link = link
        self.lengthBytes = lengthBytes
    }
}
