/// What an object of a repository is. The number is part of the format: it goes into ids and associated data.
package enum ObjectKind: UInt8, Hashable, Sendable, CaseIterable {
    /// A piece of a file's content. It has no links.
    case chunk = 1
    /// The ordered list of the chunks of a long file; its links are those chunks (or further lists).
    case chunkList = 2
    /// One page of a directory: names and metadata in the body, children in the links.
    case treePage = 3
    /// The pages of a directory that needs more than one, in order; its links are those pages.
    case treeIndex = 4
    /// The top of a snapshot: the source paths, and the tables that belong to all of them.
    case treeRoot = 5
    /// Which paths of a snapshot are one file under several names.
    case hardLinks = 6
}
