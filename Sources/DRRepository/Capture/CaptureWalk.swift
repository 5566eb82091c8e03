internal import DRArchive
internal import DRSystem
internal import SystemPackage

/// One capture's way through the sources, depth first, names in order. Used by one thread.
final class CaptureWalk {
    let sink: any ObjectSink
    private let pageSeed: [UInt8]
    private let isCancelled: () -> Bool
    private let progress: (CaptureProgress) -> Void

    var counts = CaptureProgress()
    private(set) var problems: [CaptureProblem] = []
    private var reportedFiles = 0
    private var reportedBytes: Int64 = 0
    /// Of the file that is being read.
    private var bytesUnderway: Int64 = 0
    private let time: any TimeSource

    var contents: FileCapture
    private var cache: FileCache.Cursor?
    private var nextCache: FileCache.DraftWriter?
    private var hardLinks = HardLinkFinder()
    private let rules: CaptureRules
    var activeRules: ActiveRules
    /// The device of the source, where what lies on others is left out.
    private var sourceDevice: UInt64?

    /// The absolute path of what is being captured, and where the path below the source starts.
    var path: [UInt8] = []
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
        rules = request.rules
        activeRules = ActiveRules(request.rules.excludes)
        contents = FileCapture(sink: sink, parameters: request.chunker)
        time = request.time
        if let cache = request.cache {
            var scanTime = ScanTime(request.time)
            self.cache = cache.cursor(scanTime)
            if let since = self.cache?.scanTime.trustedSinceNanoseconds { scanTime.trustedSinceNanoseconds = since }
            nextCache = cache.draft(scanTime)
        }
        contents.step = { [unowned self] (bytes: Int) throws(RepositoryError) in
            if self.isCancelled() { throw RepositoryError(.cancelled, "the backup was cancelled") }
            self.bytesUnderway += Int64(bytes)
            self.reportNowAndThen()
        }
    }

    var hardLinkGroups: [[HardLinkTable.Member]] { hardLinks.groups }

    /// What the next capture can use; ends it.
    func cacheDraft() -> FileCache.Draft? { nextCache.take()?.finish() }

    func report() {
        var seen = counts
        seen.bytesRead += bytesUnderway
        progress(seen)
    }

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
        guard let metadata = metadata(of: directory) else { return nil }
        sourceDevice = rules.staysOnFileSystem ? (try? directory.status())?.device : nil
        guard let link = try tree(directory, levels: 0) else { return nil }
        return TreeRoot.Source(path: path, metadata: metadata, content: .directory(link))
    }

    /// What comes from a stream, as a file of this user's at an absolute path.
    func stream(_ file: borrowing OpenFile, as path: [UInt8]) throws(RepositoryError) -> TreeRoot.Source {
        self.path = path
        let pieces: [FilePiece]
        do throws(FileCapture.Failure) { pieces = try contents.read(stream: file) } catch {
            switch error {
            case .source(let error):
                throw RepositoryError(
                    .sourceUnreadable, "standard input: \(error.message)", hint: error.hint ?? "", cause: error)
            case .sink(let error): throw error
            }
        }
        bytesUnderway = 0
        counts.filesRead = 1
        let sizeBytes = pieces.reduce(0) { $0 + $1.lengthBytes }
        counts.bytesRead = sizeBytes
        let (seconds, nanoseconds) = time.wallNanoseconds().quotientAndRemainder(dividingBy: 1_000_000_000)
        let metadata = FileMetadata(
            kind: .regular, permissions: 0o600, userID: Host.effectiveUID, groupID: Host.effectiveGID,
            modified: FileTime(seconds: seconds, nanoseconds: UInt32(nanoseconds)), sizeBytes: sizeBytes)
        return TreeRoot.Source(path: path, metadata: metadata, content: .file(pieces))
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
        var entries: [DirectoryEntry]
        do throws(SystemError) { entries = try directory.entries() } catch {
            note(.unreadable, error)
            return nil
        }
        counts.directories += 1
        if rules.leavesOutCaches { keepTagAlone(&entries, in: directory) }
        let hasRules = rules.readsIgnoreFiles && pushIgnoreFile(of: entries, in: directory)
        defer { if hasRules { activeRules.pop() } }
        var builder = DirectoryBuilder(sink: sink, pageSeed: pageSeed)
        let length = path.count
        for entry in entries {
            if isCancelled() { throw RepositoryError(.cancelled, "the backup was cancelled") }
            if path.last != UInt8(ascii: "/") { path.append(UInt8(ascii: "/")) }
            path.append(contentsOf: entry.name.bytes)
            if leavesOut(entry, in: directory) {
                counts.leftOut += 1
            } else if let (metadata, content) = try self.entry(entry.name, in: directory, levels: levels) {
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
        do throws(SystemError) { status = try directory.status(of: name) } catch {
            note(error.errno == .noSuchFileOrDirectory ? .vanished : .unreadable, error)
            return nil
        }
        switch status.kind {
        case .socket:
            counts.socketsSkipped += 1
            return nil
        case .symbolicLink, .fifo, .characterDevice, .blockDevice:
            guard let metadata = node(name, in: directory, status) else { return nil }
            counts.otherEntries += 1
            return (metadata, .nothing)
        case .directory:
            return try subdirectory(name, in: directory, levels: levels + 1)
        case .regular:
            guard let file = try file(name, in: directory, status) else { return nil }
            return (file.metadata, .file(file.pieces))
        }
    }

    /// A symbolic link, a fifo or a device: nothing is opened.
    private func node(
        _ name: FileName, in directory: borrowing DirectoryHandle, _ status: EntryStatus
    ) -> FileMetadata? {
        var metadata: FileMetadata
        do throws(SystemError) { metadata = try directory.metadata(of: name, status: status) } catch {
            note(error.errno == .noSuchFileOrDirectory ? .vanished : .unreadable, error)
            return nil
        }
        do throws(SystemError) { try directory.complete(&metadata, of: name) } catch { note(.withoutAttributes, error) }
        return metadata
    }

    /// The metadata of an open directory, or as much of it as can be read.
    /// - Returns: nil, with a problem noted, when not even its status can be.
    private func metadata(of directory: borrowing DirectoryHandle) -> FileMetadata? {
        do throws(SystemError) { return try directory.metadata() } catch {
            guard let status = try? directory.status() else {
                note(.unreadable, error)
                return nil
            }
            note(.withoutAttributes, error)
            return FileMetadata(status)
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
        guard let metadata = metadata(of: directory) else { return nil }
        if let sourceDevice, let device = (try? directory.status())?.device, device != sourceDevice {
            counts.mountPointsKeptEmpty += 1
            let builder = DirectoryBuilder(sink: sink, pageSeed: pageSeed)
            return (metadata, .directory(try builder.finish()))
        }
        guard let link = try tree(directory, levels: levels) else { return nil }
        return (metadata, .directory(link))
    }

    private func file(
        _ name: FileName, in directory: borrowing DirectoryHandle, _ status: EntryStatus
    ) throws(RepositoryError) -> CapturedFile? {
        if status.linkCount > 1, let file = hardLinks.file(of: status, member) {
            trust(status)
            return file
        }
        var file: CapturedFile
        var seen = status
        if let cached = cache?.file(at: path, status), cached.pieces.allSatisfy({ sink.contains($0.link.id) }) {
            trust(status)
            file = cached
        } else {
            let content: FileCapture.Content
            do throws(FileCapture.Failure) { content = try contents.read(name, in: directory) } catch {
                switch error {
                case .source(let error):
                    bytesUnderway = 0
                    note(Self.isGone(error) ? .vanished : .unreadable, error)
                    return nil
                case .sink(let error): throw error
                }
            }
            bytesUnderway = 0
            counts.filesRead += 1
            counts.bytesRead += content.bytesRead
            if !content.isStable { note(.changed, nil) }
            if let error = content.attributesError { note(.withoutAttributes, error) }
            file = content.file
            seen = content.status
            guard content.isStable, content.attributesError == nil else { return file }
        }
        nextCache?.add(path, seen, file)
        if seen.linkCount > 1 { hardLinks.add(seen, member, file) }
        return file
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

    func note(_ kind: CaptureProblem.Kind, _ cause: SystemError?) {
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
        let bytes = counts.bytesRead + bytesUnderway
        guard files - reportedFiles >= 512 || bytes - reportedBytes >= 16 << 20 else { return }
        reportedFiles = files
        reportedBytes = bytes
        report()
    }
}
