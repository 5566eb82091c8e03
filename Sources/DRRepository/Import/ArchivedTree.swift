internal import DRArchive
internal import DRSystem

/// The tree that the members of an archive make, in whatever order they come. A path that comes twice is what it was
/// the last time, as when the archive is unpacked.
struct ArchivedTree {
    private struct Entry {
        var path: [UInt8]
        var metadata: FileMetadata
        var pieces: [FilePiece]
        /// The entry that this is another name of.
        var original: Int?
    }

    /// What an archive came to.
    struct Written {
        var root: ObjectLink
        /// The sources' paths.
        var sources: [[UInt8]]
        /// Files, directories and other entries only.
        var counts: CaptureProgress
    }

    /// More topmost members than this are not sources of their own: then `/` is the one source.
    static let mostSources = 256
    /// As long as a hard-link table takes.
    private static let mostPathBytes = 1 << 16

    /// What counts as one entry of the limit; longer names and attributes count as several.
    private static let entryBytes = 512

    private let mostEntries: Int
    private var entries: [Entry] = []
    private var bytes = 0
    /// The last entry of each path.
    private var places: [[UInt8]: Int] = [:]
    /// Entries that have other names.
    private var originals: Set<Int> = []

    /// - Parameter mostEntries: further ones are refused.
    init(mostEntries: Int) { self.mostEntries = mostEntries }

    /// The absolute path that a member has in the tree.
    /// - Throws: where it would lie outside, or no tree can hold it.
    mutating func place(of entry: TarEntry) throws(RepositoryError) -> [UInt8] {
        bytes += entry.metadata.extendedAttributes.reduce(entry.path.count + entry.metadata.linkTarget.count) {
            $0 + $1.name.count + $1.value.count
        }
        guard entries.count + bytes / Self.entryBytes < mostEntries else {
            throw ArchiveImport.beyond("\(mostEntries) members, or as much of names and attributes", "--limit-entries")
        }
        return try Self.absolute(entry.path, "the archive's member")
    }

    private static func absolute(_ path: [UInt8], _ what: String) throws(RepositoryError) -> [UInt8] {
        var absolute: [UInt8] = []
        var levels = 0
        for part in path.split(separator: slash) where part != [UInt8(ascii: ".")] {
            guard let name = FileName(part) else {
                throw wrong("\(what) \(displayEscaped(bytes: path)) leads out of the tree, or has a name that is none")
            }
            absolute.append(slash)
            absolute.append(contentsOf: name.bytes)
            levels += 1
        }
        guard levels < Capture.mostLevels, absolute.count < mostPathBytes else {
            throw wrong("\(what) \(displayEscaped(bytes: path.prefix(100)))… lies \(levels) levels deep")
        }
        return absolute.isEmpty ? [slash] : absolute
    }

    /// Takes a member with its content.
    /// - Parameter place: what ``place(of:)`` gave.
    mutating func add(_ member: TarEntry, at place: [UInt8], _ pieces: [FilePiece]) throws(RepositoryError) {
        var entry = Entry(path: place, metadata: member.metadata, pieces: pieces)
        let shown = displayEscaped(bytes: place)
        if let target = member.hardLinkTarget {
            let targetPlace = try Self.absolute(target, "\(shown) is a hard link to")
            guard let index = places[targetPlace], entries[index].metadata.kind != .directory else {
                throw Self.wrong(
                    "\(shown) is a hard link to \(displayEscaped(bytes: targetPlace)), which is no file before it")
            }
            if targetPlace == place { return }
            entry.original = entries[index].original ?? index
            originals.insert(entries[index].original ?? index)
        }
        if entry.metadata.kind == .symbolicLink, !(1...4095).contains(entry.metadata.linkTarget.count) {
            throw Self.wrong("\(shown) is a symbolic link to a path of \(entry.metadata.linkTarget.count) bytes")
        }
        if place.count == 1, entry.metadata.kind != .directory { throw Self.wrong("the root is no directory") }
        places[place] = entries.count
        entries.append(entry)
    }

    /// Writes directories, the hard-link table and the root.
    /// - Parameter now: when directories were changed that no member stands for; they belong to this user.
    func write(to sink: any ObjectSink, now: Int64) throws(RepositoryError) -> Written {
        guard !entries.isEmpty else { throw Self.wrong("the archive has no members") }
        let order = places.values.sorted { TreeRoot.precedes(entries[$0].path, entries[$1].path) }
        try check(order[...])
        let (seconds, nanoseconds) = now.quotientAndRemainder(dividingBy: 1_000_000_000)
        let implied = FileMetadata(
            kind: .directory, permissions: 0o755, userID: Host.effectiveUID, groupID: Host.effectiveGID,
            modified: FileTime(seconds: seconds, nanoseconds: UInt32(nanoseconds)))
        var writer = Writer(tree: self, sink: sink, implied: implied)
        var sources: [TreeRoot.Source] = []
        for part in sourceParts(order) {
            writer.source = sources.count
            sources.append(try writer.write(source: part.path, part.members))
        }
        let hardLinks = try HardLinkTable(grouping: writer.groups.values).write(to: sink)
        let root = TreeRoot(sources: sources, hardLinks: hardLinks).encoded()
        let link = try sink.putNamed(.treeRoot, body: root.body, links: root.links)
        return Written(root: link, sources: sources.map(\.path), counts: writer.counts)
    }

    /// Nothing but a directory may have something below it.
    private func check(_ order: ArraySlice<Int>) throws(RepositoryError) {
        var above: [Int] = []
        for index in order {
            while let last = above.last, !TreeRoot.isInside(entries[index].path, of: entries[last].path) {
                above.removeLast()
            }
            if let last = above.last, content(of: last).metadata.kind != .directory {
                throw Self.wrong(
                    "\(displayEscaped(bytes: entries[index].path)) lies below \(displayEscaped(bytes: entries[last].path)), which is a \(content(of: last).metadata.kind.words)"
                )
            }
            above.append(index)
        }
    }

    /// The topmost members, each with all that lies in it.
    private func sourceParts(_ order: [Int]) -> [(path: [UInt8], members: ArraySlice<Int>)] {
        var parts: [(path: [UInt8], members: ArraySlice<Int>)] = []
        for (position, index) in order.enumerated() {
            let path = entries[index].path
            if let last = parts.last, TreeRoot.isInside(path, of: last.path) {
                parts[parts.count - 1].members = order[parts[parts.count - 1].members.startIndex...position]
            } else {
                // A source's path is limited as one that a host can be asked for.
                if parts.count == Self.mostSources || path.count > 4096 { return [([Self.slash], order[...])] }
                parts.append((path, order[position...position]))
            }
        }
        return parts
    }

    /// What stands behind an entry, be it another name or not.
    private func content(of index: Int) -> Entry { entries[entries[index].original ?? index] }

    private static let slash = UInt8(ascii: "/")

    private static func wrong(_ message: String) -> RepositoryError {
        RepositoryError(
            .invalidArgument, message, hint: "nothing was imported; make the archive again without that member")
    }

    /// Writes directory after directory, deepest first.
    private struct Writer {
        let tree: ArchivedTree
        let sink: any ObjectSink
        let implied: FileMetadata
        let pageSeed: [UInt8]
        var source = 0
        var sourceLength = 0
        var groups: [Int: [HardLinkTable.Member]] = [:]
        var counts = CaptureProgress()

        init(tree: ArchivedTree, sink: any ObjectSink, implied: FileMetadata) {
            self.tree = tree
            self.sink = sink
            self.implied = implied
            pageSeed = sink.naming.seed(for: "page")
        }

        /// - Parameter members: all of the source's, itself first where it is one.
        mutating func write(source path: [UInt8], _ members: ArraySlice<Int>) throws(RepositoryError) -> TreeRoot.Source
        {
            sourceLength = path.count == 1 ? 0 : path.count
            let (metadata, content) = try entry(at: path, members)
            return TreeRoot.Source(path: path, metadata: metadata, content: content)
        }

        private mutating func entry(
            at path: [UInt8], _ members: ArraySlice<Int>
        ) throws(RepositoryError) -> (FileMetadata, EntryContent) {
            guard let first = members.first, tree.entries[first].path == path else {
                return (implied, .directory(try directory(at: path, members)))
            }
            let entry = tree.content(of: first)
            switch entry.metadata.kind {
            case .directory: return (entry.metadata, .directory(try directory(at: path, members.dropFirst())))
            case .regular:
                counts.filesRead += 1
                let original = tree.entries[first].original ?? first
                if tree.originals.contains(original) {
                    let below = Array(path.dropFirst(min(path.count, sourceLength + 1)))
                    groups[original, default: []].append(HardLinkTable.Member(source: source, path: below))
                }
                return (entry.metadata, .file(entry.pieces))
            default:
                counts.otherEntries += 1
                return (entry.metadata, .nothing)
            }
        }

        /// - Parameter members: what lies below the path.
        private mutating func directory(
            at path: [UInt8], _ members: ArraySlice<Int>
        ) throws(RepositoryError) -> ObjectLink {
            counts.directories += 1
            var builder = DirectoryBuilder(sink: sink, pageSeed: pageSeed)
            let start = path.count == 1 ? 1 : path.count + 1
            var rest = members
            while let first = rest.first {
                let below = tree.entries[first].path[start...]
                guard let name = FileName(below.prefix { $0 != slash }) else {
                    throw RepositoryError(.internalFault, "an archive's path was not checked")
                }
                let child = Array(tree.entries[first].path.prefix(start + name.count))
                let end = self.end(of: child, in: rest)
                let (metadata, content) = try entry(at: child, rest[..<end])
                try builder.add(TreeEntry(name: name, metadata: metadata, content: content))
                rest = rest[end...]
            }
            return try builder.finish()
        }

        /// Where what is not the path, nor in it, begins. Members are in order, and start with it.
        private func end(of path: [UInt8], in members: ArraySlice<Int>) -> Int {
            var (low, high) = (members.startIndex, members.endIndex)
            while low < high {
                let middle = (low + high) / 2
                let other = tree.entries[members[middle]].path
                if other == path || TreeRoot.isInside(other, of: path) { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }
}
