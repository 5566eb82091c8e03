package import DRArchive
internal import DRSystem

/// Writes a snapshot, or a part of it, as a tar archive that anybody's tar opens.
///
/// Members have the paths that they had on the host, without the leading slash, with their owners, modes, times,
/// attributes and holes, and hard links as such.
package struct SnapshotExport: Sendable {
    /// How far an export is, and at its end what it wrote.
    package struct Progress: Hashable, Sendable {
        package var files = 0
        package var bytes: Int64 = 0
        package var otherEntries = 0
    }

    private let browser: SnapshotBrowser

    /// Exports what `source` opens.
    package init(from source: any ObjectSource) { browser = SnapshotBrowser(source: source) }

    /// Writes all members; the caller finishes the archive. Blocks.
    ///
    /// - Parameter selection: nil for all of it.
    /// - Throws: where anything that belongs into the archive is lost or cannot be written: an archive has no way to say
    ///   that a part is missing, so there is none.
    package func run(
        _ root: ObjectLink, selection: RestoreSelection?, into writer: inout TarWriter,
        isCancelled: () -> Bool = { false }, progress: (Progress) -> Void = { _ in }
    ) throws(RepositoryError) -> Progress {
        let tree = try browser.reader.root(root)
        var groups: [HardLinkTable.Member: Int] = [:]
        for (number, group) in try browser.reader.hardLinks(of: tree).groups.enumerated() {
            for member in group { groups[member] = number }
        }
        var firsts: [Int: [UInt8]] = [:]
        var done = Progress()
        for (number, source) in try browser.sources(of: root).enumerated() {
            var walk = SnapshotWalk(browser, from: source)
            while let step = walk.next() {
                if isCancelled() { throw RepositoryError(.cancelled, "the export was cancelled") }
                guard case .item(let item) = step else {
                    guard case .lost(_, let error) = step else { continue }
                    throw error
                }
                let verdict = selection?.verdict(item.path) ?? .whole
                if verdict == .none {
                    walk.skipContents()
                    continue
                }
                let path = Array(item.path.drop { $0 == UInt8(ascii: "/") })
                // The root directory itself has no name in an archive.
                if path.isEmpty { continue }
                var entry = TarEntry(path: path, metadata: item.metadata)
                let below = item.path.dropFirst(source.path.count).drop { $0 == UInt8(ascii: "/") }
                if let group = groups[HardLinkTable.Member(source: number, path: Array(below))] {
                    entry.hardLinkTarget = firsts[group]
                    firsts[group] = firsts[group] ?? path
                }
                try member(entry, item, into: &writer, &done, progress)
            }
        }
        progress(done)
        return done
    }

    private func member(
        _ entry: TarEntry, _ item: SnapshotBrowser.Item, into writer: inout TarWriter, _ done: inout Progress,
        _ progress: (Progress) -> Void
    ) throws(RepositoryError) {
        do throws(ArchiveError) { try writer.begin(entry) } catch { throw Self.unwritable(error) }
        guard item.metadata.kind == .regular else { return done.otherEntries += 1 }
        done.files += 1
        guard entry.hardLinkTarget == nil else { return }
        var content = try browser.content(of: item)
        while let part = try content.next() {
            do throws(ArchiveError) { try writer.write(part) } catch { throw Self.unwritable(error) }
            done.bytes += Int64(part.count)
            progress(done)
        }
    }

    /// What a failure to write an archive is to people.
    package static func unwritable(_ error: ArchiveError) -> RepositoryError {
        RepositoryError(
            .storageFailed, "the archive could not be written: \(error.message)", hint: error.hint, cause: error)
    }
}
