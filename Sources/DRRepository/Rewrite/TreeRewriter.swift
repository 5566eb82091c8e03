internal import DRArchive
internal import DRSystem

/// Takes paths out of trees. Directories that nothing is taken out of stay the objects that they are.
struct TreeRewriter {
    private let reader: TreeReader
    private let sink: any ObjectSink
    private let pageSeed: [UInt8]
    private let selection: RestoreSelection
    /// Of the tree under way: what was taken out.
    private(set) var taken = CaptureProgress()

    /// - Parameters:
    ///   - source: opens the trees.
    ///   - sink: gets the directories that change.
    ///   - selection: what is taken out, with everything below.
    init(from source: any ObjectSource, into sink: any ObjectSink, without selection: RestoreSelection) {
        reader = TreeReader(source: source)
        self.sink = sink
        pageSeed = sink.naming.seed(for: "page")
        self.selection = selection
    }

    /// What became of a snapshot's tree.
    enum Outcome {
        /// It holds nothing that was to be taken out.
        case unchanged
        /// Without what was taken out.
        case rewritten(ObjectLink)
        /// Nothing is left of it.
        case emptied
    }

    /// - Throws: where a directory on the way, or in what is taken out, cannot be read; nothing refers to what the sink
    ///   got then.
    mutating func rewrite(_ link: ObjectLink) throws(RepositoryError) -> Outcome {
        taken = CaptureProgress()
        let root = try reader.root(link)
        var sources: [TreeRoot.Source] = []
        /// By their numbers before.
        var numbers: [Int: Int] = [:]
        for (number, source) in root.sources.enumerated() {
            guard let content = try rewrite(source.content, at: source.path) else {
                if case .file = source.content { taken.bytesRead += source.metadata.sizeBytes }
                continue
            }
            numbers[number] = sources.count
            sources.append(TreeRoot.Source(path: source.path, metadata: source.metadata, content: content))
        }
        if taken == CaptureProgress() { return .unchanged }
        if sources.isEmpty { return .emptied }
        let groups = try reader.hardLinks(of: root).groups.map { group in
            group.compactMap { member -> HardLinkTable.Member? in
                let source = root.sources[member.source].path
                guard let number = numbers[member.source],
                    RestoreSelection.verdict(selection, source, member.path) != .whole
                else { return nil }
                return HardLinkTable.Member(source: number, path: member.path)
            }
        }
        let hardLinks = try HardLinkTable(grouping: groups).write(to: sink)
        let encoded = TreeRoot(sources: sources, hardLinks: hardLinks).encoded()
        return .rewritten(try sink.putNamed(.treeRoot, body: encoded.body, links: encoded.links))
    }

    /// - Returns: nil where it is taken out.
    private mutating func rewrite(
        _ content: EntryContent, at path: [UInt8]
    ) throws(RepositoryError) -> EntryContent? {
        switch selection.verdict(path) {
        case .none: return content
        case .whole:
            try count(content)
            return nil
        case .way:
            guard case .directory(let link) = content else { return content }
            let before = taken
            var kept: [TreeEntry] = []
            for var entry in try reader.entries(of: link) {
                let below = SnapshotBrowser.join(path, entry.name.bytes)
                guard let content = try rewrite(entry.content, at: below) else {
                    if case .file = entry.content { taken.bytesRead += entry.metadata.sizeBytes }
                    continue
                }
                entry.content = content
                kept.append(entry)
            }
            if taken == before { return content }
            var builder = DirectoryBuilder(sink: sink, pageSeed: pageSeed)
            for entry in kept { try builder.add(entry) }
            return .directory(try builder.finish())
        }
    }

    /// Counts what is taken out with an entry; the length of a file is counted by who sees its metadata.
    private mutating func count(_ content: EntryContent) throws(RepositoryError) {
        switch content {
        case .nothing: taken.otherEntries += 1
        case .file: taken.filesRead += 1
        case .directory(let link):
            taken.directories += 1
            for entry in try reader.entries(of: link) {
                if case .file = entry.content { taken.bytesRead += entry.metadata.sizeBytes }
                try count(entry.content)
            }
        }
    }
}
