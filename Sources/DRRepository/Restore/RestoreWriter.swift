internal import DRArchive
internal import DRSystem
internal import Synchronization
internal import SystemPackage

/// Writes chunks to the files that they belong to. A file is made in the staging folder and gets its name when its
/// last byte is in place; a file that lacks one never gets it. Used by several threads at once.
final class RestoreWriter: Sendable {
    /// A thread's own: the folder it put the last file in, which is often the next one's too.
    final class Desk {
        fileprivate var openFolder: Folder?
        /// What is read goes here.
        var buffer: [UInt8] = []
    }

    fileprivate final class Folder {
        let index: Int
        let handle: DirectoryHandle

        init(_ index: Int, _ handle: consuming DirectoryHandle) {
            self.index = index
            self.handle = handle
        }
    }

    /// A file of several chunks that is not complete yet.
    private struct Pending {
        var chunksLeft: Int
        var hasFailed = false
    }

    private let plan: RestorePlan
    private let target: RestoreTarget
    private let ledger: RestoreLedger
    private let pending = Mutex<[Int: Pending]>([:])
    private let finished: Mutex<[Bool]>

    init(plan: RestorePlan, target: RestoreTarget, ledger: RestoreLedger) {
        self.plan = plan
        self.target = target
        self.ledger = ledger
        finished = Mutex([Bool](repeating: false, count: plan.files.count))
    }

    /// Whether the file is complete under its name.
    func isFinished(_ file: Int) -> Bool { finished.withLock { $0[file] } }

    /// Creates the files that have no data.
    func writeEmptyFiles() throws(RepositoryError) {
        let desk = Desk()
        for (number, file) in plan.files.enumerated() where file.chunkCount == 0 {
            try write([UInt8]().span, whole: number, desk)
        }
    }

    /// Writes a chunk to all its places.
    /// - Throws: only what makes it useless to go on (a full disk).
    func write(_ chunk: RestoreBatch.Chunk, _ content: Span<UInt8>, _ desk: Desk) throws(RepositoryError) {
        for use in plan.uses[chunk.uses] {
            guard content.count == Int(use.lengthBytes) else {
                fail(use.file, "chunk \(chunk.link.id) has \(content.count) bytes where \(use.lengthBytes) belong")
                continue
            }
            if plan.files[use.file].chunkCount == 1, plan.files[use.file].metadata.holes.isEmpty {
                try write(content, whole: use.file, desk)
            } else {
                try write(content, use, desk)
            }
        }
    }

    /// Notes that a chunk cannot be read, for every file that needs it.
    func lose(_ chunk: RestoreBatch.Chunk, _ error: RepositoryError) {
        for use in plan.uses[chunk.uses] { fail(use.file, "a part of its content is lost", because: error) }
    }

    private func write(_ content: Span<UInt8>, whole number: Int, _ desk: Desk) throws(RepositoryError) {
        guard let staged = Self.stagedName(number) else { return }
        do throws(SystemError) {
            let file = try target.staging.createFile(staged)
            if content.count > 0 { try file.write(content, at: 0) }
            if !plan.files[number].metadata.holes.isEmpty {
                try file.setSize(plan.files[number].metadata.sizeBytes)
            }
            try publish(number, staged, file, desk)
        } catch { try failed(number, staged, error) }
    }

    private func write(_ content: Span<UInt8>, _ use: RestorePlan.Use, _ desk: Desk) throws(RepositoryError) {
        guard let staged = Self.stagedName(use.file) else { return }
        do throws(SystemError) {
            if !hasFailed(use.file) {
                let file = try openStaged(staged)
                try write(content, at: use.offsetBytes, besides: plan.files[use.file].metadata.holes, file)
                if settle(use.file) {
                    try file.setSize(plan.files[use.file].metadata.sizeBytes)
                    try publish(use.file, staged, file, desk)
                }
            }
        } catch { try failed(use.file, staged, error) }
    }

    private func openStaged(_ staged: FileName) throws(SystemError) -> OpenFile {
        do throws(SystemError) { return try target.staging.createFile(staged) } catch {
            guard error.errno == .fileExists else { throw error }
        }
        return try target.staging.openFileForWriting(staged)
    }

    /// Sets what is set last and gives the file its name.
    private func publish(
        _ number: Int, _ staged: FileName, _ file: borrowing OpenFile, _ desk: Desk
    ) throws(SystemError) {
        let planned = plan.files[number]
        let metadata = planned.metadata
        if target.request.restoresOwners { try file.setOwner(userID: metadata.userID, groupID: metadata.groupID) }
        target.restoreAttributes(of: metadata, plan.path(of: number), ledger) { attribute throws(SystemError) in
            try file.setExtendedAttribute(attribute)
        }
        var bits = metadata.permissions
        if bits & 0o6000 != 0 {
            let permissions = target.permissions(for: metadata, owner: try file.status())
            bits = permissions.bits
            if permissions.dropped { ledger.count { $0.setIDBitsDropped += 1 } }
        }
        try file.setPermissions(bits)
        try file.setModified(metadata.modified)
        try target.publish(staged, as: planned.name, in: folder(planned.directory, desk).handle)
        finished.withLock { $0[number] = true }
        ledger.count {
            $0.files += 1
            $0.bytes += metadata.sizeBytes
        }
    }

    private func folder(_ index: Int, _ desk: Desk) throws(SystemError) -> Folder {
        if let open = desk.openFolder, open.index == index { return open }
        let folder = Folder(index, try target.root.openDirectory(beneath: plan.directories[index].path))
        desk.openFolder = folder
        return folder
    }

    private func hasFailed(_ file: Int) -> Bool { pending.withLock { $0[file]?.hasFailed ?? false } }

    /// Counts a chunk as written.
    /// - Returns: true for the one that was the last.
    private func settle(_ file: Int) -> Bool {
        pending.withLock { pending in
            var state = pending[file] ?? Pending(chunksLeft: plan.files[file].chunkCount)
            state.chunksLeft -= 1
            let isLast = state.chunksLeft == 0 && !state.hasFailed
            pending[file] = isLast ? nil : state
            return isLast
        }
    }

    private func fail(_ file: Int, _ reason: String, because error: RepositoryError? = nil) {
        let isFirst = pending.withLock { pending in
            var state = pending[file] ?? Pending(chunksLeft: plan.files[file].chunkCount)
            defer { pending[file] = state }
            if state.hasFailed { return false }
            state.hasFailed = true
            return true
        }
        if isFirst { ledger.fail(plan.path(of: file), reason, because: error) }
    }

    private func failed(_ number: Int, _ staged: FileName, _ error: SystemError) throws(RepositoryError) {
        fail(number, error.message)
        // What is left of it goes with the staging folder; this only frees the space sooner.
        try? target.staging.removeFile(staged)
        try RestorePlanner.stopIfFull(error, at: plan.path(of: number))
    }

    private static func stagedName(_ file: Int) -> FileName? { FileName("f\(file)") }

    /// Writes content, but nothing where the file has holes: there it holds zeros.
    private func write(
        _ content: Span<UInt8>, at offsetBytes: Int64, besides holes: [FileHole], _ file: borrowing OpenFile
    ) throws(SystemError) {
        if holes.isEmpty { return try file.write(content, at: offsetBytes) }
        let end = offsetBytes + Int64(content.count)
        var position = offsetBytes
        func write(to limit: Int64, _ file: borrowing OpenFile) throws(SystemError) {
            guard position < limit else { return }
            try file.write(
                content.extracting(Int(position - offsetBytes)..<Int(limit - offsetBytes)), at: position)
        }
        for hole in holes[Self.firstHole(endingBehind: offsetBytes, of: holes)...] {
            if hole.offsetBytes >= end { break }
            try write(to: hole.offsetBytes, file)
            position = min(end, hole.endBytes)
        }
        try write(to: end, file)
    }

    /// By halving: a long file has many chunks, and may have many holes.
    private static func firstHole(endingBehind offset: Int64, of holes: [FileHole]) -> Int {
        var low = 0
        var high = holes.count
        while low < high {
            let middle = (low + high) / 2
            if holes[middle].endBytes <= offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
