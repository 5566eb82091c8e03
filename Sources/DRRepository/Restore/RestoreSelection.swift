internal import DRArchive
internal import DRSystem

/// Which part of a snapshot is restored: everything at and below some of its paths.
package struct RestoreSelection: Sendable {
    enum Verdict {
        /// It, and everything below it.
        case whole
        /// A directory that leads to something that is selected.
        case way
        case none
    }

    private var selected: Set<[UInt8]> = []
    private var ways: Set<[UInt8]> = []

    /// - Parameter paths: absolute, as the snapshot has them.
    package init(paths: [[UInt8]]) {
        for path in paths {
            selected.insert(path)
            var parent = path
            while let end = parent.lastIndex(of: UInt8(ascii: "/")), parent.count > 1 {
                parent = end == 0 ? [UInt8(ascii: "/")] : Array(parent[..<end])
                guard ways.insert(parent).inserted else { break }
            }
        }
    }

    /// How many paths are selected, not counting what lies below them.
    package var count: Int { selected.count }

    func verdict(_ path: [UInt8]) -> Verdict {
        if selected.contains(path) { return .whole }
        if ways.contains(path) { return .way }
        // Whether it lies in a directory that is selected.
        var parent = path[...]
        while let end = parent.lastIndex(of: UInt8(ascii: "/")), parent.count > 1 {
            parent = end == 0 ? parent.prefix(1) : parent[..<end]
            if selected.contains(Array(parent)) { return .whole }
        }
        return .none
    }

    /// The verdict on what lies at a path below a source; without a selection everything is whole.
    static func verdict(_ selection: Self?, _ source: [UInt8], _ relative: [UInt8]) -> Verdict {
        guard let selection else { return .whole }
        return selection.verdict(relative.isEmpty ? source : SnapshotBrowser.join(source, relative[...]))
    }
}

extension SnapshotBrowser {
    /// The paths that patterns match, outermost first: what lies in a directory that matched comes with it.
    /// - Throws: where a directory on the way cannot be read; what it holds may have matched.
    package func paths(
        matching patterns: [PathPattern], in root: ObjectLink
    ) throws(RepositoryError) -> [[UInt8]] {
        var found: [[UInt8]] = []
        for source in try sources(of: root) {
            var walk = SnapshotWalk(self, from: source)
            while let step = walk.next() {
                switch step {
                case .lost(_, let error): throw error
                case .item(let item):
                    let isFolder = item.metadata.kind == .directory
                    guard patterns.contains(where: { $0.matches(path: item.path, isFolder: isFolder) }) else {
                        continue
                    }
                    found.append(item.path)
                    walk.skipContents()
                }
            }
        }
        return found
    }
}
