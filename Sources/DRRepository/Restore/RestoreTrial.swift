internal import DRArchive
internal import DRSystem
internal import SystemPackage

/// Says what a restore would do, and does nothing.
package struct RestoreTrial: Sendable {
    /// What would be done. Further names of a hard-linked file count as files.
    package struct Result: Hashable, Sendable {
        package var files = 0
        package var bytes: Int64 = 0
        package var directories = 0
        /// Symbolic links, and fifos and devices where they are asked for.
        package var otherEntries = 0
        /// Of these, the files and links that would take the place of something.
        package var replaced = 0
        /// Files and links that are in the way, and would stay.
        package var leftAlone = 0
    }

    private let browser: SnapshotBrowser

    /// A trial with what `source` opens.
    package init(from source: any ObjectSource) { browser = SnapshotBrowser(source: source) }

    /// Looks at the snapshot and the target. Blocks.
    /// - Throws: what ``Restore`` would throw for a target that is not empty; where a directory of the snapshot or the
    ///   target cannot be read.
    package func run(_ request: RestoreRequest) throws(RepositoryError) -> Result {
        let root = try browser.reader.root(request.root)
        let isContents = request.layout.isContents(of: root)
        let exists: Bool
        do throws(SystemError) {
            exists = try FileStatus.ifPresent(at: request.target) != nil
            if exists, request.overwrite == .refuse, !(try DirectoryHandle(opening: request.target).entries().isEmpty) {
                throw SystemError(call: "restore into", path: request.target, errno: .directoryNotEmpty)
            }
        } catch { throw RestoreTarget.unusable(request, error) }
        var result = Result()
        for source in try browser.sources(of: request.root) {
            // A file that is restored as the target's content lies there under its name.
            let isFile = source.metadata.kind != .directory
            let folder = isFile ? source.path.lastIndex(of: UInt8(ascii: "/")) ?? 0 : source.path.count
            var walk = SnapshotWalk(browser, from: source)
            while let step = walk.next() {
                switch step {
                case .lost(_, let error): throw error
                case .item(let item):
                    let verdict = request.selection?.verdict(item.path) ?? .whole
                    if verdict == .none { walk.skipContents() }
                    guard verdict == .whole else { continue }
                    let place = item.path.dropFirst(isContents ? folder : 0).drop { $0 == UInt8(ascii: "/") }
                    do throws(SystemError) {
                        try count(item.metadata, exists ? Array(place) : nil, request, &result)
                    } catch { throw RestoreTarget.unusable(request, error) }
                }
            }
        }
        return result
    }

    /// - Parameter place: below the target; nil where there is no target yet.
    private func count(
        _ metadata: FileMetadata, _ place: [UInt8]?, _ request: RestoreRequest, _ result: inout Result
    ) throws(SystemError) {
        if metadata.kind == .directory {
            result.directories += 1
            return
        }
        let isSpecial = metadata.kind != .regular && metadata.kind != .symbolicLink
        if isSpecial, !request.restoresSpecialFiles { return }
        switch try place.map({ place throws(SystemError) in try obstacle(metadata, at: place, request) }) ?? .none {
        case .stays: return result.leftAlone += 1
        case .isReplaced: result.replaced += 1
        case .none: break
        }
        guard metadata.kind == .regular else { return result.otherEntries += 1 }
        result.files += 1
        result.bytes += metadata.sizeBytes
    }

    private func obstacle(
        _ metadata: FileMetadata, at place: [UInt8], _ request: RestoreRequest
    ) throws(SystemError) -> RestoreObstacle {
        let end = place.lastIndex(of: UInt8(ascii: "/"))
        guard let name = FileName(place[(end.map { $0 + 1 } ?? 0)...]) else { return .none }
        do throws(SystemError) {
            let folder = try DirectoryHandle(opening: request.target).openDirectory(
                beneath: Array(place[..<(end ?? 0)]))
            return try request.obstacle(to: metadata, name, in: folder)
        } catch {
            // A folder that would be made on the way; or a file or link that would make room for one.
            guard [.noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels].contains(error.errno) else {
                throw error
            }
            return .none
        }
    }
}
