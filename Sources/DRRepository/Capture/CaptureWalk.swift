internal import DRArchive
internal import DRSystem
internal import SystemPackage

/// One capture's way through the sources, depth first, names in order. Used by one thread.
final class CaptureWalk {
    let sink: any ObjectSink
    private let pageSeed: [UInt8]
    private let isCancelled: () -> Bool
    private let progress: (CaptureProgress) -> Void

    private(set) var counts = CaptureProgress()
    private(set) var problems: [CaptureProblem] = []
    private var reportedFiles = 0
    private var reportedBytes: Int64 = 0

    var contents: FileCapture
    private var cache: FileCache.Cursor?
    private var nextCache: FileCache.Image?
    private var hardLinks = HardLinkFinder()

    /// The absolute path of what is being captured, and where the path below the source starts.
    private var path: [UInt8] = []
    private var sourceNumber = 0
    private var sourceLength = 0

    init(
        sink: any ObjectSink, request: CaptureRequest, isCancelled: @escaping () -> Bool,
        progress: @escaping (CaptureProgress) -> Void
    ) {
        self.sink = sink
        self.isCancelled = isCancelled
        self.progress = progress
        pageSeed = sink.naming.seed(for: "page")
        contents = FileCapture(sink: sink, parameters: request.chunker)
        if let cache = request.cache {
            self.cache = cache.cursor()
            nextCache = cache.emptyImage(scanStartNanoseconds: request.time.wallNanoseconds())
        }
    }

    var hardLinkGroups: [[HardLinkTable.Member]] { hardLinks.groups }

    func cacheImage() -> FileCache.Image? { nextCache }

    func report() { progress(counts) }

    /// - Returns: nil, with a problem noted, when the source could not be opened.
    func source(_ path: [UInt8], number: Int) throws(RepositoryError) -> TreeRoot.Source? {
        self.path = path
        sourceNumber = number
        sourceLength = path.count == 1 ? 0 : path.count
        let directory: DirectoryHandle
        do throws(SystemError) { directory = try DirectoryHandle(opening: FilePath(bytes: path)) } catch {
            if error.errno == .notDirectory { return try sourceFile() }
            note(.unreadable, error)
            return nil
        }
        guard let status = status(of: directory) else { return nil }
        guard let link = try tree(directory, levels: 0) else { return nil }
        return TreeRoot.Source(path: path, metadata: FileMetadata(status), content: .directory(link))
    }

    /// A source that is not a directory: captured as the entry of its folder that it is.
    private func sourceFile() throws(RepositoryError) -> TreeRoot.Source? {
        let full = FilePath(bytes: path)
        guard let name = full.lastComponent.flatMap({ FileName(FilePath(root: nil, [$0]).bytes) }) else { return nil }
        let folder: DirectoryHandle
        do throws(SystemError) { folder = try DirectoryHandle(opening: full.removingLastComponent()) } catch {
            note(.unreadable, error)
            return nil
        }
        do throws(SystemError) {
            switch try folder.status(of: name).kind {
            case .symbolicLink:
                // Named as a path it was no directory, so what a link leads to is not what was asked for.
                throw SystemError(call: "back up", path: displayEscaped(bytes: path), errno: .tooManySymbolicLinkLevels)
            case .socket, .fifo, .characterDevice, .blockDevice:
                // Within a tree such a node is what it is; named alone it was meant for its content.
                note(.noContent, nil)
                return nil
            case .regular, .directory: break
            }
        } catch {
            note(.unreadable, error)
            return nil
        }
        guard let (metadata, content) = try entry(name, in: folder, levels: 0) else { return nil }
        return TreeRoot.Source(path: path, metadata: metadata, content: content)
    }

    /// - Returns: nil, with a problem noted, when the directory could not be listed.
    private func tree(_ directory: borrowing DirectoryHandle, levels: Int) throws(RepositoryError) -> ObjectLink? {
        let entries: [DirectoryEntry]
        do throws(SystemError) { entries = try directory.entries() } catch {
            note(.unreadable, error)
            return nil
        }
        counts.directories += 1
        var builder = DirectoryBuilder(sink: sink, pageSeed: pageSeed)
        let length = path.count
        for entry in entries {
            if isCancelled() { throw RepositoryError(.cancelled, "the backup was cancelled") }
            if path.last != UInt8(ascii: "/") { path.append(UInt8(ascii: "/")) }
            path.append(contentsOf: entry.name.bytes)
            if let (metadata, content) = try self.entry(entry.name, in: directory, levels: levels) {
                try builder.add(TreeEntry(name: entry.name, metadata: metadata, content: content))
            }
            path.removeSubrange(length...)
            reportNowAndThen()
        }
        return try builder.finish()
    }

    /// Captures the entry that `path` names.
    /// - Returns: nil, with a problem noted or a socket counted, when it is not in the snapshot.
    private func entry(
        _ name: FileName, in directory: borrowing DirectoryHandle, levels: Int
    ) throws(RepositoryError) -> (FileMetadata, EntryContent)? {
        let status: EntryStatus
        var metadata: FileMetadata
        do throws(SystemError) {
            status = try directory.status(of: name)
            metadata = try directory.metadata(of: name, status: status)
        } catch {
            note(error.errno == .noSuchFileOrDirectory ? .vanished : .unreadable, error)
            return nil
        }
        switch status.kind {
        case .socket:
            counts.socketsSkipped += 1
            return nil
        case .symbolicLink, .fifo, .characterDevice, .blockDevice:
            counts.otherEntries += 1
            return (metadata, .nothing)
        case .directory:
            return try subdirectory(name, in: directory, levels: levels + 1)
        case .regular:
            guard let content = try file(name, in: directory, status, &metadata) else { return nil }
            return (metadata, .file(content))
        }
    }

    private func subdirectory(
        _ name: FileName, in parent: borrowing DirectoryHandle, levels: Int
    ) throws(RepositoryError) -> (FileMetadata, EntryContent)? {
        if levels >= Capture.mostLevels {
            note(.tooDeep, nil)
            return nil
        }
        let directory: DirectoryHandle
        do throws(SystemError) { directory = try parent.openDirectory(name) } catch {
            note(Self.isGone(error) ? .vanished : .unreadable, error)
            return nil
        }
        guard let status = status(of: directory) else { return nil }
        guard let link = try tree(directory, levels: levels) else { return nil }
        return (FileMetadata(status), .directory(link))
    }

    private func file(
        _ name: FileName, in directory: borrowing DirectoryHandle, _ status: EntryStatus,
        _ metadata: inout FileMetadata
    ) throws(RepositoryError) -> [FilePiece]? {
        if status.linkCount > 1, let pieces = hardLinks.pieces(of: status, member) {
            trust(status)
            return pieces
        }
        var pieces: [FilePiece]
        var seen = status
        if let cached = cache?.pieces(of: path, status), cached.allSatisfy({ sink.contains($0.link.id) }) {
            trust(status)
            pieces = cached
        } else {
            let content: FileCapture.Content
            do throws(FileCapture.Failure) { content = try contents.read(name, in: directory) } catch {
                switch error {
                case .source(let error):
                    note(Self.isGone(error) ? .vanished : .unreadable, error)
                    return nil
                case .sink(let error): throw error
                }
            }
            counts.filesRead += 1
            counts.bytesRead += content.sizeBytes
            if !content.isStable { note(.changed, nil) }
            pieces = content.pieces
            seen = content.status
            metadata = FileMetadata(seen)
            metadata.sizeBytes = content.sizeBytes
            guard content.isStable else { return pieces }
        }
        nextCache?.add(path, seen, pieces)
        if seen.linkCount > 1 { hardLinks.add(seen, member, pieces) }
        return pieces
    }

    private func status(of directory: borrowing DirectoryHandle) -> EntryStatus? {
        do throws(SystemError) { return try directory.status() } catch {
            note(.unreadable, error)
            return nil
        }
    }

    /// The entry that `path` names, as the hard-link table calls it.
    private var member: HardLinkTable.Member {
        let below = path.dropFirst(min(path.count, sourceLength + 1))
        return HardLinkTable.Member(source: sourceNumber, path: Array(below))
    }

    private func trust(_ status: EntryStatus) {
        counts.filesUnchanged += 1
        counts.bytesUnchanged += status.sizeBytes
    }

    private func note(_ kind: CaptureProblem.Kind, _ cause: SystemError?) {
        counts.problemCount += 1
        if problems.count < Capture.mostProblemsListed {
            problems.append(CaptureProblem(kind: kind, path: path, cause: cause))
        }
    }

    /// What was listed a moment ago is no longer there, or something else took its name.
    private static func isGone(_ error: SystemError) -> Bool {
        [.noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels].contains(error.errno)
    }

    private func reportNowAndThen() {
        let files = counts.filesRead + counts.filesUnchanged
        guard files - reportedFiles >= 512 || counts.bytesRead - reportedBytes >= 16 << 20 else { return }
        reportedFiles = files
        reportedBytes = counts.bytesRead
        report()
    }
}
