package import DRArchive
internal import DRSystem

/// One path that differs between two snapshots.
package struct SnapshotChange: Sendable, Hashable {
    /// How it differs. Where several hold, the first of this list.
    package enum Kind: String, Sendable, CaseIterable {
        case added, removed
        /// A file became a folder, say.
        case kind
        case content
        /// Mode, owner, time, attributes or flags only.
        case metadata
    }

    package var kind: Kind
    /// Absolute.
    package var path: [UInt8]
    /// Nil where it was added or removed.
    package var before: FileMetadata?
    package var after: FileMetadata?

    /// Whether the one that is there, or either, is a directory.
    package var isDirectory: Bool { (after ?? before)?.kind == .directory }
}

extension SnapshotBrowser {
    /// What changed from one snapshot to another.
    package func changes(from old: ObjectLink, to new: ObjectLink) throws(RepositoryError) -> SnapshotChanges {
        if old == new { return SnapshotChanges(self, before: [], after: []) }
        return SnapshotChanges(self, before: try sources(of: old), after: try sources(of: new))
    }
}

/// Tells changes one after the other, in the order of paths. Directories with equal ids are skipped with all that is in
/// them, so that this takes time with what changed, not with what is there. Of an added or removed directory
/// everything in it is told. A directory's own time changes with every name in it, and is told as `metadata`.
package struct SnapshotChanges {
    private typealias Item = SnapshotBrowser.Item

    private let browser: SnapshotBrowser
    /// Two lists to be merged for each level, the innermost last.
    private var levels: [(before: ArraySlice<SnapshotBrowser.Item>, after: ArraySlice<SnapshotBrowser.Item>)]

    init(_ browser: SnapshotBrowser, before: [SnapshotBrowser.Item], after: [SnapshotBrowser.Item]) {
        self.browser = browser
        levels = [(before[...], after[...])]
    }

    /// - Returns: nil at the end.
    /// - Throws: where a directory that differs cannot be read.
    package mutating func next() throws(RepositoryError) -> SnapshotChange? {
        while let level = levels.indices.last {
            let firsts = [levels[level].before.first, levels[level].after.first].compactMap { $0 }
            guard let path = firsts.min(by: { TreeRoot.precedes($0.path, $1.path) })?.path else {
                levels.removeLast()
                continue
            }
            let old = levels[level].before.first?.path == path ? levels[level].before.removeFirst() : nil
            let new = levels[level].after.first?.path == path ? levels[level].after.removeFirst() : nil
            if old?.content != new?.content {
                let before = try children(of: old)
                let after = try children(of: new)
                levels.append((before[...], after[...]))
            }
            if let kind = Self.kind(old, new) {
                return SnapshotChange(kind: kind, path: path, before: old?.metadata, after: new?.metadata)
            }
        }
        return nil
    }

    private func children(of item: Item?) throws(RepositoryError) -> [Item] {
        guard let item else { return [] }
        return try browser.children(of: item)
    }

    private static func kind(_ old: Item?, _ new: Item?) -> SnapshotChange.Kind? {
        guard let old else { return .added }
        guard let new else { return .removed }
        if old.metadata.kind != new.metadata.kind { return .kind }
        if old.metadata.kind != .directory {
            if old.content != new.content || old.metadata.linkTarget != new.metadata.linkTarget { return .content }
            if old.metadata.sizeBytes != new.metadata.sizeBytes || old.metadata.holes != new.metadata.holes {
                return .content
            }
        }
        return old.metadata == new.metadata ? nil : .metadata
    }
}
